// `nodewatt findings` in each format for reading.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/escape.h"
#include "report/findings_words.h"
#include "report/page.h"
#include "report/report.h"
#include "report/table.h"

namespace nw {

namespace {

constexpr NumberStyle kStyle{Units::automatic, true, false};

// Whether a column contains names or words, which may wrap, and not figures.
bool is_name(std::string_view head) {
  return head == "Method" || head == "Run" || head == "Device" || head == "Use" || head == "Application" ||
         head == "Node type";
}

// Which column is dropped first.
int rank_of(std::string_view head) {
  constexpr std::array<std::string_view, 6> kLast{"Per unit", "Runtime", "Share", "Mean", "Runs", "n"};
  const auto at = std::find(kLast.begin(), kLast.end(), head);
  return at == kLast.end() ? 0 : static_cast<int>(at - kLast.begin()) + 1;
}

Table make_figures(const FindingWords& finding) {
  Table table;
  for (std::size_t i = 0; i < finding.head.size(); ++i)
    table.columns.push_back({finding.head[i], false, rank_of(finding.head[i]), is_name(finding.head[i]) ? 10 : 0});
  for (const auto& cells : finding.rows) {
    Row row;
    for (const std::string& cell : cells) row.cells.push_back({cell});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string rows_html(const FindingWords& finding) {
  if (finding.rows.empty()) return "";
  std::string out = "<table><thead><tr>";
  for (const std::string& head : finding.head) out += "<th>" + for_html(head) + "</th>";
  out += "</tr></thead><tbody>\n";
  for (const auto& cells : finding.rows) {
    out += "<tr>";
    for (const std::string& cell : cells) out += "<td>" + for_html(cell) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

}  // namespace

std::string make_findings(const Findings& findings, const TextStyle& style) {
  const int width = std::max(40, style.width);
  std::string out;
  int number = 0;
  for (const FindingWords& one : make_findings_words(findings, {style.units, style.utf8, style.precise})) {
    if (number > 0) out += '\n';
    const std::string head = fmt::format("{}. ", ++number);
    if (!one.is_known) {
      out += fold(head, one.title + ": " + one.sentence, width) + '\n';
      continue;
    }
    out += painted(head + one.title, Paint::bold, style.colour) + '\n' + fold("   ", one.sentence, width) + '\n';
    if (!one.rows.empty()) out += '\n' + make_table(make_figures(one), 3, width, style.colour);
    for (const std::string& note : one.notes) out += fold("   - ", note, width) + '\n';
    out += fold("   What would change it: ", one.change, width) + '\n';
  }
  return style.utf8 ? out : ascii(out);
}

std::string make_findings_sentences(const Findings& findings, const TextStyle& style) {
  std::string out;
  for (const FindingWords& one : make_findings_words(findings, {style.units, style.utf8, style.precise}))
    if (one.is_known)
      out += fold(out.empty() ? "Findings      " : "              ", one.sentence, std::max(40, style.width)) + '\n';
  return style.utf8 ? out : ascii(out);
}

std::string make_findings_markdown(const Findings& findings) {
  std::string out;
  for (const FindingWords& one : make_findings_words(findings, kStyle)) {
    out += fmt::format("### {}\n\n**{}**\n\n", for_markdown(one.title), for_markdown(one.sentence));
    if (!one.is_known) continue;
    if (!one.rows.empty()) {
      std::string rule;
      for (const std::string& head : one.head) out += "| " + for_markdown(head) + " ", rule += "|:---";
      out += "|\n" + rule + "|\n";
      for (const auto& cells : one.rows) {
        for (const std::string& cell : cells) out += "| " + for_markdown(cell) + " ";
        out += "|\n";
      }
      out += '\n';
    }
    for (const std::string& note : one.notes) out += "- " + for_markdown(note) + '\n';
    out += "- What would change it: " + for_markdown(one.change) + "\n\n";
  }
  return out;
}

std::string make_findings_body(const Findings& findings) {
  std::string out;
  for (const FindingWords& one : make_findings_words(findings, kStyle)) {
    out += fmt::format("<section class=\"card\"><h2>{}</h2><p><b>{}</b></p>\n", for_html(one.title),
                       for_html(one.sentence));
    if (!one.is_known) {
      out += "</section>\n";
      continue;
    }
    out += rows_html(one) + "<ul>\n";
    for (const std::string& note : one.notes) out += "<li>" + for_html(note) + "</li>\n";
    out += "<li>What would change it: " + for_html(one.change) + "</li>\n</ul></section>\n";
  }
  return out;
}

std::string make_findings_html(const Findings& findings) {
  return make_page("nodewatt findings", page_head("findings", "Findings") + make_findings_body(findings));
}

}  // namespace nw
