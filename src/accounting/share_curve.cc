#include "accounting/share_curve.h"

#include <algorithm>
#include <cmath>

namespace nw {

namespace {
// Standard uncertainty of the part of an interval's share that lies before a point in it, by the root of f (1 - f) of
// the share: where a job used what it used within the interval is not known. At the middle, anything from nothing to
// all is equally likely: 1/sqrt(12) of the share.
constexpr double kWhereUsed = 0.577;

// num / den of a figure.
struct Fraction {
  std::int64_t num, den;
  std::int64_t of(std::int64_t whole) const { return mul_div(whole, num, Int128{den}); }
  double value() const { return static_cast<double>(num) / static_cast<double>(den); }
};
}  // namespace

namespace {
// What of an interval's line goes with its energy, and what with its time.
EnergyAccumulator::Line part_of(const EnergyAccumulator::Line& whole, Fraction used, Fraction passed) {
  EnergyAccumulator::Line line;
  line.given.energy = Joules::of(used.of(whole.given.energy.count()));
  line.given.filled = Joules::of(used.of(whole.given.filled.count()));
  line.given.covered = Nanos::of(passed.of(whole.given.covered.count()));
  const double f = passed.value();
  line.given.steps = whole.given.steps * f;
  line.given.count = whole.given.count * f;
  line.given.sum = whole.given.sum * f;
  line.given.squares = whole.given.squares * f;
  line.given.products = whole.given.products * f;
  line.whole = Joules::of(used.of(whole.whole.count()));
  line.division = whole.division * used.value();
  line.resolution = whole.resolution * used.value();
  return line;
}
}  // namespace

EnergyAccumulator::Line ShareCurve::line_at(std::size_t meter, Nanos time) const {
  const Fraction passed{(time - ends_.begin).count(), (ends_.end - ends_.begin).count()};
  const Joules first = ends_.at_begin[meter].cumulative.energy, last = ends_.at_end[meter].cumulative.energy;
  Fraction used = passed;
  if (last > first)
    used = {(std::clamp(ends_.meters[meter].at(time).energy, first, last) - first).count(), (last - first).count()};
  return part_of(part_.lines[meter], used, passed);
}

// The node as its parts go, and evenly what they leave.
EnergyAccumulator::Line ShareCurve::resolved_at(Nanos time) const {
  const EnergyAccumulator::Line& whole = part_.lines[*ends_.total_sensors.total_sensor];
  Joules parts, energy;
  for (const std::size_t meter : ends_.total_sensors.inside) {
    parts += part_.lines[meter].given.energy;
    energy += line_at(meter, time).given.energy;
  }
  const Fraction passed{(time - ends_.begin).count(), (ends_.end - ends_.begin).count()};
  energy += Joules::of(passed.of((whole.given.energy - parts).count()));
  EnergyAccumulator::Line line =
      part_of(whole, {energy.count(), std::max<std::int64_t>(whole.given.energy.count(), 1)}, passed);
  line.given.energy = energy;
  return line;
}

double ShareCurve::edge_variance(std::size_t meter, Nanos time) const {
  const EnergyAccumulator::Line& part = part_.lines[meter];
  const double whole = to_joules(part.whole), given = to_joules(part.given.energy);
  const double share = whole == 0 ? 0 : given / whole;
  const double f = to_seconds(time - ends_.begin) / to_seconds(ends_.end - ends_.begin);
  const double where = part.given.energy == part.whole ? 0 : kWhereUsed * std::sqrt(f * (1 - f)) * given;
  double own = is_resolved(meter) ? 0 : ends_.meters[meter].edge_variance(time);
  if (is_resolved(meter))
    for (const std::size_t inside : ends_.total_sensors.inside) own += ends_.meters[inside].edge_variance(time);
  return share * share * own + where * where;
}

EnergyCurve::Edge ShareCurve::at(Nanos time) const {
  time = std::clamp(time, ends_.begin, ends_.end);
  EnergyAccumulator until = part_;
  if (time < ends_.end) {
    until = EnergyAccumulator(part_.lines.size());
    for (std::size_t i = 0; i < until.lines.size(); ++i) {
      until.lines[i] = is_resolved(i) ? resolved_at(time) : line_at(i, time);
      if (ends_.total_sensors.is_of_total(i)) until.total += until.lines[i].given.energy;
    }
    if (part_.modelled != Joules{}) until.modelled = until.total;
    until.duration = time - ends_.begin;
  }
  Edge edge{before_, {}};
  edge.given.lines.resize(part_.lines.size());
  edge.given.add(until);
  for (std::size_t i = 0; i < part_.lines.size(); ++i) edge.variances.push_back(edge_variance(i, time));
  return edge;
}

}  // namespace nw
