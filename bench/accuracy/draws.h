// What scenarios are drawn from: how the sensors of a node err, and what a node may have to do.
#pragma once

#include <random>
#include <string>

#include "sim/scenario.h"

namespace nw::accuracy {

using Random = std::mt19937_64;
double uniform(Random& random, double low, double high);
double log_uniform(Random& random, double low, double high);
Nanos of_seconds(double s);

// `node` gives what stays with a node (gains, offsets, clocks), `run` what each run finds anew (where its begin falls
// between two refreshes, what the counters hold).
void draw_sensors(Random& node, Random& run, sim::Scenario& scenario);

// Iterations, dips between epochs, stalls; before and after the job other work or none. Says what kind of load it is.
std::string draw_workload(Random& random, sim::Scenario& scenario, double duration_s);

// Takes the sensors of the whole node away: the sum of the parts is all there is.
void without_node_sensors(sim::Scenario& scenario);

}  // namespace nw::accuracy
