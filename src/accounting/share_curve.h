// ShareCurve: what a job's step was given in one closed interval, as a function of time. The share of an interval is
// known as a whole; within it each line follows its meter, so that a node of one's own has the shape that the sensors
// saw. On a shared node the division between two sampling points is not known, and an edge there is uncertain.
#pragma once

#include <span>

#include "accounting/energy_curve.h"
#include "accounting/total_sensors.h"

namespace nw {

class ShareCurve final : public EnergyCurve {
 public:
  // An interval's ends, and the edges of each meter there. What it refers to must outlive the curve.
  struct Ends {
    Nanos begin, end;
    std::span<const Meter> meters;
    std::span<const Meter::Edge> at_begin, at_end;
    const TotalSensors& total_sensors;
    bool is_resolved = false;  // the total sensor's energy is by its parts, and follows them
  };
  // `before`: what the step was given until the interval's begin; `part`: in the interval.
  ShareCurve(const Ends& ends, const EnergyAccumulator& before, const EnergyAccumulator& part)
      : ends_(ends), before_(before), part_(part) {}

  std::size_t lines() const override { return ends_.meters.size(); }
  Edge at(Nanos time) const override;  // held at the values of the interval's ends beyond these
  Nanos begin() const override { return ends_.begin; }
  Nanos end() const { return ends_.end; }

 private:
  EnergyAccumulator::Line line_at(std::size_t meter, Nanos time) const;
  EnergyAccumulator::Line resolved_at(Nanos time) const;
  bool is_resolved(std::size_t meter) const { return ends_.is_resolved && ends_.total_sensors.total_sensor == meter; }
  double edge_variance(std::size_t meter, Nanos time) const;

  Ends ends_;
  const EnergyAccumulator& before_;
  const EnergyAccumulator& part_;
};

// The curve of which no more than its value now is known.
class LevelCurve final : public EnergyCurve {
 public:
  LevelCurve(const EnergyAccumulator& given, Nanos since) : given_(given), since_(since) {}
  std::size_t lines() const override { return given_.lines.size(); }
  Edge at(Nanos) const override { return {given_, std::vector<double>(given_.lines.size())}; }
  Nanos begin() const override { return since_; }

 private:
  const EnergyAccumulator& given_;
  Nanos since_;
};

}  // namespace nw
