// Meter's cumulative energies at a given time, and their uncertainty.
#include <algorithm>
#include <cmath>

#include "energy/meter.h"

namespace nw {

CumulativeEnergy Meter::at(Nanos time) const {
  if (count_ == 0) return {};
  if (time >= point(0).at) {  // extrapolated at the last power
    CumulativeEnergy cumulative = point(0).cumulative;
    const Nanos beyond = time - point(0).at;
    cumulative.energy += from_double(as_joules(point(0).power, beyond));
    if (responsive_ && !(holding_ && last_good_ && point(0).at == *last_good_)) cumulative.covered += beyond;
    return cumulative;
  }
  for (std::size_t back = 1; back < kept(); ++back) {
    const Point& a = point(back);
    if (time < a.at) continue;
    const Point& b = point(back - 1);
    const std::int64_t part = (time - a.at).count(), whole = (b.at - a.at).count();
    const CumulativeEnergy step = b.cumulative - a.cumulative;
    const double share = static_cast<double>(part) / static_cast<double>(whole);
    return a.cumulative + CumulativeEnergy{Joules::of(mul_div(step.energy.count(), part, whole)),
                                           Joules::of(mul_div(step.filled.count(), part, whole)),
                                           Nanos::of(mul_div(step.covered.count(), part, whole)),
                                           step.steps * share,
                                           step.count * share,
                                           step.sum * share,
                                           step.squares * share,
                                           step.products * share};
  }
  CumulativeEnergy cumulative = point(kept() - 1).cumulative;  // before all stored points
  const Nanos before = point(kept() - 1).at - time;
  cumulative.energy -= from_double(as_joules(point(kept() > 1 ? kept() - 2 : 0).power, before));
  if (responsive_) cumulative.covered -= before;
  return cumulative;
}

namespace {
double square(double x) { return x * x; }
constexpr std::int64_t kStillUpdates = 3;  // a counter that has not moved for so many updates stands still
constexpr std::size_t kAround =
    3;  // points of a slow counter on each side of an edge: one step is as uncertain as two timestamp uncertainties
}  // namespace

// Between two points.
double Meter::mean_power(std::size_t newer, std::size_t older) const {
  if (older - newer <= 1) return point(newer).power;
  const Nanos time = point(newer).at - point(older).at;
  return time > Nanos{} ? to_joules(point(newer).cumulative.energy - point(older).cumulative.energy) / to_seconds(time)
                        : 0;
}

// The load step at an edge between points `back` and `back` - 1, in watts. A difference of a slow counter's powers that
// timestamp uncertainties alone can explain is no step.
double Meter::step_at(std::size_t back, double power) const {
  const std::size_t around = is_slow() ? kAround : 1, oldest = std::min(back + around, kept() - 1);
  const double before = back + 1 < kept() ? mean_power(back, oldest) : power;
  double noise = 0;
  if (is_slow()) {
    const Nanos after = point(back - std::min(back, around)).at - point(back).at,
                since = point(back).at - point(oldest).at;
    const double timestamp_uncertainty =
        to_seconds(std::max(point(back).timestamp_uncertainty, point(back - 1).timestamp_uncertainty));
    for (const Nanos time : {after, since}) noise += power * timestamp_uncertainty / std::max(to_seconds(time), 1e-9);
  }
  return std::sqrt(std::max(square(power - before) - square(noise), square(0.05 * power)));
}

// What may have been drawn before `time` that a counter which stood still there did not show: up to all that it showed
// at once afterwards, and as long as it has shown nothing yet, up to the highest power seen since it stopped. Counts
// larger than what is drawn between two readings stand still as well; that is no stillness.
double Meter::stillness_variance(Nanos time) const {
  if (info_.kind != SensorKind::counter || !responsive_) return 0;
  std::size_t older = 0;  // the reading at `time` or before
  while (older < kept() && point(older).at > time) ++older;
  if (older == kept()) return 0;
  const Nanos since = point(older).moved;
  std::size_t next = older;  // the reading that moved again
  while (next > 0 && point(next).moved <= since) --next;
  const bool moved = point(next).moved > since;
  const Nanos until = moved ? point(next).at : std::max(time, point(0).at);
  const bool was_read_meanwhile = since < point(older).at || (moved ? next + 1 < older : older > 0);
  if (!was_read_meanwhile || (until - since).count() <= kStillUpdates * info_.update_interval.value.count()) return 0;
  const double shown = to_joules(point(next).cumulative.energy - point(older).cumulative.energy);
  if ((moved ? shown : as_joules(last_power_, until - since)) < kStillCounts * info_.quantum()) return 0;
  const double highest =
      as_joules(std::max(last_power_, to_watts(max_power_.value_or(Watts{}))), std::max(time - since, Nanos{}));
  return square(moved ? std::min(highest, shown) : highest) / 3;
}

// The uncertainty of the cumulative energy at `time`: the timestamps of the counts around it (their timestamp
// uncertainty), the load step there as a gauge's window blurs it, the linear interpolation between two readings, and
// anything since the last good reading.
double Meter::edge_variance(Nanos time) const {
  if (kept() < 2) return 0;
  std::size_t back = 1;
  while (back + 1 < kept() && time < point(back).at) ++back;
  const Point &a = point(back), &b = point(back - 1);
  const double power = mean_power(back - std::min(back, is_slow() ? kAround : 1), back);
  const double step = step_at(back, power);
  double variance = stillness_variance(time);
  if (holding_ && last_good_ && time > *last_good_)  // anything up to the highest power seen
    variance +=
        square(std::max(last_power_, to_watts(max_power_.value_or(Watts{}))) * to_seconds(time - *last_good_)) / 3;
  variance += square(power * to_seconds(std::max(a.timestamp_uncertainty, b.timestamp_uncertainty))) / 12;
  if (info_.kind == SensorKind::gauge)
    variance += square(step * to_seconds(info_.averaging_window.value) / 2) / 3;
  else if (!is_slow())
    variance += square(step * to_seconds(info_.update_interval.value) / 2) / 3;
  if (time > a.at && time < b.at) variance += square(to_seconds(b.at - a.at) * step) * (0.0745 * 0.0745 + 1.0 / 36);
  return variance;
}

Interval Meter::between(Nanos begin, Nanos end) const {
  return {at(end) - at(begin), end - begin, edge_variance(begin) + edge_variance(end)};
}

}  // namespace nw
