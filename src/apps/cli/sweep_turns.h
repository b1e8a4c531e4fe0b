// The turns of a sweep: each run of each point, one after the other, in the order of the state; after each the state is
// kept.
#pragma once

#include <optional>
#include <string>

#include "apps/cli/command.h"
#include "apps/cli/sweep_dir.h"
#include "apps/cli/sweep_gpus.h"
#include "apps/cli/sweep_state.h"
#include "site/site.h"

namespace nw::cli {

struct TurnsEnd {
  std::optional<int> told;      // the signal that ended it
  std::optional<int> given_up;  // the exit code of a sweep that cannot go on; what is wrong was said
};

// Where a run's output goes: "logs/003-1.log", point and repeat counted from 1; warm-ups "logs/003-w1.log".
std::string log_name(const Turn& turn, bool warmup = false);

// `options.run` is what the runs share; `dir` holds the state and gets the logs. `gpus` may be nothing.
TurnsEnd run_turns(const SweepOptions& options, const Site& site, const SweepDir& dir, SweepState& state,
                   SweptGpus* gpus);

}  // namespace nw::cli
