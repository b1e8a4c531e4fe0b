// A table for a paper: booktabs and siunitx (version 3), nothing else. Numbers are in S columns with the digits of
// number.h and "\pm" before the half-width of the 95 % interval; units are in the headings; text is in braces, since a
// row that began with "[" would be parsed as an option of the previous row.
#include "report/latex.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "report/escape.h"
#include "report/formats.h"
#include "report/summary.h"

namespace nw {

namespace {

// A number that an S column can parse; anything else is text to it.
bool plain_decimal(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.back())) == 0) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-'; });
}

// The width of a column's numbers: digits before and after the decimal point.
struct Places {
  std::size_t whole = 1, decimals = 0;

  void widen(std::string_view number) {
    const std::size_t dot = std::min(number.find('.'), number.size());
    whole = std::max(whole, dot);
    decimals = std::max(decimals, dot == number.size() ? 0 : number.size() - dot - 1);
  }
  std::string text() const { return fmt::format("{}.{}", whole, decimals); }
};

std::string number_cell(const Digits& digits) {
  if (!plain_decimal(digits.value)) return "{" + digits.value + "}";
  return plain_decimal(digits.uncertainty) ? fmt::format("{} \\pm {}", digits.value, digits.uncertainty) : digits.value;
}

std::string column_format(const PaperColumn& column) {
  if (!column.words.empty()) return "l";
  Places value, uncertainty;
  bool uncertainties = false;
  for (const Digits& one : column.numbers) {
    if (!plain_decimal(one.value)) continue;
    value.widen(one.value);
    if (plain_decimal(one.uncertainty)) uncertainty.widen(one.uncertainty), uncertainties = true;
  }
  return fmt::format("S[table-format={}{}]", value.text(),
                     uncertainties ? " \\pm " + uncertainty.text() + ", uncertainty-mode=separate" : "");
}

std::string_view unit_command(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kCommands{{{"J", "\\joule"},
                                                                                    {"Wh", "\\watt\\hour"},
                                                                                    {"kWh", "\\kilo\\watt\\hour"},
                                                                                    {"MWh", "\\mega\\watt\\hour"},
                                                                                    {"s", "\\second"},
                                                                                    {"min", "\\minute"},
                                                                                    {"h", "\\hour"},
                                                                                    {"%", "\\percent"}}};
  for (const auto& [name, command] : kCommands)
    if (name == unit) return command;
  return "";
}

std::string head(const PaperColumn& column) {
  const std::string name = column.per.empty() ? column.name : "Per " + column.per;
  if (column.unit.empty()) return fmt::format("{{{}}}", for_latex(name));
  return fmt::format("{{{} (\\unit{{{}}})}}", for_latex(name), unit_command(column.unit));
}

}  // namespace

std::string make_tabular(const std::vector<PaperColumn>& columns) {
  std::string formats;
  std::vector<std::string> lines(1);
  for (const PaperColumn& column : columns) {
    const std::string_view between = &column == columns.data() ? "" : " & ";
    formats.append(between.empty() ? "" : " ").append(column_format(column));
    lines[0].append(between).append(head(column));
    const std::size_t rows = std::max(column.words.size(), column.numbers.size());
    lines.resize(std::max(lines.size(), rows + 1));
    for (std::size_t i = 0; i < rows; ++i)
      lines[i + 1].append(between).append(column.words.empty() ? number_cell(column.numbers[i])
                                                               : "{" + for_latex(column.words[i]) + "}");
  }
  std::string out = fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n", formats, lines[0]);
  for (std::size_t i = 1; i < lines.size(); ++i) out += lines[i] + " \\\\\n";
  return out + "\\bottomrule\n\\end{tabular}\n";
}

std::string latex_comment(std::string_view text) { return "% " + strip(text) + "\n"; }

std::string latex_needs(std::string_view body) {
  std::string out = latex_comment("\\usepackage{booktabs,siunitx}, siunitx of version 3");
  if (body.find("\\nodewattchar") != std::string_view::npos) out.append(kLatexCharacter) += '\n';
  return out;
}

std::string make_latex(const std::vector<PaperRow>& rows, std::string_view provenance) {
  if (rows.empty()) return latex_comment("nothing to print");
  const std::string table = make_tabular(make_paper_columns(rows));
  return latex_needs(table) +
         latex_comment(fmt::format("\\caption{{Energy in: {}; of {}. $\\pm$: half of the 95\\,\\% interval. {}}}",
                                   for_latex(rows_boundary(rows)), for_latex(kScope), kLegend)) +
         table + latex_comment(provenance);
}

}  // namespace nw
