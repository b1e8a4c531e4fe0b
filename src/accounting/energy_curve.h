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

  // An edge of which not all lines are known yet.
  struct Partial {
    Edge edge;
    std::vector<bool> known;  // by line
    bool is_complete = false;
  };

  virtual ~EnergyCurve() = default;
  virtual std::size_t lines() const = 0;
  virtual Edge at(Nanos time) const = 0;
  // From when on it is known. What is reported later than that about a time before counts from here.
  virtual Nanos begin() const = 0;
  // Takes the lines whose value at `time` is known by now, and says whether these are all. A curve that is closed when
  // it is asked takes none: at() is all that there will be.
  virtual bool take_known(Nanos time, bool last, Partial& partial) const;
};

// All that the meters measured. A slow counter's value at an edge is known when it has been updated again.
class MeterCurve final : public EnergyCurve {
 public:
  explicit MeterCurve(std::span<const Meter> meters) : meters_(meters) {}
  std::size_t lines() const override { return meters_.size(); }
  Edge at(Nanos time) const override;
  Nanos begin() const override { return Nanos{}; }
  bool take_known(Nanos time, bool last, Partial& partial) const override;

 private:
  std::span<const Meter> meters_;
};

}  // namespace nw
