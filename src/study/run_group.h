// RunGroup: the runs that stand for one side of a comparison: the repeats of one command, one run alone, the runs on
// one node type or with one label, or one phase of any of these. Knows what its energies take in, and what it does not
// have in common with the other sides.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/record_fwd.h"
#include "study/repeats.h"

namespace nw {

// What makes runs one side.
enum class GroupBy : unsigned char {
  group,          // repeats of one command; a run without repeats is a side of its own
  node_type,      // node_type.h
  configuration,  // name, node type, labels and what the program said of its setting
  placement,      // node type, and whether its accelerators worked (accelerators.h)
  phase,          // each outermost phase of a group is a side
  label,          // the value of one label or setting
};

// What an energy takes in: figures of different scope cannot be ranked.
struct Scope {
  pb::Boundary boundary{};        // plug or node_dc: the whole node, and the rest here is empty
  std::set<std::string> domains;  // of the parts that were summed, GPUs apart
  enum class Gpus : unsigned char { all, missing } gpus = Gpus::all;  // no GPU in the node is as good as all of none
  bool operator==(const Scope&) const = default;
  bool is_node() const;
};
Scope compute_scope(const pb::Record& record);

struct RunGroup {
  std::string label;  // foreign text; the sides of one comparison all have their own
  std::string phase;  // the figures are those of this phase; empty: of the run
  std::vector<const pb::Record*> runs;
  std::size_t failed = 0;  // further ones, that did not end well
  const pb::Record& first() const { return *runs.front(); }
};

// Ended by a signal or with a code other than 0, or lost its measurement on the way: it did less than it was to do.
bool has_failed(const pb::Record& record);

// In the order of first occurrence. Warm-ups and failed runs are left out unless a side has nothing else. `key` is
// GroupBy::label's.
std::vector<RunGroup> make_run_groups(std::span<const pb::Record* const> records, GroupBy by = GroupBy::group,
                                      std::string_view key = {});

Measurements measurements(const RunGroup& run_group, std::string_view phase);

// One node, read by the same sensors, nothing modelled: their common error moves both sides alike.
bool same_sensors(const RunGroup& a, const RunGroup& b);

// A unit of work in one phase (empty: the run itself) that every side has done.
struct SharedWork {
  std::string phase;
  std::string unit;
};
std::vector<SharedWork> shared_work(const std::vector<RunGroup>& run_groups);
// The excerpts of this work: of the side's own phase where it is a phase.
Measurements measurements(const RunGroup& run_group, const SharedWork& work);

// Something of machine, program or setting that is not the same on all sides: a possible cause.
struct Difference {
  std::string what;                 // "host", "NVIDIA driver", "batch_size"
  std::vector<std::string> values;  // one a side; empty: unknown; several within a side are joined by ", "
};
std::vector<Difference> compute_differences(const std::vector<RunGroup>& run_groups);

}  // namespace nw
