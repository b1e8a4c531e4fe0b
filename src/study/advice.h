// Advice: what one more run of a workload would take on each of a cluster's partitions, from the runs of it that are
// kept. Nothing is carried over from one node type to another: where the workload never ran, nothing is known.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/record_fwd.h"
#include "study/run_group.h"
#include "study/values.h"

namespace nw {

// One partition, as a site or a user describes it.
struct Partition {
  std::string name;       // Slurm's
  std::string node_type;  // as nodewatt names it, with * and ?; several partitions may have one type
  std::string options;    // further options of sbatch
  unsigned gpus = 0;      // to be asked for where the workload used accelerators
  std::optional<double> price_per_node_hour;
};

struct Advice {
  const Partition* partition = nullptr;
  std::string placement;  // of the runs behind it; empty: none, nothing is known
  Scope scope;            // what the energies take in
  bool played = false;    // no machine took them
  bool uses_gpus = false;
  std::size_t n = 0;
  // Of one more run of the asked-for size, each with a 95 % interval for that run; without one from a single run alone
  // (its scatter is not known).
  Amount joules, seconds;
  Amount energy_cost, node_cost;  // unknown without their price
  bool by_amount = false;         // scaled by the work, since the runs did other amounts of it
  bool other_settings = false;    // some of the runs said another set-up than the asked-for run
  pb::Kind kind{};
};

// For the workload of `run`, by name and program, in the size of `run`; `records` may hold anything. At least one row a
// partition, one more for each placement on it; those with least energy first, the unknown last; in
// the partitions' own order where the rows are not comparable.
std::vector<Advice> advise(const pb::Record& run, std::span<const pb::Record* const> records,
                           std::span<const Partition> partitions, std::optional<double> price_per_kwh);

// Whether the known rows take in the same things, all measured or all estimated, all real or all played.
bool are_comparable(std::span<const Advice> all);

}  // namespace nw
