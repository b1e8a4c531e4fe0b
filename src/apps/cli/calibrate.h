// Shared by `nodewatt calibrate idle`, `against` and `response`.
#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"

namespace nw::cli {

// The time of --duration; at least `least`. `usual` where it is not given.
Result<Nanos> parse_length(const std::string& text, Nanos least, Nanos usual = seconds(60));
// "2026-03-31T10:00:00Z" of nanoseconds since 1970.
std::string utc_text(std::int64_t wall_ns);

}  // namespace nw::cli
