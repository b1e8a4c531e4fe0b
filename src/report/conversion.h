// Conversion: an energy in all the units in common use.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nw {

// Parses "2.79MJ" or "525.5 Wh" to J: a number and one of the units of number.h, in their exact case, since mJ is not
// MJ.
Result<double> parse_energy_j(std::string_view text);

// One line for each unit: "2790000 J", "775 Wh", ...
std::string make_conversion(double joules);

}  // namespace nw
