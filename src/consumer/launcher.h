// LauncherInfo: what the launcher of a parallel program states to each of its processes, the ranks, through the
// environment.
//
// One table, kLaunchers in launcher.cc, holds the variables of each launcher. They give two identities. `job` is the
// same in all ranks on all nodes: records of several nodes that carry it belong together. Where a launcher gives no
// such name (MPICH's and Intel's Hydra outside Slurm), ranks of one node still find each other by the process that
// started them (find_launcher). Variables of an allocation alone (SLURM_JOB_ID and SLURM_NTASKS of a batch script) do
// not make a rank: the script is one process, whatever it will start.
//
// A program that was restarted has how often: by torchrun, whose agent on each node counts its own workers' failures
// (so that nodes of one attempt may differ), and by Slurm, which requeues the whole job. torchrun may choose another
// master and port for each attempt, and `job` changes with them; `restart_key` is what stays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/host.h"
#include "consumer/environment.h"

namespace nw {

struct LauncherInfo {
  std::string_view launcher;                            // "slurm"; empty: not a rank of a parallel program
  const char* source_variable = "";                     // the variable that gives the rank
  std::string job;                                      // "slurm-1234.0"; empty: no variable identifies this program
  std::optional<std::uint32_t> rank, size;              // of all ranks
  std::optional<std::uint32_t> local_rank, local_size;  // of those on this node
  std::optional<std::uint32_t> node;                    // which of the program's nodes this is
  std::optional<std::uint32_t> attempt;                 // restarts before this one, by the launcher
  std::optional<std::uint32_t> requeue;                 // and by the resource manager
  std::string restart_key;                              // "torchrun-myjob"; empty: `job` is all there is

  // One of several ranks, as far as is known.
  bool is_parallel() const { return !launcher.empty() && size.value_or(2) > 1; }
};

LauncherInfo read_launcher_info(const Environment& environment);

// The nearest ancestor of process `pid` that is no rank, because its environment lacks `variable` or may not be read:
// "pid-start", the same for all ranks that it started on this node. Reads /proc through the host.
Result<std::string> find_launcher(Host& host, std::uint64_t pid, std::string_view variable);

// Foreign text as a part of a file's name and of a job's name: letters, digits and "._:@+-"; the rest becomes '_'.
std::string plain_key(std::string_view text);

// Slurm's short form of the tasks on each node, "2(x3),1": those on node `node`; nothing when it is malformed.
std::optional<std::uint32_t> parse_tasks_per_node(std::string_view text, std::uint32_t node);

}  // namespace nw
