// Energy: joules of one part of the node over some time, with everything that is needed to compare two of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "energy/cumulative_energy.h"
#include "sensor/sensor.h"

namespace nw {

// One cause of uncertainty, as a standard uncertainty in joules. Systematic terms of one name are fully correlated:
// they add up linearly over parts, phases and repeats. Random ones add up in quadrature.
struct Term {
  std::string name;  // "RAPL package gain"
  double joules = 0;
  bool systematic = false;
  bool rectangular = false;  // hard limits +-a, as a/sqrt(3)
};

class Uncertainty {
 public:
  void add(Term term);
  void add(const Uncertainty& other);
  // Terms of a subtrahend: systematic terms of the same name cancel in a difference.
  void subtract(const Uncertainty& other);

  double random() const;      // standard uncertainty, J
  double systematic() const;  // standard uncertainty, J
  double combined() const;
  // Half-width of the 95 % interval: from 1.65 standard uncertainties where one rectangular term is all there is to
  // 1.96 where there are many terms or normal ones.
  double expanded() const;
  // Multiplies every term by `factor`.
  void widen(double factor);
  // The largest `n` terms, largest first.
  std::vector<Term> largest(std::size_t n) const;
  const std::vector<Term>& terms() const { return terms_; }

 private:
  std::vector<Term> terms_;
};

struct Energy {
  std::optional<Joules> value;  // nothing: unknown
  Joules filled;
  double coverage = 0;  // share of the time that was measured
  Provenance kind = Provenance::measured;
  Boundary boundary = Boundary::on_chip;
  Uncertainty uncertainty;
};

// What else was seen of a sensor over the whole run.
struct Seen {
  Watts lowest, highest;  // powers
  bool checked = false;   // another sensor of the same part agrees
};

// The sensor's own terms: its gain and its offset.
void add_scale(const SensorInfo& info, Joules energy, Nanos duration, Uncertainty& uncertainty);

// The energy of a sensor's interval, with its uncertainty: gain and offset of the SensorInfo, edges, sampling, gaps.
Energy make_energy(const SensorInfo& info, const Interval& interval, const Seen& seen);

// The share of the energy above idle that a sensor may have missed or counted twice because it measures only part of
// the time, in step with the load; 0 for sensors that measure all the time.
double compute_aliasing(const SensorInfo& info, Nanos duration, bool checked);

}  // namespace nw
