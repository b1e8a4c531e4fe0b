// One line of /sys/cray/pm_counters: "<whole number> J <microseconds since 1970> us". The unit is J, W, or, in files
// that count something else (freshness, startup, raw_scan_hz), missing; the time and its "us" may be missing too.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/host.h"

namespace nw::cray_pm {

struct PmLine {
  std::uint64_t value = 0;
  std::string_view unit;  // "" for none
  std::optional<std::uint64_t> stamp_us;
};

// The first line of the text; nothing when it is anything else.
std::optional<PmLine> parse_line(std::string_view text);

extern const Extract kJoules;  // the value, in J
extern const Extract kWatts;   // the value, in W
extern const Extract kStamp;   // the time, in us
extern const Extract kCount;   // the value, whatever its unit

}  // namespace nw::cray_pm
