// A comparison as a document: Markdown, a table for a paper, and a page with the picture of energy against time.
#include <fmt/format.h>

#include <algorithm>

#include "report/compare_words.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/latex.h"
#include "report/page.h"
#include "report/provenance.h"
#include "study/findings.h"

namespace nw {

namespace {

constexpr NumberStyle kStyle{Units::automatic, true, false};

std::string table_html(const CompareWords& words) {
  std::string out = "<table><thead><tr><th></th>";
  for (const std::string& label : words.labels) out += "<th class=\"n\">" + for_html(label) + "</th>";
  out += "</tr></thead><tbody>\n";
  for (const CompareLine& line : words.lines) {
    out += "<tr><td class=\"name\">" + for_html(line.name) + "</td>";
    for (const std::string& cell : line.cells) out += "<td class=\"n\">" + for_html(cell) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

std::string list_html(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string out = fmt::format("<section class=\"card\"><h2>{}</h2><ul>\n", title);
  for (const std::string& line : lines) out += "<li>" + for_html(line) + "</li>\n";
  return out + "</ul></section>\n";
}

std::vector<const pb::Record*> runs_of(const Comparison& comparison) {
  std::vector<const pb::Record*> all;
  for (const Side& side : comparison.sides)
    for (const pb::Record* run : side.who.runs)
      if (std::find(all.begin(), all.end(), run) == all.end()) all.push_back(run);
  return all;
}

}  // namespace

std::string make_compare_provenance(const Comparison& comparison, bool utf8) {
  return provenance_words(runs_of(comparison), utf8);
}

std::string make_compare_latex(const Comparison& comparison) {
  const CompareWords words = make_compare_words(comparison, {Units::automatic, false, false});
  std::string out = make_latex(make_paper_rows(comparison), make_compare_provenance(comparison, false));
  for (const std::string& one : words.differences) out += latex_comment("Differs in " + one);
  out += latex_comment("Comparable? " + words.comparable);
  for (const std::string& one : words.verdicts) out += latex_comment(one);
  return out;
}

std::string make_compare_markdown(const Comparison& comparison) {
  const CompareWords words = make_compare_words(comparison, kStyle);
  std::string out = "| |", rule = "|:---|";
  for (const std::string& label : words.labels) out += ' ' + for_markdown(label) + " |", rule += "---:|";
  out += '\n' + rule + '\n';
  for (const CompareLine& line : words.lines) {
    out += "| " + for_markdown(line.name) + " |";
    for (const std::string& cell : line.cells) out += ' ' + for_markdown(cell) + " |";
    out += '\n';
  }
  out += '\n';
  for (const std::string& one : words.differences) out += "- Differs in " + for_markdown(one) + '\n';
  out += "- Comparable? " + for_markdown(words.comparable) + '\n';
  for (const std::string& one : words.verdicts) out += "- **" + for_markdown(one) + "**\n";
  return out +
         fmt::format("\n± is half the 95 % interval.\n\n{}\n", for_markdown(make_compare_provenance(comparison, true)));
}

std::string make_compare_html(const Comparison& comparison, std::string_view title) {
  const CompareWords words = make_compare_words(comparison, kStyle);
  std::string body =
      fmt::format("<section class=\"card\"><p{}>{}</p>\n{}</section>\n", words.is_refused ? " class=\"note\"" : "",
                  for_html(words.comparable), table_html(words));
  body += "<section class=\"card\"><h2>Energy against time</h2>\n" + make_pareto_svg(comparison) + "</section>\n";
  body += list_html("Verdict", words.verdicts) + list_html("Possible causes: what differs", words.differences);
  body += make_findings_body(compute_findings(runs_of(comparison)));
  return make_page(title, page_head("compare", title) + body +
                              fmt::format("<p class=\"sub\">± is half the 95 % interval. {}</p>\n",
                                          for_html(make_compare_provenance(comparison, true))));
}

}  // namespace nw
