// One run of a machine, drawn at random: its length, its load, how late the sampling thread comes, a fault or none. The
// same random numbers give the same run.
#pragma once

#include "bench/accuracy/loads.h"

namespace nw::accuracy {

struct PlayedRun {
  sim::Scenario scenario;
  PlayedLoad load;
  double duration_s = 0;
  double late_s = 0;  // a sample set in forty comes up to this late; 0: none
  std::string fault;  // "" for none
};

// Of `node`, a machine of make_node.
PlayedRun draw_run(Random& random, const sim::Scenario& node, double shortest_s, double longest_s, bool with_fault);

}  // namespace nw::accuracy
