#include "report/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace nw {

namespace {

constexpr double kJoulesPerWh = 3600;
constexpr int kMostDecimals = 9;
constexpr double kKilowattsFrom = 1e4;
constexpr double kSmallestInUnit = 1e-4;  // of a column's unit; smaller values begin with more than four zeros
constexpr double kLargestInUnit = 1e6;    // ... and a smaller unit makes the largest no longer than this

struct Scale {
  double size;  // of one unit, in J or g
  std::string_view name;
};
// In the order of Units; the first is never used.
constexpr std::array kScales{Scale{1, "J"},     Scale{1, "J"},       Scale{1e3, "kJ"},   Scale{1e6, "MJ"},
                             Scale{3600, "Wh"}, Scale{3.6e6, "kWh"}, Scale{3.6e9, "MWh"}};

const Scale& scale(Units units) { return kScales[static_cast<unsigned>(units)]; }

bool known(std::optional<double> value) { return value && std::isfinite(*value); }
bool positive(std::optional<double> value) { return known(value) && *value > 0; }

// Halves are rounded away from zero, also where the unit turned a half into something slightly different: 525.5 Wh and
// 0.5255 kWh are one number, and 0.5255 has no exact double. `step` is the value of the last printed digit.
double nudged(double value, double step) {
  return value + std::copysign(std::min(std::abs(value) * 1e-14, step * 1e-3), value);
}

// The power of ten of the first digit, once `value` is rounded to this many significant digits. value > 0.
int exponent(double value, int significant) {
  const std::string text = fmt::format("{:.{}e}", nudged(value, value), significant - 1);
  return std::stoi(text.substr(text.find('e') + 1));
}

// `value` ending at the decimal place 10^place, never "-0".
std::string digits_at(double value, int place) {
  const int decimals = std::clamp(-place, 0, kMostDecimals);
  value = nudged(value, std::pow(10, place));
  if (place > 0) value = std::round(value / std::pow(10, place)) * std::pow(10, place);
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.starts_with('-') && text.find_first_of("123456789") == std::string::npos) text.erase(0, 1);
  return text;
}

bool extreme(double value) { return value != 0 && (std::abs(value) >= 1e15 || std::abs(value) < 1e-9); }

Digits digits_without_uncertainty(double value) {
  if (value == 0) return {"0", ""};
  const double size = std::abs(value);
  return {digits_at(value, size >= 999.5 && size < 9999.5 ? 0 : exponent(size, 3) - 2), ""};
}

Digits digits(double value, std::optional<double> uncertainty, bool precise) {
  if (extreme(value)) return {fmt::format("{:.2e}", value), ""};
  if (!positive(uncertainty) || extreme(*uncertainty)) return digits_without_uncertainty(value);
  const int wanted = exponent(*uncertainty, 2) - 1;
  int place = wanted;
  if (value != 0) {
    const int first = exponent(std::abs(value), 4);
    if (!precise) place = std::max(place, first - 3);
    place = std::min(place, first);  // a value keeps its first digit even where the uncertainty is larger
  }
  if (place <= wanted) return {digits_at(value, place), digits_at(*uncertainty, wanted)};
  const double step = std::pow(10, place);
  return {digits_at(value, place), digits_at(std::ceil(*uncertainty / step - 1e-9) * step, place)};
}

Digits digits(Amount amount, double unit, bool precise) {
  std::optional<double> uncertainty = amount.uncertainty;
  if (uncertainty) *uncertainty /= unit;
  return digits(*amount.value / unit, uncertainty, precise);
}

const Scale& scale_of(Amount joules, const NumberStyle& style) { return scale(energy_unit(joules.value, style.units)); }

ItemUnit item_scale(double joules, bool utf8) {
  const double size = std::abs(joules);
  if (size >= 1e7) return {1e6, "MJ"};
  if (size >= 1e4) return {1e3, "kJ"};
  if (size >= 0.1 || size == 0) return {1, "J"};
  if (size >= 1e-4) return {1e-3, "mJ"};
  return {1e-6, utf8 ? "µJ" : "uJ"};
}

// "525 +- 11 Wh"
std::string pair_text(const Digits& printed, std::string_view unit, bool utf8) {
  std::string text = printed.value;
  if (!printed.uncertainty.empty()) text += fmt::format(" {} {}", plus_minus(utf8), printed.uncertainty);
  return unit.empty() ? text : fmt::format("{} {}", text, unit);
}

}  // namespace

std::string_view plus_minus(bool utf8) { return utf8 ? "±" : "+-"; }

