// Random scenarios: a node type, a workload, a duration from 1 s to 10 h, sensors that err as such sensors do, and in
// some a fault. The same seed and number give the same scenario.
#pragma once

#include <cstdint>

#include "sim/scenario.h"

namespace nw::accuracy {

struct Invented {
  sim::Scenario scenario;
  std::string node_type, workload, fault;  // "" for none
  double duration_s = 0;
};

Result<Invented> invent(std::uint64_t seed, std::uint64_t number);

}  // namespace nw::accuracy
