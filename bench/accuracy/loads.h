// The load of one run: sections with a load of their own, each a phase of the program, and one phase inside another.
#pragma once

#include <vector>

#include "bench/accuracy/draws.h"

namespace nw::accuracy {

struct PlayedPhase {
  std::string path;  // "p0", "p1/inner"
  Nanos begin{}, end{};
};

struct PlayedLoad {
  std::string workload;  // of the longest section
  std::vector<PlayedPhase> phases;
};

// Gives the node one job of this length, with what the node does before it, beside it and after it.
PlayedLoad draw_load(Random& random, sim::Scenario& node, double duration_s);

}  // namespace nw::accuracy
