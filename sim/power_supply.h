// PowerSupply: the AC power of the power supplies for the node's DC power.
//
// The loss is not linear in power, so the energy at the wall is not a function of the node's energy. It is summed over
// cells: within a cell the wall power is f(mean DC power of the cell). Where nothing but slow noise changes, a cell is
// a whole step of that noise and the sum is exact; where an iteration train or a ramp runs, a cell is at most
// Supply::smoothing long, which is by definition what the supply responds to, not an approximation. Sums are stored at
// the beginning of each block (a step of noise, cut where any component's segment begins); a query walks the cells of
// one block.
#pragma once

#include <vector>

#include "sim/track.h"

namespace nw::sim {

class PowerSupply {
 public:
  PowerSupply(const Supply& supply, const std::vector<Track>& tracks, Nanos step, Nanos end);
  double energy(Nanos t) const;        // J since time 0, negative before
  double power_of(double dc_w) const;  // the curve alone

 private:
  struct Wave {
    Train train;
    double swing;
  };
  // The sum of all components in a block.
  struct Mix {
    double level = 0, slope = 0;  // W at the block's beginning, W/s
    std::vector<Wave> waves;
    double energy(Nanos from, Nanos to, Nanos begin) const;
  };
  Mix mix_at(Nanos begin) const;
  // The energy of [begin, upto) of the block that ends at `end`.
  double walk(const Mix& mix, Nanos begin, Nanos upto, Nanos end) const;

  Supply supply_;
  const std::vector<Track>* tracks_;  // the machine's
  std::vector<Nanos> blocks_;         // beginnings; the last one is the end
  std::vector<double> sums_;
};

}  // namespace nw::sim
