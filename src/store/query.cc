#include "store/query.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/uid.h"

namespace nw {

namespace {
// The shortest length at which all of these differ; at least 5.
std::size_t compute_distinct_length(std::vector<std::string> uids) {
  std::sort(uids.begin(), uids.end());
  std::size_t length = 5;
  for (std::size_t i = 1; i < uids.size(); ++i) {
    const auto& [left, right] = std::tie(uids[i - 1], uids[i]);
    const auto differ = std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first;
    length = std::max(length, static_cast<std::size_t>(differ - left.begin()) + 1);
  }
  return length;
}
}  // namespace

Result<std::string> choose_id(std::string_view id, const std::vector<std::string>& candidates, std::string_view where) {
  if (candidates.empty()) return fail(ErrorKind::absent, fmt::format("{}: no run '{}'", where, id));
  if (candidates.size() == 1) return candidates.front();
  std::string list;
  const auto length = compute_distinct_length(candidates);
  for (std::size_t i = 0; i < candidates.size() && i < kMaxCandidates - 1; ++i)
    list += fmt::format("{}@{}", i == 0 ? "" : ", ", short_id(candidates[i], length));
  if (candidates.size() >= kMaxCandidates) list += ", ...";
  return fail(ErrorKind::malformed, fmt::format("{}: '{}' begins several runs: {}", where, id, list));
}

}  // namespace nw
