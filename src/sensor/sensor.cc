#include "sensor/sensor.h"

#include <array>

namespace nw {

namespace {
constexpr std::array<std::string_view, 4> kKinds{"measured", "derived", "attributed", "estimated"};
constexpr std::array<std::string_view, 4> kBases{"assumed", "table", "stated", "learned"};
constexpr std::array<std::string_view, 6> kStatuses{"ok", "absent", "denied", "stale", "reset", "implausible"};
}  // namespace

std::string_view name(Provenance kind) { return kKinds[static_cast<unsigned>(kind)]; }
std::string_view name(TimingBasis basis) { return kBases[static_cast<unsigned>(basis)]; }
std::string_view name(Status status) { return kStatuses[static_cast<unsigned>(status)]; }

}  // namespace nw
