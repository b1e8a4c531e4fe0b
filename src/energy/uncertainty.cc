// The uncertainty of one sensor's energy, after the Guide to the expression of uncertainty in measurement (JCGM 100):
// each cause becomes a standard uncertainty, a limit a as a/sqrt(3); causes are independent of each other.
//   gain      E x tolerance                              systematic: neither time nor nodes make it smaller
//   offset    constant power error x time                systematic
//   edges     staleness and load steps at both ends      random, from Meter::edge_variance
//   sampling  c x sum (h dp)^2, c = 1/12 + 5/12 (1 - rho1)^2   random; gauges only; rho1 is the lag-1 autocorrelation:
//             1/12 is the limit of a slowly wandering load, 1/2 that of white noise
//   gaps      range of power x unmeasured time / sqrt(12)      random
#include <algorithm>
#include <cmath>

#include "energy/energy.h"

namespace nw {

namespace {
constexpr double kMostly = 0.8;  // of the variance: one term decides the interval's shape

double square(double x) { return x * x; }

double lag1(const Tally& tally) {
  if (tally.count < 3) return 0;
  const double mean = tally.sum / tally.count;
  const double variance = tally.squares / tally.count - mean * mean;
  if (variance <= 0) return 1;
  return std::clamp((tally.products / tally.count - mean * mean) / variance, 0.0, 1.0);
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
  for (const Term& term : terms_)
    if (term.rectangular && square(term.joules) > kMostly * variance) return 1.65 * combined();
  return 1.96 * combined();
}

std::vector<Term> Uncertainty::largest(std::size_t n) const {
  std::vector<Term> sorted = terms_;
  for (Term& term : sorted) term.joules = std::abs(term.joules);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Term& a, const Term& b) { return a.joules > b.joules; });
  if (sorted.size() > n) sorted.resize(n);
  return sorted;
}

Energy make_energy(const Nameplate& plate, const Interval& interval, Watts lowest, Watts highest) {
  Energy energy;
  energy.value = interval.tally.energy;
  energy.filled = interval.tally.filled;
  energy.kind = plate.how;
  energy.boundary = plate.boundary;
  const double duration = to_seconds(interval.duration);
  const double covered = to_seconds(interval.tally.covered);
  energy.coverage = duration > 0 ? std::clamp(covered / duration, 0.0, 1.0) : 0;

  const bool limit = plate.gain.shape == Tolerance::Shape::limit;
  const double gain = std::abs(to_joules(interval.tally.energy)) * plate.gain.relative / (limit ? std::sqrt(3.0) : 1.0);
  const std::string what = plate.source;
  energy.uncertainty.add({what + " gain", gain, true, limit});
  energy.uncertainty.add({what + " offset", to_watts(plate.offset) * duration, true, false});
  energy.uncertainty.add({what + " edges", std::sqrt(interval.edges), false, false});
  if (plate.kind == SensorKind::gauge) {
    const double c = 1.0 / 12 + 5.0 / 12 * square(1 - lag1(interval.tally));
    energy.uncertainty.add({what + " sampling", std::sqrt(c * std::max(interval.tally.steps, 0.0)), false, false});
  }
  const double gap = std::max(duration - covered, 0.0);
  energy.uncertainty.add({what + " gaps", to_watts(highest - lowest) * gap / std::sqrt(12.0), false, true});
  return energy;
}

}  // namespace nw
