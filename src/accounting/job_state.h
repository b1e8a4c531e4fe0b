// JobState: a job that runs on this node, or whose last interval is not closed yet: who it is, and its energies.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "accounting/checkpoint_accumulator.h"
#include "accounting/energy_accumulator.h"
#include "accounting/job_timeline.h"
#include "accounting/phases.h"
#include "base/anomalies.h"
#include "consumer/cgroup_scanner.h"
#include "record/record.pb.h"

namespace nw {

struct StepTotals {
  explicit StepTotals(std::size_t meters) : accumulator(meters) {}

  Nanos begin{};
  std::optional<Nanos> end;        // nothing: it runs
  std::optional<Nanos> cpu_begin;  // of its cgroup, when it was first read
  std::optional<Nanos> cpu;        // and last
  std::string phase;               // as the user named it
  unsigned period_ms = 0;          // how often its user wants sensors read; 0: not given
  EnergyAccumulator accumulator;
};

// The highest mean power of one meter's share over a step of the length that its owner may see (finest_step).
struct Peak {
  Joules energy;  // of the current step
  Nanos time{};
  std::optional<Watts> most;

  void add(Joules its, Nanos over, Nanos step);
};

// The sums of a job.
struct JobTotals {
  explicit JobTotals(std::size_t meters = 0);

  std::vector<EnergyAccumulator> by_policy;  // in the order of kPolicies
  std::map<std::string, StepTotals> steps;
  EnergyAccumulator loose;               // what ran outside steps
  std::map<std::string, Phases> phases;  // of the steps whose programs report any
  std::vector<Peak> peaks;               // one a meter
  JobTimeline timeline;
  Nanos until{};  // settled up to here
};

// The shortest step of time for which the owner of a running job is shown an energy (CVE-2020-8694: power reveals what
// a processor computes, and on a shared node what others' jobs do).
constexpr Nanos finest_step(bool exclusive) { return exclusive ? seconds(1) : seconds(10); }
inline constexpr Nanos kEarly = millis(20);  // by how much a tick may come before its step is over

// Slurm shows this cgroup as a step, but it is its own and holds none of the user's programs.
inline constexpr const char* kExternStep = "extern";

struct JobState {
  explicit JobState(std::size_t meters) : own(meters), published(meters) {}

  std::string slurmd, id;  // as the cgroup snapshot names it
  Nanos begin{};
  std::optional<Nanos> end;
  pb::Record record;  // uid, start, and Job as far as it is known
  JobTotals own;
  JobTotals published;  // what its owner is shown while it runs: a copy made at a tick of the daemon's clock

  CgroupUsage use;                           // as last read
  bool seen = false;                         // in a cgroup snapshot; else it is known from an event only
  bool shared = false;                       // at some time it did not have the whole node to itself
  std::vector<std::optional<bool>> devices;  // which accelerators are its own; nothing: not known
  std::vector<bool> worked;                  // those on which a process was seen
  std::optional<std::string> gpus;           // their numbers on the node, from Slurm; "": none; nothing: not stated
  std::vector<AnomalyCounts> anomalies;      // of each meter, when it began
  bool looked = false;                       // whether processes were ever looked for
  std::optional<double> rate;                // CPU time a second, over the last interval; nothing: not known
  bool missed_cpu_time = false;              // its CPU time could not be read at the last sampling point
  // What could not be read at some time although it was needed.
  bool lacked_cpu_time = false, lacked_memory = false, lacked_owner = false;
  AnomalyCounts noted;      // of what its programs report
  bool has_client = false;  // the process tree of a run, whose client has its record: it is not kept besides

  bool is(const std::string& asked) const;  // whether the user means this job by `asked`
};

// How much the programs of a step may report; `others`: steps of the same user that do.
PhaseLimits limits_of_step(std::size_t others);

// The names by which a job may be asked for: its id, SLUID, place in an array or a heterogeneous job, and the whole
// array.
std::vector<std::string> names_of(const pb::Job& job);

void write_job_state(const JobState& job, pb::CheckpointJob& out);
// `others`: steps of the same user that report, of the jobs before.
JobState read_job_state(const pb::CheckpointJob& in, const SavedOrder& order, std::size_t devices, std::size_t others);

}  // namespace nw
