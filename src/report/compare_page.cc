// A comparison to be read elsewhere: Markdown, and a page with the picture of energy against time.
#include <fmt/format.h>

#include <algorithm>

#include "report/compare_words.h"
#include "report/escape.h"
#include "report/page.h"
#include "report/report.h"
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

}  // namespace

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
  return out + "\n± is half the 95 % interval.\n";
}

std::string make_compare_html(const Comparison& comparison, std::string_view title) {
  const CompareWords words = make_compare_words(comparison, kStyle);
  std::string body =
      fmt::format("<section class=\"card\"><p{}>{}</p>\n{}</section>\n", words.is_refused ? " class=\"note\"" : "",
                  for_html(words.comparable), table_html(words));
  body += "<section class=\"card\"><h2>Energy against time</h2>\n" + make_pareto_svg(comparison) + "</section>\n";
  body += list_html("Verdict", words.verdicts) + list_html("Possible causes: what differs", words.differences);
  std::vector<const pb::Record*> records;
  for (const Side& side : comparison.sides)
    for (const pb::Record* run : side.who.runs)
      if (std::find(records.begin(), records.end(), run) == records.end()) records.push_back(run);
  body += make_findings_body(compute_findings(records));
  return make_page(title, page_head("compare", title) + body + "<p class=\"sub\">± is half the 95 % interval.</p>\n");
}

}  // namespace nw
