// Hardware: what makers print about the power of a processor (hardware.def).
#pragma once

#include <optional>
#include <string_view>

namespace nw {

struct Rating {
  std::string_view model;
  double watts = 0;
  std::string_view source;
};

// Of a CPU's or GPU's model name, as its driver says it; nothing where the model is not in the table.
std::optional<Rating> find_rating(std::string_view model);

}  // namespace nw
