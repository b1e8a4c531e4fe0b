// CumulativeEnergy: the running sums of one sensor up to one point in time. The difference of two cumulative energies
// is all that is known about an interval, and because every sum telescopes, the parts of a split interval add up to the
// whole, to the microjoule.
#pragma once

#include "base/units.h"

namespace nw {

struct CumulativeEnergy {
  Joules energy;     // everything, fills included
  Joules filled;     // what was filled in for time that was not measured
  Nanos covered;     // time that was measured
  double steps = 0;  // sum of (time step x power step)^2 over samples of power, J^2
  double count = 0;  // samples of power, and their sum, sum of squares and of products with the one before (W):
  double sum = 0;    // input to the lag-1 autocorrelation of a sampled power
  double squares = 0;
  double products = 0;

  friend CumulativeEnergy operator-(const CumulativeEnergy& a, const CumulativeEnergy& b) {
    return {a.energy - b.energy, a.filled - b.filled, a.covered - b.covered, a.steps - b.steps,
            a.count - b.count,   a.sum - b.sum,       a.squares - b.squares, a.products - b.products};
  }
  friend CumulativeEnergy operator+(const CumulativeEnergy& a, const CumulativeEnergy& b) {
    return {a.energy + b.energy, a.filled + b.filled, a.covered + b.covered, a.steps + b.steps,
            a.count + b.count,   a.sum + b.sum,       a.squares + b.squares, a.products + b.products};
  }
};

// Whether an interval has an energy: none where nothing was measured, or where a negative value is left because an
// estimate was corrected after the interval's begin.
inline bool is_known(const CumulativeEnergy& of_interval) {
  return of_interval.covered > Nanos{} && of_interval.energy >= Joules{};
}

// What a sensor measured over one interval of time, or over several added up (all epochs of a training).
struct Interval {
  CumulativeEnergy cumulative;
  Nanos duration;
  double edges = 0;  // variance from the edges, J^2
  Interval& operator+=(const Interval& other) {
    cumulative = cumulative + other.cumulative;
    duration += other.duration;
    edges += other.edges;
    return *this;
  }
};

}  // namespace nw
