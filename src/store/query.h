// Query: which records are wanted, in the same form for every store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"

namespace nw {

struct Query {
  // Each one: a unique beginning of a record's uid ("@7f3k2", "7f3k2"); of a group's uid, for all its repeats; or
  // "last", the newest record. Results come in this order, a group's newest first, nothing twice, and `limit` does not
  // cut them. Without ids: all records, newest first.
  std::vector<std::string> ids;

  // Filters, all of which must hold, with ids too.
  std::string name;                                         // the record's whole name; empty: any
  std::vector<std::pair<std::string, std::string>> labels;  // key and value
  std::string job;                            // job or restart key, or the part after the launcher's name; empty: any
  std::optional<std::uint32_t> user;          // jobs of this uid; nothing: any, and records that are not jobs
  std::optional<std::int64_t> since_unix_ns;  // started at or after
  std::optional<std::int64_t> until_unix_ns;  // started before
  // Key (name, host, program, node-type, state, label.KEY, setting.KEY) and pattern, with * and ?.
  std::vector<std::pair<std::string, std::string>> patterns;

  std::size_t limit = 20;  // 0: no limit
  // Records come without Record::timeline: it is half of what is read, and comparing needs none.
  bool without_timeline = false;
};

// Whether a record fits all of these patterns.
bool fits(const pb::Record& record, const std::vector<std::pair<std::string, std::string>>& patterns);

inline constexpr std::string_view kLast = "last";
// The number of candidates that a store needs to look up for choose_id.
inline constexpr std::size_t kMaxCandidates = 9;

// The one uid that `id` means, among all that begin with it (or the first kMaxCandidates of them). Absent when there is
// none; malformed, with a list of them, when there are several. `where` names the store.
Result<std::string> choose_id(std::string_view id, const std::vector<std::string>& candidates, std::string_view where);

}  // namespace nw
