// The uncertainty of one sensor's energy, after the Guide to the expression of uncertainty in measurement (JCGM 100):
// each cause becomes a standard uncertainty, a limit a as a/sqrt(3); causes are independent of each other.
//   gain      E x tolerance                              systematic: neither time nor nodes make it smaller
//   offset    constant power error x time                systematic
//   start and end   staleness and load steps at both     random, from Meter::edge_variance
//   sampling  c x sum (h dp)^2, c = 1/12 + 5/12 (1 - rho1)^2   random; gauges only; rho1 is the lag-1 autocorrelation:
//             1/12 is the limit of a slowly wandering load, 1/2 that of white noise
//   quantum   two readings of a counter, each uniform in one count: q / sqrt(6), random;
//             a gauge's step x time / sqrt(12), divided by the root of the samples where noise moves them; random
//   aliasing  (E - lowest power x time) x kappa, where the sensor measures only part of the time (an A100: 25 ms of
//             100): kappa 0.25 in runs under 10 s, else 0.05, 0.01 where a second sensor agrees over a minute. A load
//             in step with the sensor shows no variance, so no statistics of the samples can detect it
//   gaps      range of power x unmeasured time / sqrt(12), where that was filled with the middle of the range; with one
//             end of it / sqrt(3)              random
#include <algorithm>
#include <cmath>

#include "energy/energy.h"

namespace nw {

namespace {
// The 95 % point of a sum of a normal and one rectangular distribution, as a function of the rectangle's share of the
// variance, at 0, 0.1 ... 1: computed once by quadrature, checked in the test by random draws.
constexpr double kCoverage[] = {1.9600, 1.9590, 1.9553, 1.9479, 1.9356, 1.9174, 1.8919, 1.8572, 1.8102, 1.7438, 1.6450};

double square(double x) { return x * x; }

double lag1(const CumulativeEnergy& cumulative) {
  if (cumulative.count < 3) return 0;
  const double mean = cumulative.sum / cumulative.count;
  const double variance = cumulative.squares / cumulative.count - mean * mean;
  if (variance <= 0) return 1;
  return std::clamp((cumulative.products / cumulative.count - mean * mean) / variance, 0.0, 1.0);
}
}  // namespace

void Uncertainty::add(Term term) {
  if (term.joules == 0) return;
  const auto same = std::find_if(terms_.begin(), terms_.end(), [&](const Term& t) { return t.name == term.name; });
  if (same == terms_.end()) return terms_.push_back(std::move(term));
  same->joules = term.systematic ? same->joules + term.joules : std::hypot(same->joules, term.joules);
}

void Uncertainty::add(const Uncertainty& other) {
  for (const Term& term : other.terms_) add(term);
}

void Uncertainty::subtract(const Uncertainty& other) {
  for (Term term : other.terms_) {
    if (term.systematic) term.joules = -term.joules;
    add(std::move(term));
  }
}

double Uncertainty::random() const {
  double variance = 0;
  for (const Term& term : terms_) variance += term.systematic ? 0 : square(term.joules);
  return std::sqrt(variance);
}

double Uncertainty::systematic() const {
  double variance = 0;
  for (const Term& term : terms_) variance += term.systematic ? square(term.joules) : 0;
  return std::sqrt(variance);
}

double Uncertainty::combined() const { return std::hypot(random(), systematic()); }

double Uncertainty::expanded() const {
  const double variance = square(combined());
  if (variance <= 0) return 0;
  if (!std::isfinite(variance)) return variance;  // from a damaged file
  double largest = 0;                             // rectangle; all the other terms together are nearly normal
  for (const Term& term : terms_) largest = std::max(largest, term.rectangular ? square(term.joules) : 0);
  const double share = 10 * std::min(largest / variance, 1.0);
  const auto below = std::min<std::size_t>(static_cast<std::size_t>(share), std::size(kCoverage) - 2);
  const double part = share - static_cast<double>(below);
  return (kCoverage[below] * (1 - part) + kCoverage[below + 1] * part) * std::sqrt(variance);
}

void Uncertainty::widen(double factor) {
  for (Term& term : terms_) term.joules *= factor;
}

std::vector<Term> Uncertainty::largest(std::size_t n) const {
  std::vector<Term> sorted = terms_;
  for (Term& term : sorted) term.joules = std::abs(term.joules);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Term& a, const Term& b) { return a.joules > b.joules; });
  if (sorted.size() > n) sorted.resize(n);
  return sorted;
}

