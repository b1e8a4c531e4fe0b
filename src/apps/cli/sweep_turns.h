// The runs of a sweep, one after the other, in the order of the state; after each the state is saved.
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
  std::optional<int> told;      // the terminating signal that ended it
  std::optional<int> given_up;  // the exit code of a sweep that cannot continue; the reason has been printed
};

// The file for a run's output: "logs/003-1.log", point and repeat counted from 1; warm-ups "logs/003-w1.log".
std::string log_name(const Turn& turn, bool warmup = false);

// `options.run` has what the runs share; `dir` contains the state and gets the logs. `gpus` may be null.
TurnsEnd run_turns(const SweepOptions& options, const Site& site, const SweepDir& dir, SweepState& state,
                   SweptGpus* gpus);

}  // namespace nw::cli
