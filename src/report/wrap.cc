#include "report/wrap.h"

#include <algorithm>
#include <cctype>

#include "report/escape.h"

namespace nw {

namespace {

constexpr int kHang = 2;       // of the later lines of a name
constexpr int kLeastRoom = 8;  // after an indent
constexpr int kLeastProse = 20;

int width_of(std::string_view text) { return static_cast<int>(display_width(text)); }

// Units that begin with a lower case letter.
bool small_unit(std::string_view tail) {
  const std::string_view word = tail.substr(0, std::min(tail.find(' '), tail.find(',')));
  return word == "s" || word == "g" || word == "kg" || word == "ms" || word == "kJ" || word == "mJ" || word == "kW" ||
         word == "kWh" || word == "x" || word.starts_with("kJ/") || word.starts_with("mJ/");
}

// Whether the text must not be split at this space: between a number and its unit, and around a plus-minus.
bool glued(std::string_view text, std::size_t space) {
  const std::string_view head = text.substr(0, space), tail = text.substr(space + 1);
  if (head.empty() || tail.empty()) return false;
  if (head.ends_with("+-") || head.ends_with("±") || tail.starts_with("+-") || tail.starts_with("±")) return true;
  const std::size_t before = head.rfind(' ') + 1;  // 0 after npos
  const std::size_t first = head.find_first_not_of("(+-", before);
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  if (first == std::string_view::npos || !is_digit(head[first]) || !is_digit(head.back())) return false;
  return std::isupper(static_cast<unsigned char>(tail[0])) || tail[0] == '%' || small_unit(tail);
}

// The text between the spaces at which it may be split.
template <class Take>
void for_each_word(std::string_view text, Take take) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find(' ', at);
    while (end != std::string_view::npos && glued(text, end)) end = text.find(' ', end + 1);
    take(text.substr(at, end == std::string_view::npos ? end : end - at));
    if (end == std::string_view::npos) return;
    at = end + 1;
  }
}

// The number of bytes of the word that fill `room` columns, at least one character; up to a punctuation mark if one is
// near.
std::size_t fitting(std::string_view word, int room) {
  std::size_t bytes = 0, mark = 0;
  int used = 0;
  for (const char32_t c : characters(word)) {
    std::string one;
    append_utf8(one, c);
    const int width = width_of(one);
    if (used + width > room && bytes > 0) break;
    used += width, bytes += one.size();
    if (c < 0x80 && std::string_view("/-_.,:;=+&@").find(static_cast<char>(c)) != std::string_view::npos &&
        2 * used > room)
      mark = bytes;
  }
  return mark > 0 ? mark : std::min(bytes, word.size());
}

// Lines that are filled word by word.
class Lines {
 public:
  Lines(std::string head, int hang, int width) : line_(std::move(head)), hang_(hang), width_(width) {
    start_ = used_ = width_of(line_);
  }

  void add(std::string_view word) {
    int width = width_of(word);
    if (used_ > start_ && used_ + 1 + width > width_) next();
    if (used_ > start_) put(" ", 1);
    while (used_ + width > width_ && !word.empty()) {
      const std::string_view part = word.substr(0, fitting(word, width_ - used_));
      put(part, width_of(part));
      word.remove_prefix(part.size());
      width = width_of(word);
      if (!word.empty()) next();
    }
    put(word, width);
  }

  std::vector<std::string> lines() && {
    next();
    return std::move(lines_);
  }

 private:
  void put(std::string_view text, int width) { line_ += text, used_ += width; }

  void next() {
    lines_.push_back(without_trailing_spaces(std::move(line_)));
    line_ = std::string(static_cast<std::size_t>(hang_), ' ');
    start_ = used_ = hang_;
  }

  std::vector<std::string> lines_;
  std::string line_;
  int hang_, width_;
  int used_ = 0, start_ = 0;  // columns of the line, and those before its first word
};

int indent_of(std::string_view text) { return static_cast<int>(std::min(text.find_first_not_of(' '), text.size())); }

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (&line == lines.data() ? "" : "\n") + line;
  return out;
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, int width, bool hangs) {
  if (width_of(text) <= width) return {std::string(text)};
  const int indent = indent_of(text), own = indent + kLeastRoom <= width ? indent : 0;
  const int hang = hangs && own + kHang + kLeastRoom <= width ? own + kHang : own;
  const std::string valid = valid_utf8(text.substr(static_cast<std::size_t>(indent)));
  Lines lines(std::string(static_cast<std::size_t>(own), ' '), hang, width);
  for_each_word(valid, [&lines](std::string_view word) { lines.add(word); });
  return std::move(lines).lines();
}

int unbroken_width(std::string_view text) {
  const int indent = indent_of(text);
  int width = 0;
  for_each_word(text.substr(static_cast<std::size_t>(indent)), [&](std::string_view word) {
    width = std::max(width, indent + width_of(word) + (width > 0 ? kHang : 0));
  });
  return std::min(width, width_of(text));
}

std::string fold(std::string_view head, std::string_view text, int width) {
  const int hang = width_of(head);
  const std::string valid = valid_utf8(text);
  Lines lines{std::string(head), hang, std::max(width, hang + kLeastProse)};
  for_each_word(valid, [&lines](std::string_view word) { lines.add(word); });
  return joined(std::move(lines).lines());
}

std::string fold_items(const std::vector<std::string>& items, int hang, int width) {
  std::string out, line;
  for (const std::string& item : items) {
    if (item.empty()) continue;
    if (!line.empty() && width_of(line) + 3 + width_of(item) <= width) {
      line += " | " + item;
      continue;
    }
    if (!line.empty()) out += line + '\n';
    line = fold(std::string(static_cast<std::size_t>(out.empty() ? 0 : hang), ' '), item, width);
    if (const auto last = line.rfind('\n'); last != std::string::npos) {
      out += line.substr(0, last + 1);
      line.erase(0, last + 1);
    }
  }
  return out + line;
}

std::string padded(std::string_view text, int width, bool right) {
  const int space = std::max(0, width - width_of(text));
  return right ? std::string(space, ' ') + std::string(text) : std::string(text) + std::string(space, ' ');
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace nw
