// The page of a bench: the energy of every application, phase and configuration, as a table with bars, then each run.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/bench_row.h"
#include "report/escape.h"
#include "report/page.h"
#include "report/report.h"
#include "report/words.h"
#include "study/findings.h"

namespace nw {

namespace {

constexpr double kBarWidth = 110;

// The mean as a bar with its interval as a whisker, on one scale for all rows of one application.
std::string bar(const Mean& mean, double longest) {
  if (!mean.value || longest <= 0) return "";
  const auto at = [longest](double joules) { return std::clamp(joules / longest, 0.0, 1.0) * kBarWidth; };
  std::string out = fmt::format(
      "<svg class=\"bar\" style=\"width:{0}px\" viewBox=\"0 0 {0} 14\" aria-hidden=\"true\"><rect class=\"r\" y=\"3\" "
      "width=\"{0}\" height=\"8\" rx=\"2\"/>"
      "<rect y=\"3\" width=\"{1:.1f}\" height=\"8\" rx=\"2\" fill=\"#0072b2\"/>",
      kBarWidth, at(*mean.value));
  if (mean.interval && *mean.interval > 0) {
    const double low = at(*mean.value - *mean.interval), high = at(*mean.value + *mean.interval);
    out += fmt::format("<path class=\"u\" d=\"M{0:.1f} 7H{1:.1f}M{0:.1f} 4v6M{1:.1f} 4v6\"/>", low, high);
  }
  return out + "</svg>";
}

double longest_bar(const std::vector<BenchLine>& lines, const std::string& application) {
  double longest = 0;
  for (const BenchLine& line : lines)
    if (line.application == application && line.joules.value)
      longest = std::max(longest, *line.joules.value + line.joules.interval.value_or(0));
  return longest;
}

std::string make_row(const BenchLine& line, const BenchRow& row, double longest, bool new_application) {
  const std::string_view mark = kind_mark(line.kind), kind = kind_name(line.kind);
  const auto cell = [](std::string_view text) { return fmt::format("<td class=\"n\">{}</td>", for_html(text)); };
  std::string links;
  for (std::size_t i = 0; i < row.repeats.size(); ++i)
    links += fmt::format("{}<a href=\"#{}\">{}</a>", i == 0 ? "" : " ", anchor(*row.repeats[i]), i + 1);
  return fmt::format(
      "<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td class=\"name\">{}</td>{}{}{}<td>{}</td>{}<td "
      "class=\"n\">{}</td><td>{}</td><td><span "
      "class=\"kind {}\" title=\"{}\">{}</span></td><td>{}</td></tr>\n",
      new_application ? "<b>" + for_html(line.application) + "</b>" : "", for_html(line.phase),
      for_html(line.configuration), cell(line.runtime), cell(line.power), cell(line.energy), bar(line.joules, longest),
      cell(line.uncertainty), for_html(line.per_unit),
      for_html(line.quality.empty() ? std::string(kUnknown) : line.quality), mark == "-" ? "" : mark,
      kind.empty() ? "unknown" : kind, mark, links);
}

std::string make_bench_card(std::span<const BenchRow> rows) {
  const std::vector<BenchLine> lines = make_bench_lines(rows, {Units::automatic, true, false});
  std::string out =
      "<section class=\"card\"><h2>Energy by application, phase and configuration</h2><div "
      "class=\"scroll\"><table><thead><tr><th>Application</th><th>Phase</th>"
      "<th>Configuration</th><th class=\"n\">Runtime</th><th class=\"n\">Mean</th><th "
      "class=\"n\">Energy</th><th></th><th class=\"n\">U</th>"
      "<th class=\"n\">Per unit of work</th><th>Quality</th><th>How known</th><th>Runs</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < lines.size(); ++i)
    out += make_row(lines[i], rows[i], longest_bar(lines, lines[i].application),
                    i == 0 || lines[i - 1].application != lines[i].application);
  return out + "</tbody></table></div><p class=\"legend\">" + for_html(bench_note(lines)) +
         " Bars share one scale within an application.</p></section>\n";
}

}  // namespace

std::string make_bench_html(std::span<const BenchRow> rows, std::string_view page_title) {
  std::vector<const pb::Record*> records;
  std::string runs, node;
  for (const BenchRow& row : rows)
    for (const pb::Record* record : row.repeats) {
      if (node.empty()) node = node_words(*record);
      if (std::find(records.begin(), records.end(), record) != records.end()) continue;
      records.push_back(record);
      runs += fmt::format("<h2 class=\"run\" id=\"{}\">{} {}</h2>\n", anchor(*record), for_html(short_id(*record)),
                          for_html(title(*record)));
      runs += make_run_body(*record);
    }
  const std::string head = page_head("bench", page_title) + fmt::format("<p class=\"sub\">{}</p>\n", for_html(node));
  return make_page(page_title, head + make_bench_card(rows) + make_findings_body(compute_findings(records)) + runs);
}

}  // namespace nw
