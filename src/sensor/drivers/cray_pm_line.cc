#include "sensor/drivers/cray_pm_line.h"

#include <algorithm>

#include "base/parse.h"

namespace nw::cray_pm {

namespace {
// The next word, and the text without it; "" at the end.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const auto word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

bool is_unit(std::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

bool value_of(std::string_view text, std::string_view unit, std::uint64_t& value) {
  const auto line = parse_line(text);
  if (!line || (!unit.empty() && line->unit != unit)) return false;
  value = line->value;
  return true;
}
}  // namespace

std::optional<PmLine> parse_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  PmLine line;
  const auto value = parse_u64(next_word(text));
  if (!value) return std::nullopt;
  line.value = *value;
  auto word = next_word(text);
  if (is_unit(word)) {
    line.unit = word;
    word = next_word(text);
  }
  if (word.empty()) return line;
  line.stamp_us = parse_u64(word);
  const auto last = next_word(text);
  if (!line.stamp_us || (last != "us" && !last.empty()) || !next_word(text).empty()) return std::nullopt;
  return line;
}

const Extract kJoules{"joules", [](std::string_view text, std::uint64_t& value) { return value_of(text, "J", value); }};
const Extract kWatts{"watts", [](std::string_view text, std::uint64_t& value) { return value_of(text, "W", value); }};
const Extract kStamp{"stamp_us", [](std::string_view text, std::uint64_t& value) {
                       const auto line = parse_line(text);
                       if (!line || !line->stamp_us) return false;
                       value = *line->stamp_us;
                       return true;
                     }};
const Extract kCount{"count", [](std::string_view text, std::uint64_t& value) { return value_of(text, "", value); }};

}  // namespace nw::cray_pm
