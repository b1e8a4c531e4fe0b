#include "apps/cli/grid.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw::cli {

namespace {
constexpr std::size_t kLongestValue = 1000, kLongestName = 64;
constexpr std::uint64_t kMostWatts = 100'000;

bool is_name(std::string_view name) {
  const auto letter = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  return !name.empty() && name.size() <= kLongestName && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), letter);
}

bool is_plain(std::string_view value) {
  return value.size() <= kLongestValue && valid_utf8(value) == value &&
         std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// "a,b\,c" is "a" and "b,c".
std::vector<std::string> split_values(std::string_view text) {
  std::vector<std::string> values(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\'))
      values.back() += text[++i];
    else if (text[i] == ',')
      values.emplace_back();
    else
      values.back() += text[i];
  }
  return values;
}

// One spelling for one value, so that a resumed sweep is recognised.
Result<std::string> settle_value(const std::string& name, std::string value) {
  value = std::string(trim(value));
  if (value.empty()) return fail(ErrorKind::malformed, name + ": a value is empty");
  if (!is_plain(value)) return fail(ErrorKind::malformed, fmt::format("{}: {} is no plain text", name, quote(value)));
  if (name == "threads" || name == "batch_size") {
    const auto number = parse_u64(value);
    if (!number || *number == 0)
      return fail(ErrorKind::malformed, fmt::format("{}: {} is no whole number above 0", name, quote(value)));
    return std::to_string(*number);
  }
  if (name != kPowerLimit || value == kDefaultLimit) return value;
  const auto watts = parse_u64(value.ends_with('W') ? value.substr(0, value.size() - 1) : value);
  if (!watts || *watts == 0 || *watts > kMostWatts)
    return fail(ErrorKind::malformed,
                fmt::format("{}: {} is neither watts (like 200W) nor default", name, quote(value)));
  return fmt::format("{}W", *watts);
}
}  // namespace

Result<Dimension> parse_dimension(std::string name, std::string_view values) {
  if (!is_name(name))
    return fail(ErrorKind::malformed,
                fmt::format("{} is no name of a dimension: letters, digits, _ - and . make one", quote(name)));
  if (name == "sweep") return fail(ErrorKind::malformed, "sweep: this name is taken, records are labelled by it");
  Dimension dimension{std::move(name), {}};
  for (std::string& text : split_values(values)) {
    std::string value = NW_TRY(settle_value(dimension.name, std::move(text)));
    if (std::find(dimension.values.begin(), dimension.values.end(), value) != dimension.values.end())
      return fail(ErrorKind::malformed, fmt::format("{}: {} is there twice", dimension.name, quote(value)));
    dimension.values.push_back(std::move(value));
  }
  return dimension;
}

Result<Grid> Grid::make(std::vector<Dimension> dimensions) {
  Grid grid;
  for (Dimension& dimension : dimensions) {
    if (grid.find(dimension.name) != nullptr) return fail(ErrorKind::malformed, dimension.name + " is given twice");
    if (dimension.values.empty()) return fail(ErrorKind::malformed, dimension.name + " has no values");
    grid.size_ *= dimension.values.size();
    if (grid.size_ > kMostTurns)
      return fail(ErrorKind::malformed, fmt::format("more than {} configurations: choose fewer values", kMostTurns));
    grid.dimensions_.push_back(std::move(dimension));
  }
  return grid;
}

const Dimension* Grid::find(std::string_view name) const {
  for (const Dimension& dimension : dimensions_)
    if (dimension.name == name) return &dimension;
  return nullptr;
}

const std::string& Grid::value(std::size_t point, std::size_t dimension) const {
  for (std::size_t i = dimensions_.size() - 1; i > dimension; --i) point /= dimensions_[i].values.size();
  const auto& values = dimensions_[dimension].values;
  return values[point % values.size()];
}

std::string Grid::value(std::size_t point, std::string_view name) const {
  const Dimension* dimension = find(name);
  return dimension == nullptr ? "" : value(point, static_cast<std::size_t>(dimension - dimensions_.data()));
}

std::string Grid::label(std::size_t point) const {
  std::string text;
  for (std::size_t i = 0; i < dimensions_.size(); ++i)
    text += fmt::format("{}{}={}", i == 0 ? "" : ", ", dimensions_[i].name, value(point, i));
  return text;
}

std::string Grid::fill(std::string_view text, std::size_t point) const {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{'), close = open == text.npos ? text.npos : text.find('}', open);
    const Dimension* dimension = close == text.npos ? nullptr : find(text.substr(open + 1, close - open - 1));
    const std::size_t kept = open == text.npos ? text.size() : dimension == nullptr ? open + 1 : open;
    out += text.substr(0, kept);
    text.remove_prefix(dimension == nullptr ? kept : close + 1);
    if (dimension != nullptr) out += value(point, static_cast<std::size_t>(dimension - dimensions_.data()));
  }
  return out;
}

std::vector<std::string> Grid::fill(const std::vector<std::string>& texts, std::size_t point) const {
  std::vector<std::string> out;
  for (const std::string& text : texts) out.push_back(fill(text, point));
  return out;
}

Done Grid::check_use(const std::vector<std::string>& texts) const {
  const auto asked = [&](std::string_view name) {
    const std::string place = fmt::format("{{{}}}", name);
    return std::any_of(texts.begin(), texts.end(), [&](const auto& text) { return text.find(place) != text.npos; });
  };
  for (const Dimension& dimension : dimensions_)
    if (dimension.name != kPowerLimit && !asked(dimension.name))
      return fail(
          ErrorKind::malformed,
          fmt::format("{0} is varied, but the command does not ask for it: write {{{0}}} where its value belongs",
                      dimension.name));
  static constexpr std::pair<std::string_view, std::string_view> kUsual[] = {
      {"threads", "--threads"}, {"batch_size", "--batch-size"}, {"device", "--device"}, {kPowerLimit, "--power-limit"}};
  for (const auto& [name, option] : kUsual)
    if (find(name) == nullptr && asked(name))
      return fail(ErrorKind::malformed,
                  fmt::format("the command asks for {{{}}}: give its values by {}", name, option));
  return {};
}

std::vector<Turn> shuffle_turns(std::size_t points, unsigned repeats, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t n) {  // unbiased: values that would favour low numbers are drawn again
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    for (;;)
      if (const std::uint64_t drawn = random(); drawn < kMost - kMost % n) return drawn % n;
  };
  std::vector<Turn> turns;
  for (unsigned repeat = 1; repeat <= repeats; ++repeat) {
    const std::size_t first = turns.size();
    for (std::size_t point = 0; point < points; ++point) turns.push_back({point, repeat});
    for (std::size_t left = points; left > 1; --left) std::swap(turns[first + left - 1], turns[first + below(left)]);
  }
  return turns;
}

}  // namespace nw::cli
