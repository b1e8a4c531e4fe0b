// The sampler of a node's ranks: a process of its own that measures while any of them is there.
#pragma once

#include <functional>

#include "apps/cli/command.h"
#include "base/result.h"
#include "consumer/launcher.h"
#include "consumer/rank_group.h"
#include "record/record_fwd.h"

namespace nw::cli {

// Starts it, away from this process's children, streams and terminal. `describe` puts into its record what the rank
// that starts it knows. What it has to say to people goes to the last rank (RankGroup::finish).
Done start_sampler(RankGroup rank_group, const RunOptions& options, const LauncherInfo& launcher_info,
                   const std::function<void(pb::Record&)>& describe);

}  // namespace nw::cli
