#include "base/visible.h"

#include <algorithm>
#include <array>

#include "base/parse.h"

namespace nw {

namespace {
// How many bytes the valid character at the text's beginning has; 0 when there is none.
std::size_t length_of(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(text.size(), 4); ++length)
    if (valid_utf8(text.substr(0, length)) == text.substr(0, length)) return length;
  return 0;
}

char32_t decode(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  char32_t c = character.size() < 2 ? byte(0) : byte(0) & (0x3FU >> (character.size() - 1));
  for (std::size_t i = 1; i < character.size(); ++i) c = (c << 6U) | (byte(i) & 0x3FU);
  return c;
}

std::string escape_of(char32_t c) {
  std::string digits;
  const bool is_byte = c < 0x100;
  for (int at = is_byte ? 4 : c < 0x10000 ? 12 : 28; at >= 0; at -= 4) digits += "0123456789abcdef"[(c >> at) & 0xFU];
  return (is_byte ? "\\x" : c < 0x10000 ? "\\u" : "\\U") + digits;
}
}  // namespace

bool is_control(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr std::array kRanges{Range{0, 0x1F},        Range{0x7F, 0x9F},      Range{0xAD, 0xAD},
                                      Range{0x61C, 0x61C},   Range{0x180E, 0x180E},  Range{0x200B, 0x200F},
                                      Range{0x2028, 0x202E}, Range{0x2060, 0x206F},  Range{0xFEFF, 0xFEFF},
                                      Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE0FFF}};
  if (c >= 0x20 && c < 0x7F) return false;
  return std::any_of(kRanges.begin(), kRanges.end(), [c](const Range& one) { return c >= one.first && c <= one.last; });
}

std::string visible(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = length_of(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    const char32_t c = decode(character);
    out += length == 0 || is_control(c) ? escape_of(c) : std::string(character);
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace nw
