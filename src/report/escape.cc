#include "report/escape.h"

#include <array>
#include <cstdint>

#include "base/visible.h"

namespace nw {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array kWide{Range{0x1100, 0x115F}, Range{0x2E80, 0xA4CF},   Range{0xAC00, 0xD7A3},
                           Range{0xF900, 0xFAFF}, Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
                           Range{0xFFE0, 0xFFE6}, Range{0x1F300, 0x1FAFF}, Range{0x20000, 0x3FFFD}};
constexpr std::array kCombining{Range{0x300, 0x36F},   Range{0x483, 0x489},  Range{0x591, 0x5BD},
                                Range{0x610, 0x61A},   Range{0x64B, 0x65F},  Range{0x1AB0, 0x1AFF},
                                Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}};

template <class Ranges>
bool in(const Ranges& ranges, char32_t c) {
  for (const Range& range : ranges)
    if (c >= range.first && c <= range.last) return true;
  return false;
}

std::size_t columns(char32_t c) { return in(kCombining, c) ? 0 : in(kWide, c) ? 2 : 1; }

// The bytes that follow a first byte of this value, or 0 when it cannot start a character of more than one byte.
int followers(unsigned char first) {
  if (first >= 0xF0) return first <= 0xF4 ? 3 : 0;
  if (first >= 0xE0) return 2;
  return first >= 0xC2 ? 1 : 0;
}

bool shortest_form(char32_t c, int more) {
  if (c >= 0xD800 && c <= 0xDFFF) return false;
  return c <= 0x10FFFF && c >= (more == 1 ? 0x80U : more == 2 ? 0x800U : 0x10000U);
}

// The character at `at`, which moves behind it; U+FFFD and one byte on when the bytes are not UTF-8.
char32_t decode(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return static_cast<char32_t>(text[at++]);
  const int more = followers(first);
  char32_t c = more == 0 ? 0 : first & (0x3FU >> more);
  for (int i = 1; i <= more; ++i) {
    if (at + i >= text.size() || (static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return ++at, kReplacement;
    c = (c << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  }
  if (more == 0 || !shortest_form(c, more)) return ++at, kReplacement;
  at += more + 1;
  return c;
}

}  // namespace

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | (c >> 6));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3F));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3F));
    byte(0x80 | ((c >> 6) & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

std::vector<char32_t> characters(std::string_view text) {
  std::vector<char32_t> all;
  for (std::size_t at = 0; at < text.size();) all.push_back(decode(text, at));
  return all;
}

std::string strip(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = decode(text, at);
    if (c == '\n' || c == '\t' || c == '\r')
      out += ' ';
    else if (!is_control(c))
      append_utf8(out, c);
  }
  return out;
}

std::string clean(std::string_view text) {
  std::string all = strip(text);
  all.erase(all.find_last_not_of(' ') + 1);
  all.erase(0, all.find_first_not_of(' '));
  return cut_middle(all, kLongestName);
}

std::string ascii(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = decode(text, at);
    if (columns(c) > 0) out += c < 0x80 ? static_cast<char>(c) : '?';
  }
  return out;
}

std::string for_html(std::string_view text) {
  std::string out;
  for (const char c : strip(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

std::string for_html_lines(std::string_view text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) out += (out.empty() ? "" : "\n") + for_html(line);
  return out;
}

std::string for_markdown(std::string_view text) {
  std::string out;
  for (const char c : strip(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else {
      if (std::string_view("\\`*_[]#!|~$").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string for_csv(std::string_view text) {
  std::string cell = strip(text);
  // A spreadsheet evaluates a cell that begins like this, spaces before it or not.
  const std::size_t first = cell.find_first_not_of(' ');
  if (first != std::string::npos && std::string_view("=+-@|%").find(cell[first]) != std::string_view::npos)
    cell.insert(0, 1, '\'');
  if (cell.find_first_of(",\";\n") == std::string::npos && cell.find(' ') != 0) return cell;
  std::string out = "\"";
  for (const char c : cell) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

std::string for_yaml(std::string_view text) {
  std::string out = "\"";
  for (const char c : strip(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) width += columns(decode(text, at));
  return width;
}

std::string cut_middle(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  const std::vector<char32_t> all = characters(text);
  const std::size_t back_room = (width - 1) / 2;
  const std::size_t front_room = width - 1 - back_room;
  std::size_t front = 0, back = all.size(), used = 0;
  while (front < back && used + columns(all[front]) <= front_room) used += columns(all[front++]);
  for (used = 0; back > front && used + columns(all[back - 1]) <= back_room;) used += columns(all[--back]);
  std::string out;
  for (std::size_t i = 0; i < front; ++i) append_utf8(out, all[i]);
  out += '~';
  for (std::size_t i = back; i < all.size(); ++i) append_utf8(out, all[i]);
  return out;
}

}  // namespace nw
