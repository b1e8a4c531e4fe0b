// FunctionOfPower: the energy of something whose power is a function of other parts' power, and not a linear one: the
// power supplies at the wall, a sensor whose gain depends on the load.
//
// Its energy is no function of their energy, so it is summed over cells: within a cell the power is f(mean power of the
// cell). Where nothing but slow noise changes, a cell is a whole step of that noise and the sum is exact; where an
// iteration train or a ramp runs, a cell is at most `smoothing` long, which is by definition what is responded to, not
// an approximation. Sums are stored at the beginning of each block (a step of noise, cut where any component's segment
// begins); a query walks the cells of one block.
#pragma once

#include <functional>
#include <vector>

#include "sim/track.h"

namespace nw::sim {

class FunctionOfPower {
 public:
  using Function = std::function<double(double watts)>;
  // `tracks`: the parts, which must stay where they are. `step`: of their slow noise.
  FunctionOfPower(Function of, std::vector<const Track*> tracks, Nanos smoothing, Nanos step, Nanos end);
  double energy(Nanos t) const;  // J since time 0, negative before

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

  Function of_;
  std::vector<const Track*> tracks_;
  Nanos smoothing_;
  std::vector<Nanos> blocks_;  // beginnings; the last one is the end
  std::vector<double> sums_;
};

}  // namespace nw::sim
