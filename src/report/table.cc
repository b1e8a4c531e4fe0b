#include "report/table.h"

#include <algorithm>

#include "report/escape.h"

namespace nw {

namespace {

constexpr int kBetween = 2;          // columns of space
constexpr int kShortTitle = 12;      // words of titles up to this length are never split
constexpr int kNoteRoom = 16;        // a note with less room is printed below its row
constexpr std::size_t kFewRows = 3;  // if there are no more rows than this, one may wrap before a column is dropped

int width_of(std::string_view text) { return static_cast<int>(display_width(text)); }

// How narrow a column can be, and the effect.
struct Limits {
  int natural = 0;  // every cell in one line
  int few = 0;      // only the title and a few cells wrap
  int whole = 0;    // no word is split
  int least = 0;    // long words are
};

// Which columns are shown, and how wide.
class ColumnWidths {
 public:
  ColumnWidths(const Table& table, int indent, int width) : table_(table), room_(std::max(1, width - indent)) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) limits_.push_back(limits(i));
    shown_.assign(limits_.size(), true);
    widen();
    while (used() > room_ && (narrow(&Limits::few) || drop() || narrow(&Limits::whole) || narrow(&Limits::least))) {
    }
  }

  bool shown(std::size_t column) const { return shown_[column]; }
  int width(std::size_t column) const { return widths_[column]; }
  int room() const { return room_; }

 private:
  Limits limits(std::size_t column) const {
    const Column& of = table_.columns[column];
    std::vector<int> widths;
    int unbroken = 0;
    for (const Row& row : table_.rows) {
      if (row.note_at >= 0 && static_cast<int>(column) >= row.note_at) continue;
      widths.push_back(width_of(row.cells[column].text));
      unbroken = std::max(unbroken, unbroken_width(row.cells[column].text));
    }
    std::sort(widths.rbegin(), widths.rend());
    const int widest = widths.empty() ? 0 : widths[0], title = unbroken_width(of.title);
    Limits out;
    out.natural = std::max(widest, width_of(of.title));
    if (of.narrowest == 0) {
      out.few = out.whole = std::max(widest, title);
      out.least = std::max(widest, std::min(title, kShortTitle));
      return out;
    }
    const std::size_t wrapped = std::max<std::size_t>(1, widths.size() / kFewRows);
    out.least = std::min(out.natural, std::max(of.narrowest, std::min(title, kShortTitle)));
    out.whole = std::max({out.least, unbroken, title});
    out.few = std::max(out.whole, wrapped < widths.size() ? widths[wrapped] : 0);
    return out;
  }

  void widen() {
    widths_.clear();
    for (const Limits& one : limits_) widths_.push_back(one.natural);
  }

  int used() const {
    int sum = -kBetween;
    for (std::size_t i = 0; i < widths_.size(); ++i) sum += shown_[i] ? widths_[i] + kBetween : 0;
    return sum;
  }

  // Takes one column of space: first from columns that may be dropped, from the widest of them.
  bool narrow(int Limits::*limit) {
    std::size_t best = widths_.size();
    const auto claim = [this](std::size_t column) {
      return std::pair(table_.columns[column].leaves > 0, widths_[column]);
    };
    for (std::size_t i = 0; i < widths_.size(); ++i)
      if (shown_[i] && widths_[i] > limits_[i].*limit && (best == widths_.size() || claim(i) > claim(best))) best = i;
    if (best == widths_.size()) return false;
    --widths_[best];
    return true;
  }

  bool drop() {
    std::size_t first = widths_.size();
    for (std::size_t i = 0; i < widths_.size(); ++i)
      if (shown_[i] && table_.columns[i].leaves > 0 &&
          (first == widths_.size() || table_.columns[i].leaves > table_.columns[first].leaves))
        first = i;
    if (first == widths_.size()) return false;
    shown_[first] = false;
    widen();  // the others get the space that became free
    return true;
  }

