// `nodewatt compare` in a terminal: as many variants side by side as the width permits, the rest below.
#include <algorithm>

#include "report/compare_words.h"
#include "report/escape.h"
#include "report/report.h"
#include "report/table.h"

namespace nw {

namespace {

constexpr int kHang = 14;
constexpr std::size_t kShortLabel = 24;  // a longer one may take several lines

class ComparePrinter {
 public:
  ComparePrinter(const Comparison& comparison, const TextStyle& style)
      : style_(style), words_(make_compare_words(comparison, {style.units, style.utf8, style.precise})) {
    style_.width = std::max(40, style.width);
  }

  std::string print() {
    if (words_.labels.empty()) return "nothing to compare\n";
    put_blocks();
    out_ += '\n';
    if (words_.lines.back().name.starts_with("rank"))
      key("", "* no other variant takes both less energy and less time");
    for (const std::string& difference : words_.differences) key("Differs in", difference);
    key("Comparable?", words_.comparable, words_.is_refused ? Paint::bad : Paint::plain);
    for (const std::string& verdict : words_.verdicts) key("Verdict", verdict);
    return style_.utf8 ? out_ : ascii(out_);
  }

 private:
  void put_blocks() {
    std::size_t widest = 0, names = 0;
    for (const CompareLine& one : words_.lines) {
      names = std::max(names, display_width(one.name));
      for (const std::string& cell : one.cells) widest = std::max(widest, display_width(cell));
    }
    for (const std::string& label : words_.labels)
      widest = std::max(widest, std::min<std::size_t>(kShortLabel, display_width(label)));
    const std::size_t room =
        static_cast<std::size_t>(style_.width) - std::min(names, static_cast<std::size_t>(style_.width) - 20);
    const std::size_t at_once = std::max<std::size_t>(1, room / (widest + 2));
    for (std::size_t first = 0; first < words_.labels.size(); first += at_once)
      put_block(first, std::min(words_.labels.size(), first + at_once));
  }

  void put_block(std::size_t first, std::size_t last) {
    Table table;
    table.columns.push_back({"", false, 0, 12});
    for (std::size_t i = first; i < last; ++i) table.columns.push_back({words_.labels[i]});
    for (const CompareLine& one : words_.lines) {
      Row row{{{one.name}}, -1, ""};
      for (std::size_t i = first; i < last; ++i) row.cells.push_back({one.cells[i]});
      table.rows.push_back(std::move(row));
    }
    if (first > 0) out_ += '\n';
    out_ += make_table(table, 0, style_.width, style_.colour);
  }

  void key(std::string_view name, std::string_view text, Paint paint = Paint::plain) {
    const std::string folded = fold(padded(name, kHang), text, style_.width);
    out_ += folded.substr(0, kHang) + painted(folded.substr(kHang), paint, style_.colour) + '\n';
  }

  TextStyle style_;
  CompareWords words_;
  std::string out_;
};

}  // namespace

std::string make_compare(const Comparison& comparison, const TextStyle& style) {
  return ComparePrinter(comparison, style).print();
}

std::string make_compare(Records records, const TextStyle& style) {
  const auto comparison = compare(records);
  return comparison ? make_compare(*comparison, style) : comparison.error().what + '\n';
}

}  // namespace nw
