// Two variants to be compared, drawn at random: on one node, on two nodes of a type, or on two types whose totals
// include the same. Each has a load of its own, or both the same, and its runs differ as real ones do: in power and in
// time, by lognormal factors, and in what is random anyway (stalls, noise, where between two updates a run begins). The
// same seed and numbers give the same pair.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace nw::accuracy {

enum class Where : unsigned char { one_node, two_nodes, two_types };
std::string_view name(Where where);

struct PlayedSide {
  sim::Scenario node;  // its sensors with their errors, its pieces with their mean values
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

// The same load on so many nodes of one type, each with sensors that err in their own way; on one node where it is 1.
Result<std::vector<PlayedSide>> invent_alike(std::size_t nodes, std::uint64_t seed, std::uint64_t number);

// One run of a variant. `power` and `time`: by how many sigmas its load is larger and longer than the mean.
sim::Scenario make_run(const PlayedSide& side, std::uint64_t seed, double power, double time);

}  // namespace nw::accuracy
