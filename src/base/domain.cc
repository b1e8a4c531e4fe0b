#include "base/domain.h"

#include <array>

namespace nw {

namespace {
constexpr std::array<std::string_view, 11> kDomains{"node", "psys", "module", "package", "core", "uncore",
                                                    "dram", "gpu",  "cpu",    "sysio",   "other"};
constexpr std::array<std::string_view, 4> kBoundaries{"on_chip", "board", "node_dc", "wall"};
}  // namespace

std::string_view name(Domain domain) { return kDomains[static_cast<unsigned>(domain)]; }
std::string_view name(Boundary boundary) { return kBoundaries[static_cast<unsigned>(boundary)]; }

std::optional<Domain> domain(std::string_view name) {
  for (unsigned i = 0; i < kDomains.size(); ++i)
    if (kDomains[i] == name) return static_cast<Domain>(i);
  return std::nullopt;
}

}  // namespace nw
