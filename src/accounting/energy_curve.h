// EnergyCurve: what a consumer was given so far, as a function of time: of a run all that the meters measured, of a
// job's step its share of that. Phases are differences of two of its values.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "accounting/energy_accumulator.h"
#include "energy/meter.h"

namespace nw {

class EnergyCurve {
 public:
  struct Edge {
    EnergyAccumulator given;
    std::vector<double> variances;  // J^2, of each line: what an interval gets because it begins or ends here
  };

  virtual ~EnergyCurve() = default;
  virtual std::size_t lines() const = 0;
  virtual Edge at(Nanos time) const = 0;
  // From when on it is known. What is reported later than that about a time before counts from here.
  virtual Nanos begin() const = 0;
};

// All that the meters measured.
class MeterCurve final : public EnergyCurve {
 public:
  explicit MeterCurve(std::span<const Meter> meters) : meters_(meters) {}
  std::size_t lines() const override { return meters_.size(); }
  Edge at(Nanos time) const override;
  Nanos begin() const override { return Nanos{}; }

 private:
  std::span<const Meter> meters_;
};

}  // namespace nw
