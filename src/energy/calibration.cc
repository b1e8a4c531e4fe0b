// The clocks: sensor and reference are compared as mean powers over short steps at every shift within +-10 s. The clock
// difference is the shift with the least squared residual of a straight line (that is, the highest correlation); its
// uncertainty follows from the curvature of the residual there.
//
// The line: mean powers over windows of at least five update intervals of the slower one, by least squares weighted
// with 1 / (s^2 + (u_clock dP / window)^2): s is the scatter of steady windows, dP the step of power between a window's
// ends, which a wrong clock turns into a wrong mean. Uncertainties are those of the weighted fit (JCGM 100, H.3),
// widened where the residuals are larger than the weights predict, and by how much noise in the reference can flatten
// the slope.
#include "energy/calibration.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nw {

namespace {
constexpr double kWindowsPerUpdateInterval = 5, kLeastWindow = 2;  // s
constexpr std::size_t kLeastWindows = 10, kMostSteps = 20000;
constexpr double kLeastCorrelation = 0.7;
constexpr double kLeastSpan = 0.2;    // of the largest power
constexpr double kWantedGain = 0.02;  // relative uncertainty beyond which no factor is stated

// Linear interpolation; constant beyond the ends.
double joules_at(std::span<const EnergyPoint> points, double at) {
  const auto above = std::lower_bound(points.begin(), points.end(), at,
                                      [](const EnergyPoint& point, double time) { return point.at < time; });
  if (above == points.begin()) return points.front().joules;
  if (above == points.end()) return points.back().joules;
  const auto below = above - 1;
  return below->joules + (above->joules - below->joules) * (at - below->at) / (above->at - below->at);
}

double mean_watts(std::span<const EnergyPoint> points, double from, double to) {
  return (joules_at(points, to) - joules_at(points, from)) / (to - from);
}

// The median of the times between points: how often a new value appears.
double update_interval_of(std::span<const EnergyPoint> points) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < points.size(); ++i) steps.push_back(points[i].at - points[i - 1].at);
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
  return steps[steps.size() / 2];
}

struct Pair {
  double truth = 0, reading = 0, step = 0;  // change of the true power between the window's ends
};

struct Line {
  double gain = 0, offset = 0;
  double sxx = 0, mean = 0, weight = 0;  // of the true power
  double squares = 0;                    // weighted, of the residuals
  double correlation = 0;
};

template <class Weight>
Line fit(const std::vector<Pair>& pairs, Weight weight_of) {
  Line line;
  double x = 0, y = 0, sxy = 0, syy = 0;
  for (const Pair& pair : pairs) {
    const double w = weight_of(pair);
    line.weight += w, x += w * pair.truth, y += w * pair.reading;
  }
  x /= line.weight, y /= line.weight;
  for (const Pair& pair : pairs) {
    const double w = weight_of(pair), dx = pair.truth - x, dy = pair.reading - y;
    line.sxx += w * dx * dx, sxy += w * dx * dy, syy += w * dy * dy;
  }
  line.mean = x;
  line.gain = line.sxx > 0 ? sxy / line.sxx : 0;
  line.offset = y - line.gain * x;
  line.squares = std::max(syy - line.gain * sxy, 0.0);
  line.correlation = line.sxx > 0 && syy > 0 ? sxy / std::sqrt(line.sxx * syy) : 0;
  return line;
}

class Matcher {
 public:
  Matcher(std::span<const EnergyPoint> reference, std::span<const EnergyPoint> sensor)
      : reference_(reference), sensor_(sensor) {}

  // Windows of this length over the common time, with the reference's clock set back by `shift`.
  std::vector<Pair> pairs(double shift, double length) const {
    const double from = std::max(reference_.front().at - shift, sensor_.front().at);
    const double to = std::min(reference_.back().at - shift, sensor_.back().at);
    std::vector<Pair> all;
    const double count = std::min(std::floor((to - from) / length), static_cast<double>(kMostSteps));
    for (double i = 0; i < count; ++i) {
      const double a = from + i * length, b = a + length, edge = length / 10;
      all.push_back(
          {mean_watts(reference_, a + shift, b + shift), mean_watts(sensor_, a, b),
           mean_watts(reference_, b + shift - edge, b + shift) - mean_watts(reference_, a + shift, a + shift + edge)});
    }
    return all;
  }

  // Residual squares of a line at this shift, per window.
  double residual(double shift, double length, double* correlation = nullptr) const {
    const auto all = pairs(shift, length);
    if (all.size() < kLeastWindows) return HUGE_VAL;
    const Line line = fit(all, [](const Pair&) { return 1.0; });
    if (correlation != nullptr) *correlation = line.correlation;
    return line.gain > 0 ? line.squares / static_cast<double>(all.size()) : HUGE_VAL;
  }

 private:
  std::span<const EnergyPoint> reference_, sensor_;
};

struct Clock {
  double offset = 0, u = 0;
};

// Coarse, then successively finer around the best.
Result<Clock> match_clocks(const Matcher& matcher, double step) {
  double best = 0, least = HUGE_VAL, width = step;
  for (double shift = -kMostClockOffset; shift <= kMostClockOffset; shift += step / 2)
    if (const double squares = matcher.residual(shift, step); squares < least) least = squares, best = shift;
  double correlation = 0;
  matcher.residual(best, step, &correlation);
  if (least == HUGE_VAL || correlation < kLeastCorrelation)
    return fail(
        ErrorKind::malformed,
        fmt::format("sensor and reference do not move together (correlation {:.2f}, at least {:.1f} is needed): is it "
                    "the same machine, the same time, and a load that changes?",
                    correlation, kLeastCorrelation));
  if (std::abs(best) > kMostClockOffset - step)
    return fail(ErrorKind::malformed, "the clocks of sensor and reference differ by 10 s or more; set them first");
  for (int round = 0; round < 5; ++round, width /= 3)
    for (const double shift : {best - width / 2, best - width / 4, best + width / 4, best + width / 2})
      if (const double squares = matcher.residual(shift, step); squares < least) least = squares, best = shift;
  const double bend =
      (matcher.residual(best - step, step) - 2 * least + matcher.residual(best + step, step)) / (step * step);
  const double count = static_cast<double>(matcher.pairs(best, step).size());
  const double u = bend > 0 ? std::sqrt(2 * least / (bend * count)) : step;
  return Clock{best, std::clamp(u, step / 100, step)};
}

