// Random draws for scenarios: how the sensors of a node err, and what load a node has.
#pragma once

#include <random>
#include <string>

#include "sim/scenario.h"

namespace nw::accuracy {

using Random = std::mt19937_64;
double uniform(Random& random, double low, double high);
double log_uniform(Random& random, double low, double high);
bool happens(Random& random, double probability);
Nanos of_seconds(double s);

// `node` draws what is fixed for a node (gains, offsets, clocks), `run` what differs between runs (where between two
// updates a run begins, what the counters hold).
void draw_sensors(Random& node, Random& run, sim::Scenario& scenario);
// The second alone: the same sensors in another run.
void draw_readings(Random& run, sim::Scenario& scenario);

// Whether its gain lies outside of what its kind states of itself: beyond the limit, or beyond 1.96 standard
// deviations.
bool is_outside_stated(const sim::Instrument& sensor);

// Iterations, dips between epochs, stalls; before and after the job other work or none. Returns the kind of load.
std::string draw_workload(Random& random, sim::Scenario& scenario, double duration_s);

// Whether it looks at the whole node.
bool is_of_node(const sim::Instrument& sensor);
// Removes the sensors of the whole node, so that the total is the sum of the parts.
void without_node_sensors(sim::Scenario& scenario);

}  // namespace nw::accuracy
