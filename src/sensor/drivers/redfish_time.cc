// Redfish's durations and times (ISO 8601), and the resolution of a number.
#include <chrono>
#include <cmath>

#include "base/parse.h"
#include "sensor/drivers/redfish_json.h"

namespace nw::redfish {

namespace {
// Takes digits off the front; nothing unless there are exactly this many.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  const auto number = text.size() < count ? std::nullopt : parse_u64(text.substr(0, count));
  const bool digits = number && text.substr(0, count).find_first_not_of("0123456789") == text.npos;
  if (!digits) return std::nullopt;
  text.remove_prefix(count);
  return static_cast<int>(*number);
}
bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Nanoseconds of ".25" and the like at the front; 0 when there is no point.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t ns = 0, place = kNanosPerSecond / 10;
  std::size_t count = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), place /= 10, ++count)
    ns += (text[0] - '0') * place;
  return count > 0 ? std::optional(ns) : std::nullopt;
}

// "Z" or "+01:00" as seconds to subtract.
std::optional<int> take_zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const bool minus = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 3600 + *minutes * 60) * (minus ? -1 : 1);
}
}  // namespace

std::optional<Nanos> parse_iso_duration(std::string_view text) {
  constexpr std::int64_t kTenYears = 315'576'000;
  if (!take(text, 'P') || text.empty()) return std::nullopt;
  std::int64_t total_s = 0, fraction_ns = 0;
  bool time = false;
  for (std::string_view units = "DHMS"; !text.empty();) {
    if (!time && take(text, 'T')) time = true;
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = digits > 0 && digits <= 10 ? parse_u64(text.substr(0, digits)) : std::nullopt;
    if (!number) return std::nullopt;
    text.remove_prefix(digits);
    const bool fractional = text.starts_with('.');
    const auto fraction = take_fraction(text);
    const auto unit = text.empty() ? units.npos : units.find(text[0]);
    if (!fraction || unit == units.npos || (fractional && text[0] != 'S') || (text[0] == 'D') == time)
      return std::nullopt;
    const std::int64_t each = text[0] == 'D' ? 86'400 : text[0] == 'H' ? 3600 : text[0] == 'M' ? 60 : 1;
    total_s += static_cast<std::int64_t>(*number) * each;
    fraction_ns = *fraction;
    if (total_s > kTenYears) return std::nullopt;
    units.remove_prefix(unit + 1);  // larger units come first, each once
    text.remove_prefix(1);
  }
  return Nanos::of(total_s * kNanosPerSecond + fraction_ns);
}

std::optional<Nanos> parse_iso_time(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || (!take(text, 'T') && !take(text, 't') && !take(text, ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  const auto fraction = take_fraction(text);
  const auto zone = take_zone(text);
  if (!second || !fraction || !zone || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *year > 2199 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t s = days * 86'400 + *hour * 3600 + *minute * 60 + *second - *zone;
  return Nanos::of(s * kNanosPerSecond + *fraction);
}

double compute_step(double reading) {
  constexpr double kFinest = 1e-6;
  if (!std::isfinite(reading)) return 1;
  const double size = std::abs(reading);
  double step = 1;
  while (step > kFinest && std::abs(std::round(size / step) * step - size) > 1e-9 * std::max(size, 1.0)) step /= 10;
  constexpr double kSinglePrecision = 1.0 / (1 << 23);
  return std::max(step, step < 1 ? size * kSinglePrecision : step);
}

}  // namespace nw::redfish
