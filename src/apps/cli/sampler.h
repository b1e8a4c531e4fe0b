// The sampler of a node's ranks: a separate process that measures while any of them runs.
#pragma once

#include <functional>

#include "apps/cli/command.h"
#include "base/result.h"
#include "consumer/launcher.h"
#include "consumer/rank_group.h"
#include "record/record_fwd.h"

namespace nw::cli {

// Starts it, detached from this process's children, streams and terminal. `describe` puts into its record what the rank
// that starts it knows. Its messages to the user go to the last rank (RankGroup::finish).
Done start_sampler(RankGroup rank_group, const RunOptions& options, const LauncherInfo& launcher_info,
                   const std::function<void(pb::Record&)>& describe);

}  // namespace nw::cli