Units energy_unit(std::optional<double> largest_j, Units wanted) {
  if (wanted != Units::automatic) return wanted;
  const double size = known(largest_j) ? std::abs(*largest_j) : 0;
  if (size < kJoulesPerWh) return Units::J;
  if (size < 1e3 * kJoulesPerWh) return Units::Wh;
  return size < 1e6 * kJoulesPerWh ? Units::kWh : Units::MWh;
}

Units energy_unit(std::span<const Amount> column, Units wanted) {
  std::optional<double> largest, smallest;
  for (const Amount& one : column) {
    if (!known(one.value) || *one.value == 0) continue;
    largest = std::max(largest.value_or(0), std::abs(*one.value));
    smallest = std::min(smallest.value_or(*largest), std::abs(*one.value));
  }
  Units units = energy_unit(largest, wanted);
  if (wanted != Units::automatic || !smallest) return units;
  for (const Units smaller : {Units::kWh, Units::Wh, Units::J})
    if (smaller < units && *smallest < kSmallestInUnit * energy_size(units) &&
        *largest < kLargestInUnit * energy_size(smaller))
      units = smaller;
  return units;
}

NumberStyle in_one_unit(std::span<const Amount> column, NumberStyle style) {
  style.units = energy_unit(column, style.units);
  return style;
}

PowerUnit power_unit(std::span<const Amount> column) {
  const bool kilo = std::any_of(column.begin(), column.end(), [](const Amount& one) {
    return known(one.value) && std::abs(*one.value) >= kKilowattsFrom;
  });
  return kilo ? PowerUnit::kW : PowerUnit::W;
}

ItemUnit item_unit(std::span<const Amount> column, bool utf8) {
  double largest = 0;
  for (const Amount& one : column)
    if (known(one.value)) largest = std::max(largest, std::abs(*one.value));
  return item_scale(largest, utf8);
}

Digits bare_digits(Amount amount, double unit, bool precise) {
  return known(amount.value) ? digits(amount, unit, precise) : Digits{std::string(kUnknown), ""};
}

double energy_size(Units units) { return scale(units).size; }
std::string_view energy_name(Units units) { return scale(units).name; }

std::string energy_text(Amount joules, const NumberStyle& style) {
  if (!known(joules.value)) return std::string(kUnknown);
  const Scale& unit = scale_of(joules, style);
  return fmt::format("{} {}", digits(joules, unit.size, style.precise).value, unit.name);
}

std::string energy_uncertainty_text(Amount joules, const NumberStyle& style) {
  if (!known(joules.value) || !positive(joules.uncertainty)) return std::string(kUnknown);
  const Scale& unit = scale_of(joules, style);
  const Digits printed = digits(joules, unit.size, style.precise);
  if (printed.uncertainty.empty()) return std::string(kUnknown);
  return fmt::format("{} {}", printed.uncertainty, unit.name);
}

std::string energy_pair_text(Amount joules, const NumberStyle& style) {
  if (!known(joules.value)) return std::string(kUnknown);
  const Scale& unit = scale_of(joules, style);
  return pair_text(digits(joules, unit.size, style.precise), unit.name, style.utf8);
}

std::string joules_text(Amount joules, bool precise) {
  if (!known(joules.value)) return std::string(kUnknown);
  const double size = std::abs(*joules.value);
  const Scale unit = size < 1e3   ? Scale{1, "J"}
                     : size < 1e6 ? Scale{1e3, "kJ"}
                     : size < 1e9 ? Scale{1e6, "MJ"}
                                  : Scale{1e9, "GJ"};
  return fmt::format("{} {}", digits(joules, unit.size, precise).value, unit.name);
}

std::string energy_full_text(Amount joules, const NumberStyle& style) {
  std::string text = energy_pair_text(joules, style);
  if (!known(joules.value)) return text;
  const Units units = energy_unit(joules.value, style.units);
  if (units >= Units::Wh) text += fmt::format(" ({})", joules_text(joules, style.precise));
  return text;
}

std::string per_item_text(Amount joules, std::string_view item, const NumberStyle& style, ItemUnit unit) {
  if (!known(joules.value)) return std::string(kUnknown);
  if (unit.size <= 0) unit = item_scale(*joules.value, style.utf8);
  const std::string name = fmt::format("{}{}{}", unit.name, item.empty() ? "" : "/", item);
  return pair_text(digits(joules, unit.size, style.precise), name, style.utf8);
}

