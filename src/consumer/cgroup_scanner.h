// CgroupSnapshot: which jobs and steps are on this node at one sampling point, and what they have used so far,
// according to their cgroups.
//
// Nobody has to opt in and no command of a manager is called: a job's cgroup exists from before its first process to
// after its last. The name of the directory identifies the job and the kernel's counters give its use; nothing that a
// user can write is believed. Who the managers are and where their jobs lie is a table (finder.h): Slurm, with its
// job_<id> and, from 26.05 on, its SLUIDs, one slurmd on a machine or several; Kubernetes, whose pods are jobs and
// whose containers are steps. Cgroup v1 and v2.
//
// Cgroups mostly do not show which accelerators a job has. In v1 Slurm denies devices one by one, and the kernel then
// lists "a *:* rwm"; in v2 a BPF program decides. Hence the prolog's event (wire.h).
//
// In v1 a step's directory belongs to its user: after one mkdir in it, Slurm cannot remove the job's. A directory that
// has had no process for kAbandoned is therefore no job, until it has one again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/units.h"

namespace nw {

inline constexpr Nanos kAbandoned = seconds(10);

struct StepCgroupUsage {
  std::string id;            // "0", "batch", "extern", "interactive"; of a component of a het job "0+1"; a container's
  std::optional<Nanos> cpu;  // CPU time of all its processes so far
  auto operator<=>(const StepCgroupUsage&) const = default;
};

struct CgroupUsage {
  std::string manager;                        // whose finder found it: "slurm"; ids are its own
  std::string slurmd;                         // the node's name in Slurm, where the directories say it; else ""
  std::string id;                             // "4711"; a SLUID where the directory is named by one; a pod's uid
  std::optional<std::uint32_t> uid;           // whose; nothing while that is not known
  std::optional<Nanos> cpu;                   // CPU time of all its processes so far
  std::optional<std::uint64_t> memory;        // bytes that it holds now
  std::optional<std::uint64_t> memory_limit;  // bytes that it may hold; nothing: no limit of its own
  std::vector<unsigned> cpus;                 // logical CPUs that it may run on, ascending; empty: not restricted
  std::optional<std::vector<std::string>> device_nodes;  // that it may open, "195:0", "195:*"; nothing: not known
  // SLURM_JOB_GPUS as a process of the job started with it ("" without it), where this process may read that; without a
  // prolog there is no other source. The user can change it: used for lack of a better source, and for accelerators
  // alone.
  std::optional<std::string> gpus_said;
  std::vector<StepCgroupUsage> steps;  // ascending by id; extern among them
  std::optional<Nanos> start;          // of its oldest process, since boot; in the first snapshot of a scanner alone
  bool is_process_tree = false;        // and no job of a manager: no cgroup will ever confine it
  bool has_node = false;               // of a process tree: no other user has a process here
  auto operator<=>(const CgroupUsage&) const = default;
};

struct CgroupSnapshot {
  Nanos at{};                                        // monotonic, when it was begun
  std::vector<CgroupUsage> jobs;                     // ascending by manager, slurmd and id
  unsigned cpus = 0;                                 // logical CPUs of the node; 0: not known
  std::optional<Nanos> busy;                         // CPU time of everything on the node so far
  std::optional<std::uint64_t> memory, memory_used;  // bytes, of the node
};

struct CgroupScanOptions {
  std::string cgroup = "/sys/fs/cgroup";  // where cgroups are mounted
  std::string slurmd;                     // with several slurmd on this machine, this one's jobs alone; "": all
};

struct FoundProcess {
  std::string manager, slurmd, id;  // of its job, as in CgroupUsage
  std::string step;                 // "": in none of those that the last snapshot has
  bool operator==(const FoundProcess&) const = default;
};

struct JobCgroups;  // finder.h

class CgroupScanner {
 public:
  CgroupScanner(Host& host, CgroupScanOptions options);
  ~CgroupScanner();

  // Cheap: a few small files a job. If a directory vanishes meanwhile, the job is left out if its directory could not
  // be listed any more, else it lacks what was not read.
  void take(CgroupSnapshot& cgroups);
  // What to watch (inotify: IN_CREATE, IN_DELETE; cgroup file systems report both), as of the last cgroup snapshot: the
  // directories whose entries are users, jobs and steps, and those in which Slurm's own will appear. They existed then.
  const std::vector<std::string>& directories() const { return directories_; }
  // Which job a process is in: of this user's jobs in the last cgroup snapshot the one in whose directories it is now.
  // Nothing when it is in none, and where its user has more directories than a search may take. Not cheap: a walk
  // through the directories of all jobs of this user, for a program that attaches.
  std::optional<FoundProcess> find_process(std::uint32_t pid, std::uint32_t uid) const;

 private:
  struct Known;
  CgroupUsage read_job(const JobCgroups& place, Known& known, Nanos now);
  std::optional<std::uint32_t> find_uid(const JobCgroups& place, Known& known, Nanos now);
  void read_node(CgroupSnapshot& cgroups);

  Host& host_;
  std::vector<std::string> directories_;
  struct State;  // what is remembered from one cgroup snapshot to the next
  std::unique_ptr<State> state_;
};

}  // namespace nw
