// The records that a command's arguments name: of the user's store (an id, @7f3k2, last), and jobs that node daemons
// know: job:4711, and all other names of `nodewatt job` behind "job:".
#pragma once

#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"
#include "store/query.h"

namespace nw::cli {

// In the order of the ids. Opens the store only if something is to be found there. Absent when a name has no record.
Result<std::vector<pb::Record>> find_named(const Query& query);

}  // namespace nw::cli
