// What the methods in use today compute from the same sensors, by their published formulae, named by method.
#pragma once

#include <map>
#include <string>

#include "sim/machine.h"

namespace nw::accuracy {

struct Estimate {
  double joules = 0;
  double should_be = 0;  // the true value for the method: through the sensors' gain where it reads sensors
};

// By name; a method that this node's sensors do not allow is left out. `phase` in 0..1 is the phase of the polling
// clock.
std::map<std::string, Estimate> estimate(const sim::Machine& machine, double phase);

}  // namespace nw::accuracy
