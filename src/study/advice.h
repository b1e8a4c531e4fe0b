// Advice: what one more run of a workload would take on each of a cluster's partitions, from the stored runs of it.
// Nothing is extrapolated from one node type to another: where the workload never ran, nothing is known. Rows whose
// energies do not clearly differ, by tests over all pairs of rows (pairwise.h), are one group: none of them is advised
// before another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/record_fwd.h"
#include "study/pairwise.h"
#include "study/run_group.h"
#include "study/values.h"

namespace nw {

// One partition, as a site or a user describes it.
struct Partition {
  std::string name;       // Slurm's
  std::string node_type;  // as nodewatt names it, with * and ?; several partitions may have one type
  std::string options;    // further options of sbatch
  unsigned gpus = 0;      // requested where the workload used accelerators
  std::optional<double> price_per_node_hour;
};

struct Advice {
  const Partition* partition = nullptr;
  std::string placement;  // of the runs it is based on; empty: none, nothing is known
  Scope scope;            // what the energies include
  bool played = false;    // from simulated machines
  bool uses_gpus = false;
  std::size_t n = 0;
  // For one more run of the requested size, each with a 95 % interval for that run; without one if there is only a
  // single run (its scatter is not known).
  Amount joules, seconds;
  Amount energy_cost, node_cost;  // unknown without their price
  bool by_amount = false;         // scaled by the work, since the runs did different amounts of it
  bool other_settings = false;    // some of the runs had different settings from the requested run's
  pb::Kind kind{};
  std::size_t group = 0;  // from 1, least energy first; no two of a group differ clearly; 0: not ranked
};

struct Advised {
  std::vector<Advice> rows;
  bool is_ranked = false;    // the known rows are comparable
  std::size_t compared = 0;  // rows whose energy is known
  std::size_t tests = 0;     // pairs of them that could be tested: both with two runs or more
  std::size_t groups = 0;
};

// For the workload of `run`, by name and program, in the size of `run`; `records` may contain anything. At least one
// row a partition, one more for each placement on it; by group, those with least energy first, within a group in the
// partitions' own order, the unknown last; all in the partitions' own order where the rows are not comparable.
Advised advise(const pb::Record& run, std::span<const pb::Record* const> records, std::span<const Partition> partitions,
               std::optional<double> price_per_kwh);

// Whether the known rows include the same things, all measured or all estimated, all real or all simulated.
bool are_comparable(std::span<const Advice> all);

}  // namespace nw
