// Numbers out of foreign text. Every parser in nodewatt that meets a number uses these, so that one fuzz target covers
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nw {

std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
// Foreign text for display: trimmed, in quotes, at most `most` bytes of it, what is not printable ASCII as '?'.
std::string quote(std::string_view text, std::size_t most = 40);

// Foreign text as UTF-8: each byte that is not part of a valid character becomes U+FFFD. What protobuf strings and JSON
// may hold.
std::string valid_utf8(std::string_view text);

// The whole text, white space at both ends aside, is one decimal number that fits; else nothing. No sign, no hex, no
// fraction.
std::optional<std::uint64_t> parse_u64(std::string_view text);
// The same with an optional leading '-'.
std::optional<std::int64_t> parse_i64(std::string_view text);
// A finite decimal number ("2.3283064365386962890625e-10"); else nothing.
std::optional<double> parse_double(std::string_view text);
// A duration with its unit: "250ms", "2s", "1.5s", "1m", "100us"; in nanoseconds, > 0; else nothing.
std::optional<std::int64_t> parse_duration_ns(std::string_view text);
// A kernel CPU list, "0-3,8": every CPU of it, in the order given; empty when malformed or over 65536 CPUs.
std::vector<std::uint32_t> parse_cpu_list(std::string_view text);

}  // namespace nw
