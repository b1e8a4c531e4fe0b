// RunGroup: the runs of one variant in a comparison: the repeats of one command, one run alone, the runs on one node
// type or with one label, or one phase of any of these. Knows what its energies include, and what it does not have in
// common with the other variants.
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

// What puts runs into one variant.
enum class GroupBy : unsigned char {
  group,          // repeats of one command; a run without repeats is a variant of its own
  node_type,      // node_type.h
  configuration,  // name, node type, labels and the program's settings
  placement,      // node type, and whether its accelerators were used (accelerators.h)
  phase,          // each outermost phase of a group is a variant
  label,          // the value of one label or setting
};

// What an energy includes: figures of different scope cannot be ranked.
struct Scope {
  pb::Boundary boundary{};        // wall or node_dc: the whole node, and the fields below are empty
  std::set<std::string> domains;  // of the parts that were summed, GPUs apart
  enum class Gpus : unsigned char { all, missing } gpus = Gpus::all;  // a node without GPUs counts as `all`
  bool operator==(const Scope&) const = default;
  bool is_node() const;
};
Scope compute_scope(const pb::Record& record);

struct RunGroup {
  std::string label;  // foreign text; unique among the variants of one comparison
  std::string phase;  // the figures are those of this phase; empty: of the run
  std::vector<const pb::Record*> runs;
  std::size_t failed = 0;  // further ones that did not end well, or whose energy includes attempts that did not
  const pb::Record& first() const { return *runs.front(); }
};

// Ended by a signal or with a code other than 0, or lost its measurement on the way: it did less work than intended.
bool has_failed(const pb::Record& record);

// In the order of first occurrence. Warm-ups, failed runs and restarted jobs are left out unless a variant has nothing
// else. `key` is GroupBy::label's.
std::vector<RunGroup> make_run_groups(std::span<const pb::Record* const> records, GroupBy by = GroupBy::group,
                                      std::string_view key = {});

Measurements measurements(const RunGroup& run_group, std::string_view phase);

// A unit of work in one phase (empty: the run itself) that every variant has done.
struct SharedWork {
  std::string phase;
  std::string unit;
};
std::vector<SharedWork> shared_work(const std::vector<RunGroup>& run_groups);
// The measurements of this work: of the variant's own phase where it is a phase.
Measurements measurements(const RunGroup& run_group, const SharedWork& work);

// A property of machine, program or setting that is not the same in all variants: a possible cause.
struct Difference {
  std::string what;                 // "host", "NVIDIA driver", "batch_size"
  std::vector<std::string> values;  // one a variant; empty: unknown; several within a variant are joined by ", "
};
std::vector<Difference> compute_differences(const std::vector<RunGroup>& run_groups);

}  // namespace nw
