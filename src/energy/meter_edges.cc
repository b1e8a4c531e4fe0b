// Meter's cumulative energies at edges: where something begins or ends, and the power changes abruptly.
//
// There, the power before the edge and that after it are extrapolated to it from what was measured on one side alone.
// Inside a run both are known a little later, and where the power was steady on both sides both give the same; half of
// their difference is what the edge is uncertain by. At a run's own edges one side is the run.
//
// A count of a slow counter is of one time, and its power is that between two counts. A gauge's reading is a mean over
// its window: only one whose window ended before the edge knows nothing of what came after it. Interpolated between
// readings whose windows have the edge inside, a power that rises at the edge from nothing would lose an eighth of what
// is drawn in one window.
#include <algorithm>
#include <cmath>

#include "energy/meter.h"

namespace nw {

namespace {
double square(double x) { return x * x; }

// Relative to the power: how much it may vary over the time by which an edge is extrapolated. From one side alone, and
// over seconds, as from a controller's last answer, a program may do something else meanwhile.
constexpr double kUnsteady = 0.15, kMostUnsteady = 0.3;
constexpr double kWithinWindow = 1.0 / 120;  // of the square of window x change of power: a step anywhere in the window
constexpr std::int64_t kFresh = 3;           // updates; an older reading does not stand for what was before an edge
}  // namespace

// How many points back the oldest stored one after `time` is.
std::optional<std::size_t> Meter::first_after(Nanos time) const {
  std::optional<std::size_t> found;
  for (std::size_t back = 0; back < kept() && point(back).at > time; ++back) found = back;
  return found;
}

// Whether `time` is certainly nearer to the point on its other side, `other`, than to the run's own, `own`.
bool Meter::is_nearer(std::size_t other, Nanos time, std::size_t own) const {
  if (other >= kept()) return false;
  const auto distance = [&](std::size_t back) {
    return std::abs((point(back).at - time).count()) + point(back).timestamp_uncertainty.count();
  };
  return distance(other) < distance(own);
}

// From a point to `time`, before it or after it, at this power.
Meter::Edge Meter::extrapolate(const Point& from, double power, Nanos time) const {
  const Nanos by = time - from.at;
  Edge edge{from.cumulative,
            square(power * to_seconds(from.timestamp_uncertainty)) / 12 + square(kUnsteady * power * to_seconds(by))};
  edge.cumulative.energy += from_double(as_joules(power, by));
  if (responsive_) edge.cumulative.covered += by;
  return edge;
}

// The same where the other side of the edge says nothing.
Meter::Edge Meter::extrapolate_alone(const Point& from, double power, Nanos time) const {
  Edge edge = extrapolate(from, power, time);
  const double by = std::abs(to_seconds(time - from.at));
  const double unsteady = std::clamp(kUnsteady * by, kUnsteady, kMostUnsteady);
  edge.variance += (square(unsteady) - square(kUnsteady)) * square(power * by);
  return edge;
}

// The mean of two, each of which would do alone.
Meter::Edge Meter::middle(const Edge& one, const Edge& other) {
  const auto half = [](const auto& of) { return std::decay_t<decltype(of)>::of(of.count() / 2); };
  Edge edge = one;
  edge.cumulative.energy += half(other.cumulative.energy - one.cumulative.energy);
  edge.cumulative.covered += half(other.cumulative.covered - one.cumulative.covered);
  edge.variance =
      (one.variance + other.variance) / 4 + square(to_joules(other.cumulative.energy - one.cumulative.energy)) / 4;
  return edge;
}

bool Meter::is_windowed() const { return info_.kind == SensorKind::gauge && !info_.is_slow_gauge(); }

std::optional<Meter::Edge> Meter::gauge_edge(Nanos time) const {
  const Nanos half = Nanos::of(info_.averaging_window.value.count() / 2), update = info_.update_interval.value;
  const double window = to_seconds(info_.averaging_window.value);
  const auto after = first_after(time + half - Nanos::of(1));
  std::size_t back = 0;
  while (back < kept() && point(back).at + half > time) ++back;
  std::optional<Edge> edge;
  if (back < kept() && time - point(back).at - half <= Nanos::of(kFresh * std::max(update, period_).count())) {
    const Point& a = point(back);
    edge = extrapolate(a, a.power, time);
    std::size_t earlier = back;
    while (earlier + 1 < kept() && point(earlier).at + half + half > a.at) ++earlier;
    edge->variance = square(a.power * to_seconds(a.timestamp_uncertainty)) / 12 +
                     square(window * (a.power - point(earlier).power)) * kWithinWindow;
  }
  if (!after) return edge;
  const Point& b = point(*after);
  Edge other = extrapolate(b, b.power, time);
  other.variance = square(b.power * to_seconds(b.timestamp_uncertainty)) / 12;
  return edge ? middle(*edge, other) : other;
}

std::optional<Meter::Edge> Meter::begin_edge(Nanos begin) const {
  const auto first = first_after(begin);
  if (!first) return {};
  if (is_windowed())
    if (const auto edge = gauge_edge(begin)) return edge;
  if (!is_slow() || is_nearer(*first + 1, begin, *first)) return Edge{at(begin), edge_variance(begin)};
  if (*first == 0) return {};  // its power is known with the next point
  return extrapolate_alone(point(*first), point(*first - 1).power, begin);
}

Meter::Edge Meter::end_edge(Nanos end) const {
  if (is_windowed() && !holding_)
    if (const auto edge = gauge_edge(end)) return *edge;
  std::size_t back = 0;
  while (back + 1 < kept() && point(back).at > end) ++back;
  const bool known = back > 0 && is_nearer(back - 1, end, back);
  if (!is_slow() || kept() < 2 || point(back).at > end || known || holding_) return {at(end), edge_variance(end)};
  Edge edge = extrapolate_alone(point(back), point(back).power, end);
  edge.variance += stillness_variance(end);
  return edge;
}

// A slow counter's between two of its counts, with the power before the earlier one and that after the later one. At
// the beginning there is none before, and at the end none after.
std::optional<Meter::Edge> Meter::slow_edge(Nanos time) const {
  const auto first = first_after(time);
  if (!first) return {};
  const Point& b = point(*first);
  std::optional<Edge> before, after;
  if (*first > 0) after = extrapolate(b, point(*first - 1).power, time);
  if (*first + 2 < kept()) before = extrapolate(point(*first + 1), point(*first + 1).power, time);
  const bool is_between = *first + 1 < kept();
  for (auto* edge : {&before, &after})
    if (*edge && is_between)
      (*edge)->cumulative.energy = std::clamp((*edge)->cumulative.energy, point(*first + 1).cumulative.energy,
                                              std::max(point(*first + 1).cumulative.energy, b.cumulative.energy));
  if (!before && !after) return {};
  Edge edge = !before ? *after : !after ? *before : middle(*before, *after);
  edge.variance += stillness_variance(time);
  return edge;
}

std::optional<Meter::Edge> Meter::inner_edge(Nanos time, bool last) const {
  const Edge as_it_stands{at(time), edge_variance(time)};
  if (count_ == 0 || holding_ || unresponsive()) return as_it_stands;
  const auto after = first_after(time);
  if (is_slow()) {
    if (!last && (!after || *after == 0)) return {};
    const auto edge = slow_edge(time);
    return edge ? *edge : end_edge(time);
  }
  if (!is_windowed()) return as_it_stands;
  const bool seen = first_after(time + Nanos::of(info_.averaging_window.value.count() / 2) - Nanos::of(1)).has_value();
  if (!last && !seen) return {};
  const auto edge = gauge_edge(time);
  return edge ? *edge : as_it_stands;
}

}  // namespace nw
