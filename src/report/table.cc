#include "report/table.h"

#include <algorithm>
#include <cctype>

#include "report/escape.h"

namespace nw {

namespace {

constexpr int kBetween = 2;  // columns of space

int width_of(std::string_view text) { return static_cast<int>(display_width(text)); }

class ColumnWidths {
 public:
  ColumnWidths(const Table& table, int indent, int width) : table_(table), room_(width - indent) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      widths_.push_back(natural(i));
      shown_.push_back(true);
    }
    while (used() > room_ && (cut() || drop())) {
    }
  }

  bool shown(std::size_t column) const { return shown_[column]; }
  int width(std::size_t column) const { return widths_[column]; }
  int room() const { return room_; }

 private:
  int natural(std::size_t column) const {
    int width = width_of(table_.columns[column].title);
    for (const Row& row : table_.rows)
      if (row.note_at < 0 || static_cast<int>(column) < row.note_at)
        width = std::max(width, width_of(row.cells[column].text));
    return width;
  }

  int used() const {
    int sum = -kBetween;
    for (std::size_t i = 0; i < widths_.size(); ++i) sum += shown_[i] ? widths_[i] + kBetween : 0;
    return sum;
  }

  // Takes from a name what is too much, down to its narrowest: first from columns that may leave, from the widest of
  // them.
  bool cut() {
    std::size_t best = widths_.size();
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const int narrowest = std::max(table_.columns[i].narrowest, width_of(table_.columns[i].title));
      if (!shown_[i] || table_.columns[i].narrowest == 0 || widths_[i] <= narrowest) continue;
      const auto claim = [this](std::size_t column) {
        return std::pair(table_.columns[column].leaves > 0, widths_[column]);
      };
      if (best == widths_.size() || claim(i) > claim(best)) best = i;
    }
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
    for (std::size_t i = 0; i < widths_.size(); ++i) widths_[i] = natural(i);  // names get the room that came free
    return true;
  }

  const Table& table_;
  int room_;
  std::vector<int> widths_;
  std::vector<bool> shown_;
};

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string make_row(const ColumnWidths& widths, const Table& table, const Row& row, bool colour) {
  std::string line;
  int at = 0;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (row.note_at >= 0 && static_cast<int>(i) >= row.note_at)
      return line + cut_middle(row.note, std::max(8, widths.room() - at));
    if (!widths.shown(i)) continue;
    const Cell& cell = row.cells[i];
    const std::string text = table.columns[i].narrowest > 0 ? cut_middle(cell.text, widths.width(i)) : cell.text;
    const std::string wide = padded(text, widths.width(i), table.columns[i].right);
    const std::size_t from = wide.find_first_not_of(' ');
    if (cell.paint == Paint::plain || from == std::string::npos)
      line += wide;
    else
      line += wide.substr(0, from) + painted(trimmed(wide.substr(from)), cell.paint, colour) +
              wide.substr(wide.find_last_not_of(' ') + 1);
    line.append(kBetween, ' ');
    at += widths.width(i) + kBetween;
  }
  return line;
}

// Whether all that the row says stood in columns that have left.
bool left_empty(const ColumnWidths& widths, const Row& row) {
  bool says = false;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (row.cells[i].text.empty()) continue;
    if (widths.shown(i)) return false;
    says = true;
  }
  return says && row.note_at < 0;
}

// Units that begin with a small letter.
bool small_unit(std::string_view tail) {
  const std::string_view word = tail.substr(0, std::min(tail.find(' '), tail.find(',')));
  return word == "s" || word == "ms" || word == "kJ" || word == "mJ" || word == "kW" || word == "kWh" || word == "x" ||
         word.starts_with("kJ/") || word.starts_with("mJ/");
}

// Whether the text must not be parted at this space: between a number and its unit, and around a plus-minus.
bool glued(std::string_view text, std::size_t space) {
  const std::string_view head = text.substr(0, space), tail = text.substr(space + 1);
  if (head.empty() || tail.empty()) return false;
  if (head.ends_with("+-") || head.ends_with("±") || tail.starts_with("+-") || tail.starts_with("±")) return true;
  if (!std::isdigit(static_cast<unsigned char>(head.back()))) return false;
  return std::isupper(static_cast<unsigned char>(tail[0])) || tail[0] == '%' || small_unit(tail);
}

}  // namespace

std::string painted(std::string_view text, Paint paint, bool colour) {
  if (!colour || paint == Paint::plain || text.empty()) return std::string(text);
  const char* code = paint == Paint::bold ? "1" : paint == Paint::dim ? "2" : paint == Paint::warn ? "33" : "31";
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string padded(std::string_view text, int width, bool right) {
  const int space = std::max(0, width - width_of(text));
  return right ? std::string(space, ' ') + std::string(text) : std::string(text) + std::string(space, ' ');
}

std::string make_table(const Table& table, int indent, int width, bool colour) {
  const ColumnWidths widths(table, indent, width);
  Row head;
  for (const Column& column : table.columns) head.cells.push_back({column.title, Paint::dim});
  std::string out;
  const auto put = [&](const Row& row) {
    out += trimmed(std::string(indent, ' ') + make_row(widths, table, row, colour)) + '\n';
  };
  put(head);
  for (const Row& row : table.rows)
    if (!left_empty(widths, row)) put(row);
  return out;
}

std::string fold(std::string_view head, std::string_view text, int width) {
  const std::size_t hang = display_width(head);
  const std::size_t room = std::max(static_cast<std::size_t>(std::max(width, 0)), hang + 20);
  std::string out, line(head);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find(' ', at);
    while (end != std::string_view::npos && glued(text, end)) end = text.find(' ', end + 1);
    const std::string word = cut_middle(text.substr(at, end == std::string_view::npos ? end : end - at), room - hang);
    const bool first = display_width(line) == hang;
    if (!first && display_width(line) + 1 + display_width(word) > room) {
      out += trimmed(line) + '\n';
      line = std::string(hang, ' ') + word;
    } else {
      line += (first ? "" : " ") + word;
    }
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return out + trimmed(line);
}

}  // namespace nw
