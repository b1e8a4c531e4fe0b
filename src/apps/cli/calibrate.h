// Shared by `nodewatt calibrate idle`, `against` and `response`.
#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"

namespace nw::cli {

// The time of --duration; at least `least`.
Result<Nanos> parse_length(const std::string& text, Nanos least);
// "2026-03-31T10:00:00Z" of nanoseconds since 1970.
std::string utc_text(std::int64_t wall_ns);

}  // namespace nw::cli
