// Census: which jobs and steps are on this node at one moment, and what they have used so far, as Slurm's cgroups say.
//
// No one has to opt in and no Slurm command is asked: a job's cgroup exists from before its first process to after its
// last. The name of the directory is the job's identity and the kernel's counts are its use; nothing that a user can
// write is believed. Layouts: Slurm's job_<id> and, from 26.05 on, its SLUIDs; cgroup v1 and v2; one slurmd on a
// machine or several (census_layout.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/units.h"

namespace nw {

struct StepUse {
  std::string id;            // "0", "batch", "extern", "interactive"
  std::optional<Nanos> cpu;  // CPU time of all its processes so far
  auto operator<=>(const StepUse&) const = default;
};

struct JobUse {
  std::string slurmd;                         // the node's name in Slurm, where several slurmd share a machine; else ""
  std::string id;                             // "4711"; a SLUID where the directory is named by one
  std::optional<std::uint32_t> uid;           // whose; nothing while nobody knows
  std::optional<Nanos> cpu;                   // CPU time of all its processes so far
  std::optional<std::uint64_t> memory;        // bytes that it holds now
  std::optional<std::uint64_t> memory_limit;  // bytes that it may hold; nothing: no limit of its own
  std::vector<unsigned> cpus;                 // logical CPUs that it may run on, ascending; empty: it is not confined
  std::optional<std::vector<unsigned>> gpus;  // minor numbers of NVIDIA devices that it may open; nothing: not known
  std::vector<StepUse> steps;                 // ascending by id; extern among them
  auto operator<=>(const JobUse&) const = default;
};

struct Census {
  Nanos at{};                                        // monotonic, when it was begun
  std::vector<JobUse> jobs;                          // ascending by slurmd and id
  unsigned cpus = 0;                                 // logical CPUs of the node; 0: not known
  std::optional<Nanos> busy;                         // CPU time of everything on the node so far
  std::optional<std::uint64_t> memory, memory_used;  // bytes, of the node
};

// Where the jobs of one slurmd are: directories whose coming and going is a job's, for whoever wants to wake by it.
struct CensusOptions {
  std::string cgroup = "/sys/fs/cgroup";  // where cgroups are mounted
  std::string slurmd;                     // of several slurmd on this machine, this one's alone; "": all
};

class CensusTaker {
 public:
  CensusTaker(Host& host, CensusOptions options);

  // Cheap: a few small files a job. A directory that vanishes meanwhile is a job without what was not read.
  void take(Census& census);
  // The directories whose entries are jobs, and those whose entries are steps, as of the last census; they exist.
  const std::vector<std::string>& directories() const { return directories_; }

 private:
  Host& host_;
  CensusOptions options_;
  std::vector<std::string> directories_;
};

}  // namespace nw
