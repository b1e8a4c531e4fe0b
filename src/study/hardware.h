// Hardware: vendors' rated powers of processors (hardware.def).
#pragma once

#include <optional>
#include <string_view>

namespace nw {

struct Rating {
  std::string_view model;
  double watts = 0;
  std::string_view source;
};

// For a CPU's or GPU's model name, as its driver reports it; nothing where the model is not in the table.
std::optional<Rating> find_rating(std::string_view model);

}  // namespace nw
