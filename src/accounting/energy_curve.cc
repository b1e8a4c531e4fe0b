#include "accounting/energy_curve.h"

namespace nw {

bool EnergyCurve::take_known(Nanos, bool, Partial&) const { return true; }

bool MeterCurve::take_known(Nanos time, bool last, Partial& partial) const {
  Edge& edge = partial.edge;
  if (partial.known.empty()) {
    edge = {EnergyAccumulator(meters_.size()), std::vector<double>(meters_.size())};
    partial.known.resize(meters_.size());
  }
  partial.is_complete = true;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (partial.known[i]) continue;
    const auto known = meters_[i].inner_edge(time, last);
    partial.known[i] = known.has_value();
    partial.is_complete &= partial.known[i];
    if (!known) continue;
    edge.given.lines[i].given = known->cumulative;
    edge.given.lines[i].whole = known->cumulative.energy;
    edge.variances[i] = known->variance;
  }
  return partial.is_complete;
}

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
