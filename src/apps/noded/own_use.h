// The resources that the daemon itself uses on the machine it measures.
#pragma once

#include <cstdint>
#include <optional>

#include "base/units.h"

namespace nw::noded {

std::optional<Nanos> read_own_cpu();
std::optional<std::uint64_t> read_own_resident();  // bytes

}  // namespace nw::noded