std::string mass_pair_text(Amount grams, const NumberStyle& style) {
  if (!known(grams.value)) return std::string(kUnknown);
  const double size = std::abs(*grams.value);
  const Scale unit = size < 1e3 ? Scale{1, "g"} : size < 1e6 ? Scale{1e3, "kg"} : Scale{1e6, "t"};
  return pair_text(digits(grams, unit.size, style.precise), unit.name, style.utf8);
}

std::string money_pair_text(Amount amount, std::string_view currency, const NumberStyle& style) {
  if (!known(amount.value)) return std::string(kUnknown);
  return pair_text(digits(amount, 1, style.precise), currency, style.utf8);
}

// Powers are printed without uncertainty: three digits, four from 1000, suffice.
std::string power_text(Amount watts, PowerUnit unit) {
  if (!known(watts.value)) return std::string(kUnknown);
  const bool kilo = unit == PowerUnit::automatic ? std::abs(*watts.value) >= kKilowattsFrom : unit == PowerUnit::kW;
  const std::string few = digits({watts.value, {}}, kilo ? 1e3 : 1, false).value;
  const std::string allowed = digits(watts, kilo ? 1e3 : 1, false).value;
  return fmt::format("{} {}", allowed.size() < few.size() ? allowed : few, kilo ? "kW" : "W");
}

std::string duration_text(std::optional<double> seconds) {
  if (!known(seconds) || *seconds < 0) return std::string(kUnknown);
  if (*seconds < 0.1) return fmt::format("{:.3g} ms", *seconds * 1e3);
  if (*seconds < 59.95) return fmt::format("{:.3g} s", *seconds);
  if (*seconds > 1e12) return fmt::format("{:.2e} s", *seconds);
  const auto whole = static_cast<long long>(std::llround(*seconds));
  const long long s = whole % 60, m = whole / 60 % 60, h = whole / 3600 % 24, d = whole / 86400;
  if (d > 0) return fmt::format("{}d{:02}h{:02}m", d, h, m);
  if (h > 0) return fmt::format("{}h{:02}m{:02}s", h, m, s);
  return fmt::format("{}m{:02}s", m, s);
}

std::string seconds_text(Amount seconds) {
  if (!known(seconds.value)) return std::string(kUnknown);
  return fmt::format("{} s", digits(*seconds.value, seconds.uncertainty, false).value);
}

std::string percent_text(Amount fraction) {
  if (!known(fraction.value)) return std::string(kUnknown);
  const double percent = *fraction.value * 100;
  if (extreme(percent)) return fmt::format("{:.1e} %", percent);
  int place = -1;
  if (positive(fraction.uncertainty)) place = std::max(place, exponent(*fraction.uncertainty * 100, 2) - 1);
  return fmt::format("{} %", digits_at(percent, std::min(place, 0)));
}

std::string share_text(std::optional<double> fraction) {
  if (!known(fraction)) return std::string(kUnknown);
  const double percent = *fraction * 100;
  if (percent > 0 && percent < 0.05) return "under 0.1 %";
  return fmt::format("{} %", digits_at(percent, percent == 0 || percent >= 9.95 ? 0 : -1));
}

std::string coverage_text(std::optional<double> fraction) {
  if (!known(fraction)) return std::string(kUnknown);
  if (*fraction >= 1 || *fraction <= 0) return *fraction >= 1 ? "100 %" : "0 %";
  return fmt::format("{:.1f} %", std::floor(*fraction * 1000 + 1e-9) / 10);
}

std::string ratio_text(Amount ratio, const NumberStyle& style) {
  if (!known(ratio.value)) return std::string(kUnknown);
  return pair_text(digits(*ratio.value, ratio.uncertainty, style.precise), "", style.utf8);
}

std::string plain_text(std::optional<double> value) {
  if (!known(value)) return std::string(kUnknown);
  return std::abs(*value) >= 1e4 && std::abs(*value) < 1e15 ? fmt::format("{:.0f}", *value)
                                                            : fmt::format("{:.4g}", *value);
}

std::string count_text(double count) {
  if (!std::isfinite(count)) return std::string(kUnknown);
  if (std::abs(count) >= 1e15) return fmt::format("{:.3g}", count);
  if (std::abs(count) >= 1e9) return fmt::format("{:.4g} G", count / 1e9);
  if (std::abs(count) >= 1e6) return fmt::format("{:.4g} M", count / 1e6);
  return count == std::floor(count) ? fmt::format("{:.0f}", count) : fmt::format("{:.4g}", count);
}

}  // namespace nw
