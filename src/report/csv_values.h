// How figures are written in the CSV of comparisons and sweeps: at full precision, and an empty cell where unknown.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include "study/repeats.h"
#include "study/values.h"

namespace nw::csv {

inline std::string cell(std::optional<double> value) {
  return value && finite(*value) ? fmt::format("{}", *value) : "";
}
inline std::string cells(const Mean& mean) { return cell(mean.value) + ',' + cell(mean.interval); }
inline std::string cells(const Amount& amount) { return cell(amount.value) + ',' + cell(amount.uncertainty); }

}  // namespace nw::csv
