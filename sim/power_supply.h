// PowerSupply: the AC power of the power supplies for the node's DC power. The loss is not linear in power; what the
// supplies respond to is the mean over Supply::smoothing.
#pragma once

#include <vector>

#include "sim/function_of_power.h"

namespace nw::sim {

class PowerSupply {
 public:
  PowerSupply(const Supply& supply, const std::vector<Track>& tracks, Nanos step, Nanos end);
  double energy(Nanos t) const { return wall_.energy(t); }  // J since time 0, negative before

 private:
  FunctionOfPower wall_;
};

// The curve alone.
double wall_power(const Supply& supply, double dc_w);

std::vector<const Track*> all_of(const std::vector<Track>& tracks);

}  // namespace nw::sim
