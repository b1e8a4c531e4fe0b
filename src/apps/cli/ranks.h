// Ranks: `run` in the processes of a parallel program (mpirun -n 8 nodewatt run ./app). Those of one node share one
// sampler (consumer/rank_group.h); each starts its own command, ends as that ends, and writes no record.
#pragma once

#include "apps/cli/command.h"
#include "base/result.h"
#include "consumer/launcher.h"
#include "record/record_fwd.h"

namespace nw::cli {

// Exit codes of `nodewatt` itself, when it does not return its command's, as in env(1).
inline constexpr int kOurFailure = 125, kNotExecutable = 126, kNotFound = 127;

// What the environment and the options state about other ranks.
LauncherInfo find_launcher_info(const RunOptions& options);
// Whether there may be other ranks on this node.
bool shares_node(const LauncherInfo& launcher_info, const RunOptions& options);
void write_launcher_info(const LauncherInfo& launcher_info, pb::Record& record);
int run_rank(const RunOptions& options, const LauncherInfo& launcher_info);

// In run.cc. Prints after a run; `style` is that of the final reader.
void print_run(const RunOptions& options, const std::vector<pb::Record>& records, const TextStyle& style);
int not_started(const Error& error, const RunOptions& options);

}  // namespace nw::cli
