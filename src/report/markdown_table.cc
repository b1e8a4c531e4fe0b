// Several runs as one table of GitHub's Markdown, in the usual form of benchmarks: a row for each configuration, units
// in the headings, and the ratio to the first.
#include <fmt/format.h>

#include "report/escape.h"
#include "report/formats.h"
#include "report/summary.h"

namespace nw {

namespace {

std::string joined(const Digits& digits) {
  return digits.uncertainty.empty() ? digits.value : digits.value + " ± " + digits.uncertainty;
}

std::string head(const PaperColumn& column) {
  if (!column.per.empty()) return column.unit + "/" + column.per;
  return column.unit.empty() ? column.name : fmt::format("{} [{}]", column.name, column.unit);
}

}  // namespace

std::string make_markdown_table(const std::vector<PaperRow>& rows, std::string_view provenance) {
  if (rows.empty()) return "nothing to print\n";
  std::vector<std::string> lines(rows.size() + 2);
  for (const PaperColumn& column : make_paper_columns(rows)) {
    const bool words = !column.words.empty();
    lines[0] += "| " + (column.per.empty() && !column.unit.empty() ? head(column) : for_markdown(head(column))) + " ";
    lines[1] += words ? "|:---" : "|---:";
    for (std::size_t i = 0; i < rows.size(); ++i)
      lines[i + 2] += "| " + for_markdown(words ? column.words[i] : joined(column.numbers[i])) + " ";
  }
  std::string out;
  for (const std::string& line : lines) out += line + "|\n";
  return out + fmt::format(
                   "\nEnergy in: {}; of {}. {}. ± is half the 95 % interval; relative to the first row of the same "
                   "phase.\n\n{}\n",
                   for_markdown(rows_boundary(rows)), for_markdown(kScope), kLegend, for_markdown(provenance));
}

}  // namespace nw
