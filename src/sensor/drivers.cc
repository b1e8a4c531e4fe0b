#include <array>

#include "sensor/driver.h"

namespace nw {

namespace {
constexpr std::array kDrivers = {
#define NW_DRIVER(name, devices_come, what) Driver{#name, what, probe_##name, devices_come},
#include "sensor/drivers.def"
#undef NW_DRIVER
};
}  // namespace

std::span<const Driver> drivers() { return kDrivers; }

}  // namespace nw
