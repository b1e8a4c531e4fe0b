// Likeness: what two variants have in common that their sensors' errors depend on: the sensors themselves, and how hard
// both load them.
#pragma once

#include <optional>
#include <string>

#include "study/run_group.h"

namespace nw {

// How far a gain moves from no load to full load: a standard uncertainty, relative (ratio.h says from what).
inline constexpr double kGainByLoad = 0.01;

struct Likeness {
  bool same_sensors = false;  // one node, read by the same sensors, nothing modelled: a common error affects both alike
  double load_difference = 0;  // of their mean powers, over the full power of what was measured; 0..1
};

// One variant's load. Full power is the highest that is known of what its total includes, in any of its runs: the
// sensors' own range is in no record, and a smaller range makes the difference larger, never smaller.
struct Load {
  std::string sensors;  // the node and its sensors as a key; empty where the runs do not share them
  std::optional<double> watts, full_w;
};
// `is_whole`: the energies are of everything that the totals include, so that the totals' highest power is theirs.
Load make_load(const RunGroup& run_group, std::optional<double> mean_w, bool is_whole = true);

// Where a power is unknown, as if the two were the whole range apart.
Likeness compute_likeness(const Load& a, const Load& b);

}  // namespace nw