namespace {
constexpr double kSeldom = 4;  // a gauge whose samples are more than this many windows apart measures part of the time

constexpr Nanos kWanders =
    seconds(1);  // from here on the update interval is a bus's polling period, which is in step with nothing

double compute_alias_share(Nanos duration, bool checked) {
  constexpr Nanos kShort = seconds(10), kLong = seconds(60);
  if (duration < kShort) return 0.25;
  return checked && duration > kLong ? 0.01 : 0.05;
}
}  // namespace

double compute_aliasing(const SensorInfo& info, Nanos duration, bool checked) {
  const bool part_time =
      info.averaging_window.value > Nanos{} && info.averaging_window.value < info.update_interval.value;
  return part_time && info.update_interval.value < kWanders ? compute_alias_share(duration, checked) : 0;
}

namespace {
// For a gauge: interpolation between its samples, and its resolution.
void add_sampling(const SensorInfo& info, const CumulativeEnergy& cumulative, double duration,
                  Uncertainty& uncertainty) {
  const double c = 1.0 / 12 + 5.0 / 12 * square(1 - lag1(cumulative));
  uncertainty.add({info.source + " sampling", std::sqrt(c * std::max(cumulative.steps, 0.0)), false, false});
  const double quantum = info.quantum();
  const double mean = cumulative.count > 0 ? cumulative.sum / cumulative.count : 0;
  const bool moved = cumulative.count > 1 && cumulative.squares / cumulative.count - mean * mean > square(quantum);
  uncertainty.add(
      {info.source + " quantum", quantum * duration / std::sqrt(12 * (moved ? cumulative.count : 1)), false, true});
}
}  // namespace

namespace {
// Anything between the lowest and the highest power may have been drawn while nothing was measured, as likely as
// anything else; a fill that is not the middle of these is off by its distance from it besides.
double compute_gaps(const Seen& seen, double gap, double filled) {
  const double range = to_watts(seen.highest - seen.lowest) * gap, middle = to_watts(seen.lowest) * gap + range / 2;
  const double off = filled > 0 ? std::min(std::abs(filled - middle), range / 2) : 0;
  return std::hypot(range / std::sqrt(12.0), off);
}
}  // namespace

void add_scale(const SensorInfo& info, Joules energy, Nanos duration, Uncertainty& uncertainty) {
  const bool limit = info.scale_tolerance.shape == Tolerance::Shape::limit;
  const double value = std::abs(to_joules(energy));
  uncertainty.add(
      {info.source + " gain", value * info.scale_tolerance.relative / (limit ? std::sqrt(3.0) : 1.0), true, limit});
  uncertainty.add({info.source + " offset", to_watts(info.offset) * to_seconds(duration), true, false});
}

Energy make_energy(const SensorInfo& info, const Interval& interval, const Seen& seen) {
  Energy energy;
  energy.value = interval.cumulative.energy - info.bias * interval.duration;
  energy.filled = interval.cumulative.filled;
  energy.kind = info.provenance;
  energy.boundary = info.boundary;
  const double duration = to_seconds(interval.duration);
  const double covered = to_seconds(interval.cumulative.covered);
  energy.coverage = duration > 0 ? std::clamp(covered / duration, 0.0, 1.0) : 0;

  const double value = std::abs(to_joules(*energy.value));
  Uncertainty& uncertainty = energy.uncertainty;
  const std::string& what = info.source;
  add_scale(info, *energy.value, interval.duration, uncertainty);
  uncertainty.add({what + " start and end", std::sqrt(interval.edges), false, false});
  if (info.kind == SensorKind::gauge)
    add_sampling(info, interval.cumulative, duration, uncertainty);
  else
    uncertainty.add({what + " quantum", info.quantum() / std::sqrt(6.0), false, false});
  const Nanos looks = info.update_interval.value < kWanders
                          ? info.averaging_window.value
                          : std::max(info.averaging_window.value, info.update_interval.value);
  const bool seldom = info.kind == SensorKind::gauge && interval.cumulative.count > 0 &&
                      kSeldom * to_seconds(looks) * interval.cumulative.count < duration;
  const double kappa = seldom && info.averaging_window.value > Nanos{}
                           ? compute_alias_share(interval.duration, seen.checked)
                           : compute_aliasing(info, interval.duration, seen.checked);
  const double above_idle = std::max(value - to_watts(seen.lowest) * duration, 0.0);
  uncertainty.add({what + " aliasing", kappa * above_idle, false, false});
  uncertainty.add(
      {what + " gaps", compute_gaps(seen, std::max(duration - covered, 0.0), to_joules(energy.filled)), false, true});
  return energy;
}

}  // namespace nw
