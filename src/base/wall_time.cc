#include "base/wall_time.h"

#include "base/parse.h"
#include "base/units.h"

namespace nw {

namespace {

// In the civil calendar with years that begin in March, so that the leap day is the last.
std::int64_t days_from_1970(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2;
  const std::int64_t era = year / 400, of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

// Takes `width` digits, with a value of at most `most`, and the character after them if one is given.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  std::optional<std::int64_t> number(std::size_t width, std::uint64_t least, std::uint64_t most) {
    const auto digits = rest_.substr(0, width);
    if (digits.size() != width || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
    rest_.remove_prefix(width);
    const auto value = parse_u64(digits);
    return value && *value >= least && *value <= most ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
  }
  bool take(std::string_view any) {
    if (rest_.empty() || any.find(rest_[0]) == any.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // ".25": nanoseconds of any number of digits.
  std::optional<std::int64_t> fraction() {
    const auto digits = rest_.substr(0, rest_.find_first_not_of("0123456789"));
    if (digits.empty()) return std::nullopt;
    rest_.remove_prefix(digits.size());
    std::int64_t nanos = 0;
    for (std::size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    return nanos;
  }
  bool empty() const { return rest_.empty(); }
  char front() const { return rest_.empty() ? '\0' : rest_[0]; }

 private:
  std::string_view rest_;
};

struct Clock {
  std::int64_t seconds = 0, nanos = 0;
};

std::optional<Clock> parse_clock(Words& words) {
  const auto hour = words.number(2, 0, 23);
  if (!hour || !words.take(":")) return std::nullopt;
  const auto minute = words.number(2, 0, 59);
  if (!minute) return std::nullopt;
  Clock clock{*hour * 3600 + *minute * 60, 0};
  if (!words.take(":")) return clock;
  const auto second = words.number(2, 0, 60);
  if (!second) return std::nullopt;
  clock.seconds += *second;
  if (!words.take(".")) return clock;
  const auto fraction = words.fraction();
  if (!fraction) return std::nullopt;
  clock.nanos = *fraction;
  return clock;
}

// Seconds ahead of UTC.
std::optional<std::int64_t> parse_offset(Words& words) {
  if (words.empty() || words.take("Zz")) return 0;
  const bool behind = words.front() == '-';
  if (!words.take("+-")) return std::nullopt;
  const auto hours = words.number(2, 0, 23);
  if (!hours || !words.take(":")) return std::nullopt;
  const auto minutes = words.number(2, 0, 59);
  if (!minutes) return std::nullopt;
  return (*hours * 3600 + *minutes * 60) * (behind ? -1 : 1);
}

}  // namespace

std::optional<std::int64_t> parse_wall_ns(std::string_view text) {
  Words words(text);
  const auto year = words.number(4, 1970, 2261);
  if (!year || !words.take("-")) return std::nullopt;
  const auto month = words.number(2, 1, 12);
  if (!month || !words.take("-")) return std::nullopt;
  const auto day = words.number(2, 1, 31);
  if (!day) return std::nullopt;
  Clock clock;
  if (words.take("Tt ")) {
    const auto found = parse_clock(words);
    if (!found) return std::nullopt;
    clock = *found;
  }
  const auto offset = parse_offset(words);
  if (!offset || !words.empty()) return std::nullopt;
  const std::int64_t seconds = days_from_1970(*year, *month, *day) * 86400 + clock.seconds - *offset;
  return seconds * kNanosPerSecond + clock.nanos;
}

}  // namespace nw
