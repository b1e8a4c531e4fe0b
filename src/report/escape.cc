#include "report/escape.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/visible.h"

namespace nw {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

// A line end counts as a column: it separates words. Otherwise by Unicode's tables.
std::size_t columns(char32_t c) {
  return c < 0x80 ? 1 : static_cast<std::size_t>(utf8proc_charwidth(static_cast<utf8proc_int32_t>(c)));
}

// Returns the character at `at` and advances `at`; U+FFFD and one byte further when the bytes are not UTF-8.
char32_t decode(std::string_view text, std::size_t& at) {
  constexpr std::size_t kLongest = 4;
  const auto rest = text.substr(at, kLongest);
  utf8proc_int32_t c = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                       static_cast<utf8proc_ssize_t>(rest.size()), &c);
  at += length > 0 ? static_cast<std::size_t>(length) : 1;
  return length > 0 ? static_cast<char32_t>(c) : kReplacement;
}
}  // namespace

void append_utf8(std::string& out, char32_t c) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
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

std::string for_json(std::string_view document) {
  std::string out;
  out.reserve(document.size());
  const auto escape = [&](char32_t unit) { out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(unit)); };
  for (std::size_t at = 0; at < document.size();) {
    if (const char plain = document[at]; static_cast<unsigned char>(plain) < 0x7F) {
      out += plain;
      ++at;
      continue;
    }
    const char32_t c = decode(document, at);
    if (!is_control(c)) {
      append_utf8(out, c);
    } else if (c < 0x10000) {
      escape(c);
    } else {
      escape(0xD800 + ((c - 0x10000) >> 10));
      escape(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
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
