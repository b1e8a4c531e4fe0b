// The name of a record: 26 characters of lower-case Crockford base32 (no i, l, o, u), 130 random bits. Users write a
// unique beginning of it, "@7f3k2".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nw {

inline constexpr std::size_t kUidLength = 26;
inline constexpr std::string_view kUidAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

// Fails only where the kernel has no getrandom (before 3.17, or a sandbox that forbids it).
Result<std::string> make_uid();
// The uid of a record derived from others: the same for the same ones, in any order.
std::string derive_uid(std::vector<std::string> from);
bool is_uid(std::string_view text);
// The first characters of a uid, without the '@'.
std::string short_id(std::string_view uid, std::size_t length = 5);
// Normalises a (beginning of a) uid as typed: no '@', lower case, o as 0, i and l as 1. Malformed when it cannot be
// one.
Result<std::string> parse_uid_prefix(std::string_view text);

}  // namespace nw