  const Table& table_;
  int room_;
  std::vector<Limits> limits_;
  std::vector<int> widths_;
  std::vector<bool> shown_;
};

// Prints one row: cells side by side, each in as many lines as it takes; those of a heading are aligned to the bottom.
class RowPrinter {
 public:
  RowPrinter(const Table& table, const ColumnWidths& widths, bool colour)
      : table_(table), widths_(widths), colour_(colour) {}

  std::vector<std::string> print(const Row& row, bool is_head) && {
    const std::size_t note_at = row.note_at < 0 ? table_.columns.size() : static_cast<std::size_t>(row.note_at);
    std::vector<std::vector<std::string>> cells(note_at);
    std::size_t height = 1;
    for (std::size_t i = 0; i < note_at; ++i) {
      if (widths_.shown(i)) cells[i] = wrap(row.cells[i].text, widths_.width(i), !is_head);
      height = std::max(height, cells[i].size());
    }
    for (std::size_t i = 0; i < note_at; ++i)
      if (widths_.shown(i)) add(cells[i], is_head ? height - cells[i].size() : 0, row.cells[i].paint, i);
    if (row.note_at >= 0) add_note(row.note);
    return std::move(lines_);
  }

 private:
  void add(const std::vector<std::string>& cell, std::size_t first, Paint paint, std::size_t column) {
    const int width = widths_.width(column);
    for (std::size_t i = 0; i < cell.size(); ++i)
      put(first + i, padded(cell[i], width, table_.columns[column].right), paint);
    at_ += width + kBetween;
  }

  // At the current column.
  void put(std::size_t i, const std::string& padded_text, Paint paint) {
    if (lines_.size() <= i) lines_.resize(i + 1), filled_.resize(i + 1, 0);
    const std::string text = without_trailing_spaces(padded_text);
    if (text.empty()) return;
    const std::size_t from = text.find_first_not_of(' ');
    lines_[i] += std::string(static_cast<std::size_t>(at_ - filled_[i]), ' ') + text.substr(0, from) +
                 painted(text.substr(from), paint, colour_);
    filled_[i] = at_ + width_of(text);
  }

  void add_note(const std::string& note) {
    const int room = widths_.room() - at_;
    const bool below = room < std::min(kNoteRoom, width_of(note));
    const std::size_t first = below ? lines_.size() : 0;
    if (below) at_ = std::min(4, widths_.room() / 4);
    const auto lines = wrap(note, widths_.room() - at_);
    for (std::size_t i = 0; i < lines.size(); ++i) put(first + i, lines[i], Paint::plain);
  }

  const Table& table_;
  const ColumnWidths& widths_;
  bool colour_;
  std::vector<std::string> lines_;
  std::vector<int> filled_;  // columns used in each line: colour codes take none
  int at_ = 0;
};

// Whether all content of the row was in dropped columns.
bool left_empty(const ColumnWidths& widths, const Row& row) {
  bool says = false;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (row.cells[i].text.empty()) continue;
    if (widths.shown(i)) return false;
    says = true;
  }
  return says && row.note_at < 0;
}

}  // namespace

std::string painted(std::string_view text, Paint paint, bool colour) {
  if (!colour || paint == Paint::plain || text.empty()) return std::string(text);
  const char* code = paint == Paint::bold ? "1" : paint == Paint::dim ? "2" : paint == Paint::warn ? "33" : "31";
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string make_table(const Table& table, int indent, int width, bool colour) {
  const ColumnWidths widths(table, indent, width);
  Row head;
  for (const Column& column : table.columns) head.cells.push_back({column.title, Paint::dim});
  std::string out;
  const auto put = [&](const Row& row, bool is_head) {
    for (const std::string& line : RowPrinter(table, widths, colour).print(row, is_head))
      out += without_trailing_spaces(std::string(static_cast<std::size_t>(indent), ' ') + line) + '\n';
  };
  put(head, true);
  for (const Row& row : table.rows)
    if (!left_empty(widths, row)) put(row, false);
  return out;
}

}  // namespace nw
