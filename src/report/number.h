// Number: the one place where a quantity becomes digits with a unit.
//
// The uncertainty (half-width of the 95 % interval) has two significant digits and the value ends at the same decimal
// place (GUM 7.2.6). Unless `precise`, a value has at most four significant digits; where that is coarser, the
// uncertainty is rounded up to its place, so that the printed interval still holds the true one. Without a known
// uncertainty a value has three digits (four from 1000).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "study/values.h"

namespace nw {

enum class Units : unsigned char { automatic, J, kJ, MJ, Wh, kWh, MWh };

struct NumberStyle {
  Units units = Units::automatic;
  bool utf8 = false;
  bool precise = false;
};

// Printed for an unknown number.
inline constexpr std::string_view kUnknown = "-";

// The unit of a column of energies whose largest is this one: J below 1 Wh, then Wh, kWh, MWh.
Units energy_unit(std::optional<double> largest_j, Units wanted);
// One unit for all of a column: that of its largest value, or a smaller one where the smallest value would begin with
// too many zeros and the largest does not get too long.
Units energy_unit(std::span<const Amount> column, Units wanted);
NumberStyle in_one_unit(std::span<const Amount> column, NumberStyle style);

// The same for powers, and for energies of one item of work.
enum class PowerUnit : unsigned char { automatic, W, kW };
PowerUnit power_unit(std::span<const Amount> column);
struct ItemUnit {
  double size = 0;  // of one, in J; 0: chosen for each figure
  std::string_view name;
};
ItemUnit item_unit(std::span<const Amount> column, bool utf8);

// The bare digits of an amount in a unit of this size, for tables whose unit is in the heading: "525" and "11"; "-" and
// "" where unknown.
struct Digits {
  std::string value;
  std::string uncertainty;
};
Digits bare_digits(Amount amount, double unit, bool precise = false);
double energy_size(Units units);            // of one such unit, in J; not of automatic
std::string_view energy_name(Units units);  // "kWh"

std::string energy_text(Amount joules, const NumberStyle& style);              // "525 Wh"
std::string energy_uncertainty_text(Amount joules, const NumberStyle& style);  // "11 Wh"
std::string energy_pair_text(Amount joules, const NumberStyle& style);         // "525 +- 11 Wh"
std::string energy_full_text(Amount joules, const NumberStyle& style);         // "525 +- 11 Wh (1.89 MJ)"
// Always in J, with a prefix: "0.526 +- 0.011 J/sample". `item` is printed as it is.
std::string per_item_text(Amount joules, std::string_view item, const NumberStyle& style, ItemUnit unit = {});

std::string mass_pair_text(Amount grams, const NumberStyle& style);  // "184 +- 4 g", kg and t from 1000
std::string money_pair_text(Amount amount, std::string_view currency, const NumberStyle& style);  // "0.11 +- 0.01 EUR"
std::string joules_text(Amount joules, bool precise = false);  // in J, kJ, MJ or GJ: "1.89 MJ"
// "2612 W", kW from 10 kW where no unit is given
std::string power_text(Amount watts, PowerUnit unit = PowerUnit::automatic);
std::string duration_text(std::optional<double> seconds);  // "42.1 s", "12m04s", "3h02m10s", "2d03h10m"
std::string seconds_text(Amount seconds);                  // "724.3 s"
std::string percent_text(Amount fraction);                 // 0.683 is "68.3 %"
std::string share_text(
    std::optional<double> fraction);  // a share of time: "43 %", below 10 % "2.4 %", never 0 % but for 0
std::string coverage_text(std::optional<double> fraction);       // never rounded up to 100 %
std::string ratio_text(Amount ratio, const NumberStyle& style);  // "1.36 +- 0.03"
std::string plain_text(std::optional<double> value);             // four significant digits, no unit
std::string count_text(double count);                            // "3", "3.6 M"
std::string_view plus_minus(bool utf8);

}  // namespace nw
