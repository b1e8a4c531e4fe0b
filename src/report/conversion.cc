#include "report/conversion.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/parse.h"
#include "report/number.h"

namespace nw {

namespace {
constexpr std::array kUnits{Units::J, Units::kJ, Units::MJ, Units::Wh, Units::kWh, Units::MWh};
}

Result<double> parse_energy_j(std::string_view text) {
  const std::string_view whole = trim(text);
  const std::size_t letter = whole.find_first_of("JWkM");
  const auto value = letter == std::string_view::npos ? std::nullopt : parse_double(whole.substr(0, letter));
  if (value)
    for (const Units unit : kUnits)
      if (whole.substr(letter) == energy_name(unit) && std::isfinite(*value * energy_size(unit)))
        return *value * energy_size(unit);
  return fail(ErrorKind::malformed,
              fmt::format("{} is no energy: a number and J, kJ, MJ, Wh, kWh or MWh, like 2.79MJ", quote(whole)));
}

std::string make_conversion(double joules) {
  std::string out;
  for (const Units unit : kUnits) out += fmt::format("{:.9g} {}\n", joules / energy_size(unit), energy_name(unit));
  return out;
}

}  // namespace nw
