// Two sides to be compared, at random: on one node, on two nodes of a type, or on two types whose totals take in the
// same. Each side has a load of its own, or both the same, and its runs differ as real ones do: in power and in time,
// by lognormal factors, and in what is random in them anyway (stalls, noise, where a run begins between two refreshes).
// The same seed and numbers give the same.
#pragma once

#include <cstdint>
#include <string>

#include "sim/scenario.h"

namespace nw::accuracy {

enum class Where : unsigned char { one_node, two_nodes, two_types };
std::string_view name(Where where);

struct PlayedSide {
  sim::Scenario node;  // its sensors as they err, its pieces as they are in the mean
  std::string node_type, host, workload;
  double duration_s = 0;
  double power_sigma = 0, time_sigma = 0;  // of the logarithm, from run to run
};

struct Pair {
  Where where = Where::one_node;
  bool is_same_load = false;
  PlayedSide a, b;
};

Result<Pair> invent_pair(Where where, std::uint64_t seed, std::uint64_t number);

// A run of a side. `power` and `time`: by how many sigmas its load is larger and longer than in the mean.
sim::Scenario make_run(const PlayedSide& side, std::uint64_t seed, double power, double time);

}  // namespace nw::accuracy