double median_absolute(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Calibration compute_line(const std::vector<Pair>& pairs, const Clock& clock, double window) {
  const auto count = static_cast<double>(pairs.size());
  Line line = fit(pairs, [](const Pair&) { return 1.0; });
  double scatter = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<double> residuals;
    for (const Pair& pair : pairs) residuals.push_back(std::abs(pair.reading - line.gain * pair.truth - line.offset));
    scatter = std::max(1.4826 * median_absolute(std::move(residuals)), 1e-6);
    const Line last = line;
    line = fit(pairs, [&](const Pair& pair) {
      const double e = last.gain * clock.u * pair.step / window;
      return 1 / (scatter * scatter + e * e);
    });
  }
  Calibration out;
  const double wider = std::max(line.squares / (count - 2), 1.0);
  const double variance = wider / line.sxx;
  // Noise in the reference, at most the scatter, flattens the slope by its share of the variance of the true power.
  const double flat = line.gain * scatter * scatter / (line.gain * line.gain) / (line.sxx / line.weight);
  out.gain = line.gain;
  out.u_gain = std::hypot(std::sqrt(variance), flat);
  out.offset_w = line.offset;
  out.u_offset_w = std::sqrt(wider / line.weight + line.mean * line.mean * out.u_gain * out.u_gain);
  out.covariance = -line.mean * out.u_gain * out.u_gain;
  double squares = 0;
  out.least_w = out.most_w = pairs[0].truth;
  for (const Pair& pair : pairs) {
    squares += std::pow(pair.reading - line.gain * pair.truth - line.offset, 2);
    out.least_w = std::min(out.least_w, pair.truth);
    out.most_w = std::max(out.most_w, pair.truth);
  }
  out.residual_rms_w = std::sqrt(squares / (count - 2));
  out.clock_s = clock.offset, out.u_clock_s = clock.u;
  out.window_s = window, out.windows = pairs.size();
  return out;
}

Result<Calibration> judge(const Calibration& found) {
  const double span = found.most_w - found.least_w;
  double wanted = kLeastSpan * std::abs(found.most_w);
  if (found.gain > 0) wanted = std::max(wanted, span * found.u_gain / (kWantedGain * found.gain));
  if (span >= wanted && found.gain > 0) return found;
  return fail(
      ErrorKind::malformed,
      fmt::format(
          "the powers seen span {:.3g} W ({:.4g} to {:.4g} W), and a factor needs at least {:.3g} W: let the node "
          "be idle for a while and then run a full load",
          span, found.least_w, found.most_w, wanted));
}
}  // namespace

std::vector<EnergyPoint> integrate(std::span<const PowerReading> readings) {
  std::vector<EnergyPoint> points;
  double last = 0;
  for (const PowerReading& reading : readings) {
    if (!std::isfinite(reading.at) || !std::isfinite(reading.watts)) continue;
    if (points.empty()) {
      points.push_back({reading.at, 0});
    } else {
      const double time = reading.at - points.back().at;
      if (time <= 0) continue;
      points.push_back({reading.at, points.back().joules + (last + reading.watts) / 2 * time});
    }
    last = reading.watts;
  }
  return points;
}

double Calibration::relative() const {
  double most = 0;
  for (const double truth : {least_w, most_w}) {
    if (truth <= 0) continue;
    const double variance = u_offset_w * u_offset_w + truth * truth * u_gain * u_gain + 2 * truth * covariance;
    most = std::max(most, std::sqrt(std::max(variance, 0.0)) / gain / truth);
  }
  return most;
}

Result<Calibration> compute_calibration(std::span<const EnergyPoint> reference, std::span<const EnergyPoint> sensor) {
  if (reference.size() < kLeastWindows || sensor.size() < kLeastWindows)
    return fail(ErrorKind::malformed, fmt::format("{} readings of the reference and {} of the sensor are too few",
                                                  reference.size(), sensor.size()));
  const double update_interval = std::max(update_interval_of(reference), update_interval_of(sensor));
  const double window = std::max(kWindowsPerUpdateInterval * update_interval, kLeastWindow);
  const Matcher matcher(reference, sensor);
  const std::size_t steady = matcher.pairs(0, window).size();
  if (steady < kLeastWindows)
    return fail(ErrorKind::malformed,
                fmt::format("sensor and reference overlap for {} windows of {:.3g} s, and at least {} are needed",
                            steady, window, kLeastWindows));
  // A nearly constant power does not determine the clock; then the error is about the power range.
  const auto still = compute_line(matcher.pairs(0, window), {0, kMostClockOffset}, window);
  if (still.most_w - still.least_w < kLeastSpan * std::abs(still.most_w)) return judge(still);
  const Clock clock = NW_TRY(match_clocks(matcher, update_interval));
  const auto pairs = matcher.pairs(clock.offset, window);
  if (pairs.size() < kLeastWindows)
    return fail(ErrorKind::malformed, "sensor and reference overlap for too short a time");
  return judge(compute_line(pairs, clock, window));
}

}  // namespace nw
