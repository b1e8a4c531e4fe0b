#include "base/snmp.h"

#include <limits>

#include "base/parse.h"

namespace nw {

std::optional<std::vector<std::uint32_t>> parse_oid(std::string_view text) {
  constexpr std::size_t kMost = 128;  // RFC 2578, 3.5
  if (!text.starts_with('.')) return std::nullopt;
  std::vector<std::uint32_t> oid;
  for (const auto field : split(text.substr(1), '.')) {
    const bool digits = !field.empty() && field.find_first_not_of("0123456789") == field.npos;
    const auto number = digits ? parse_u64(field) : std::nullopt;
    if (!number || *number > std::numeric_limits<std::uint32_t>::max() || oid.size() == kMost) return std::nullopt;
    oid.push_back(static_cast<std::uint32_t>(*number));
  }
  // The limits of the first two numbers, which BER encodes together.
  if (oid.size() < 2 || oid[0] > 2 || (oid[0] < 2 && oid[1] > 39)) return std::nullopt;
  return oid;
}

}  // namespace nw
