// Parses wall time in foreign text. Wall time is only for a record's start and for people; nothing is integrated over
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nw {

// "2026-03-31T10:00:00.25+02:00" or with Z (RFC 3339); a date alone or without an offset is UTC. Nanoseconds since
// 1970, of years 1970 to 2261.
std::optional<std::int64_t> parse_wall_ns(std::string_view text);

}  // namespace nw
