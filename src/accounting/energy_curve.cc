#include "accounting/energy_curve.h"

namespace nw {

EnergyCurve::Edge MeterCurve::at(Nanos time) const {
  Edge edge{EnergyAccumulator(meters_.size()), {}};
  edge.variances.reserve(meters_.size());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    EnergyAccumulator::Line& line = edge.given.lines[i];
    line.given = meters_[i].at(time);
    line.whole = line.given.energy;
    edge.variances.push_back(meters_[i].edge_variance(time));
  }
  return edge;
}

}  // namespace nw
