#include "energy/node_resolution.h"

#include <algorithm>
#include <cmath>

namespace nw {

namespace {
// Before any reading: losses of 3 to 17 % on the way from the plug to a part (80 PLUS supplies and voltage regulators,
// fans that follow the load), and a third of the first reading for what no part measures, give or take as much.
constexpr double kSlope = 1.10, kSlopeSigma = 0.08;
constexpr double kConstant = 0.35, kConstantSigma = 0.30;
constexpr double kLeastConstantSigma = 20;  // W
// What drifts: fans, the temperature of the room, disks. The constant by 1 % of the node's power in ten minutes, a
// slope by 0.01 in an hour.
constexpr double kConstantDrift = 0.01, kConstantDriftTime = 600;
constexpr double kSlopeDrift = 0.01, kSlopeDriftTime = 3600;
// How far the node is from the equation: supplies' efficiency and fans are no straight lines.
constexpr double kModel = 0.012;       // of the node's power, in one window of the sensor
constexpr double kModelShort = 0.015;  // in an interval
constexpr double kOutlier = 9;         // squared standard deviations beyond which a reading counts less
constexpr double kJudged = 10;         // s between readings that count once each as evidence for a filter
constexpr double kMostSurprise = 25;   // that one reading may say against a filter
constexpr double kMemory = 50;         // windows, of the errors
constexpr double kMost = 1e6;          // of a slope, and of the constant in W
constexpr double kMedianStep = 1.05;
constexpr double kWrong = 0.1, kUnexplained = 0.7;  // errors of that part of the mean, and of the variance
constexpr double kEnough = 10;                      // windows before the sensor is judged
constexpr double kLeastWindow = 0.5;                // s
constexpr Nanos kFinest = millis(90);               // the parts' samples are kept at this distance
constexpr Nanos kMargin = seconds(10), kLongestRead = seconds(120);
constexpr double kNegligible = 12;  // difference of evidence beyond which a filter has no say
constexpr double kExcluded = -1e9, kLeastEvidence = -60;
constexpr double kDoubt = 3;           // within which a filter may be the right one
constexpr double kLeastWeight = 0.02;  // of a reading

constexpr std::int64_t kWindows[] = {1, 5, 10, 15, 20, 30, 60}, kDelays[] = {0, 1, 2, 4};  // s

double square(double x) { return x * x; }

// The values of a timing that are tried.
std::vector<Nanos> candidates(const Timing& timing, std::span<const std::int64_t> grid) {
  if (timing.is_exact()) return {timing.value};
  std::vector<Nanos> values;
  for (const std::int64_t value : grid)
    if (seconds(value) <= timing.most) values.push_back(seconds(value));
  if (values.empty()) values.push_back(timing.value);
  return values;
}

// x' C x
double spread_of(const std::array<double, 6>& c, const std::array<double, 3>& x) {
  return c[0] * x[0] * x[0] + c[3] * x[1] * x[1] + c[5] * x[2] * x[2] +
         2 * (c[1] * x[0] * x[1] + c[2] * x[0] * x[2] + c[4] * x[1] * x[2]);
}

double predict(const std::array<double, 3>& state, const std::array<double, 3>& x) {
  return state[0] * x[0] + state[1] * x[1] + state[2] * x[2];
}
}  // namespace

NodeResolution::NodeResolution(const SensorInfo& node)
    : window_(node.averaging_window),
      delay_(node.delay),
      update_interval_(node.update_interval),
      is_counter_(node.kind == SensorKind::counter),
      quantum_(node.quantum()) {
  if (is_counter_) window_ = delay_ = Timing();
  for (const Nanos window : candidates(window_, kWindows))
    for (const Nanos delay : candidates(delay_, kDelays)) {
      NodeResponse::Filter filter;
      filter.window = std::max(window, Nanos::of(std::llround(kLeastWindow * 1e9)));
      filter.delay = delay;
      response_.filters.push_back(filter);
    }
}

void NodeResolution::begin(double watts) {
  begun_ = true;
  response_.typical = watts;
  for (NodeResponse::Filter& filter : response_.filters) {
    filter.state = {kSlope, kSlope, kConstant * watts};
    filter.covariance = {square(kSlopeSigma), 0, 0,
                         square(kSlopeSigma), 0, square(std::max(kConstantSigma * watts, kLeastConstantSigma))};
  }
}

bool NodeResolution::resume(const NodeResponse& known, Nanos age) {
  NodeResponse taken = known;
  taken.filters = response_.filters;
  bool any = false;
  for (NodeResponse::Filter& filter : taken.filters) {
    const auto same = std::find_if(known.filters.begin(), known.filters.end(), [&](const auto& one) {
      return one.window == filter.window && one.delay == filter.delay;
    });
    any |= same != known.filters.end();
    filter.evidence = kExcluded;
    if (same != known.filters.end()) filter = *same;
  }
  if (!any) return false;
  response_ = std::move(taken);
  begun_ = true;
  for (NodeResponse::Filter& filter : response_.filters) drift(filter, to_seconds(age));
  return true;
}

// So much later.
void NodeResolution::drift(NodeResponse::Filter& filter, double seconds) const {
  std::array<double, 6>& c = filter.covariance;
  const auto widen = [](double& variance, double by, double most) {
    variance = std::max(variance, std::min(variance + by, most));
  };
  const double slope = square(kSlopeDrift) * seconds / kSlopeDriftTime;
  widen(c[0], slope, square(kSlopeSigma));
  widen(c[3], slope, square(kSlopeSigma));
  widen(c[5], square(kConstantDrift * response_.typical) * seconds / kConstantDriftTime,
        square(kConstantSigma * response_.typical));
}

void NodeResolution::add_parts(Nanos at, const PartsEnergy& cumulative) {
  const bool replaces = points_.size() > first_ + 1 && at - points_[points_.size() - 2].at < kFinest;
  if (points_.size() > first_ && at <= points_.back().at) return;
  if (replaces)
    points_.back() = {at, cumulative};
  else
    points_.push_back({at, cumulative});
  const Nanos longest = response_.filters.back().window + response_.filters.back().delay +
                        std::min(update_interval_.most, kLongestRead) + kMargin;
  while (points_.size() - first_ > 2 && points_[first_ + 1].at < at - longest) ++first_;
  if (first_ > 1000) points_.erase(points_.begin(), points_.begin() + static_cast<std::ptrdiff_t>(first_)), first_ = 0;
}

std::optional<PartsEnergy> NodeResolution::cumulative_at(Nanos at) const {
  const auto begin = points_.begin() + static_cast<std::ptrdiff_t>(first_);
  if (begin == points_.end() || at < begin->at) return {};
  const auto after =
      std::upper_bound(begin, points_.end(), at, [](Nanos time, const Point& point) { return time < point.at; });
  if (after == points_.end()) return points_.back().cumulative;
  const Point &a = *(after - 1), &b = *after;
  const double part = to_seconds(at - a.at) / to_seconds(b.at - a.at);
  const PartsEnergy step = b.cumulative - a.cumulative;
  return PartsEnergy{a.cumulative.processors + step.processors * part,
                     a.cumulative.accelerators + step.accelerators * part};
}

// The parts' mean power over the time that the reading is the mean of.
std::optional<NodeResolution::Mean> NodeResolution::mean_of(const NodeResponse::Filter& filter,
                                                            const Reading& reading) const {
  const auto over = [&](Nanos shown) -> std::optional<PartsEnergy> {
    const Nanos end = shown - filter.delay, begin = reading.is_mean ? reading.before : end - filter.window;
    const auto from = cumulative_at(begin), to = cumulative_at(end);
    if (!from || !to) return {};
    const PartsEnergy energy = *to - *from;
    const double time = to_seconds(end - begin);
    return PartsEnergy{energy.processors / time, energy.accelerators / time};
  };
  if (reading.is_mean) {
    const auto power = over(reading.seen);
    return power ? std::optional(Mean{*power, {}}) : std::nullopt;
  }
  const auto early = over(reading.before), late = over(reading.seen);
  if (!early || !late) return {};
  return Mean{{(early->processors + late->processors) / 2, (early->accelerators + late->accelerators) / 2},
              *late - *early};
}

// The square of what the filter's prediction was wrong by, W^2; nothing where the parts were not seen for long enough.
std::optional<double> NodeResolution::update(NodeResponse::Filter& filter, const Reading& reading, double weight,
                                             double judgement) const {
  const auto mean = mean_of(filter, reading);
  if (!mean) return {};
  const std::array<double, 3> x{mean->power.processors, mean->power.accelerators, 1};
  const double change = filter.state[0] * mean->change.processors + filter.state[1] * mean->change.accelerators;
  // Of a counter both ends are uncertain by a count.
  const double step =
      reading.is_mean ? std::sqrt(2.0) * quantum_ / to_seconds(reading.seen - reading.before) : quantum_;
  const double own = square(step) / 12 + square(kModel * reading.watts), blur = square(change) / 12;
  double noise = own / weight + blur;
  std::array<double, 6>& c = filter.covariance;
  const double error = reading.watts - predict(filter.state, x), known = std::max(spread_of(c, x), 0.0);
  const double surprise = square(error) / (known + noise);
  // Against a filter speaks what it did not foresee; how sure it was must not, or steady hours would choose the filter
  // with the shortest window.
  filter.evidence -= 0.5 * judgement * std::min(square(error) / (known + own + blur), kMostSurprise);
  if (surprise > kOutlier) noise = std::max(noise, square(error) / kOutlier - known);
  const double total = known + noise;
  const std::array<double, 3> cx{c[0] * x[0] + c[1] * x[1] + c[2] * x[2], c[1] * x[0] + c[3] * x[1] + c[4] * x[2],
                                 c[2] * x[0] + c[4] * x[1] + c[5] * x[2]};
  for (std::size_t i = 0; i < 3; ++i) filter.state[i] += cx[i] / total * error;
  for (std::size_t i = 0, k = 0; i < 3; ++i)
    for (std::size_t j = i; j < 3; ++j) c[k++] -= cx[i] * cx[j] / total;
  return square(error);
}

// Readings whose windows overlap say little that is new: together, those of one window's time count as one.
void NodeResolution::add_reading(Nanos before, Nanos seen, Watts power) {
  const Reading reading{std::min(before, seen), seen, to_watts(power)};
  const bool same = last_reading_ && reading.watts == last_watts_;
  if (last_reading_ && (seen <= *last_reading_ || (same && seen - *last_reading_ <= update_interval_.most))) return;
  const double since = last_reading_ ? to_seconds(seen - *last_reading_) : 0;
  if (last_reading_ && !same) note_renewal(since);
  last_reading_ = seen;
  last_watts_ = reading.watts;
  learn(reading, since);
}

// A median that follows: each time moves it by a twentieth towards itself.
void NodeResolution::note_renewal(double since) {
  double& median = response_.renewal;
  median = median <= 0 ? since : since > median ? median * kMedianStep : since < median ? median / kMedianStep : median;
}

void NodeResolution::add_mean(Nanos from, Nanos to, Watts power) {
  if (to > from) learn({from, to, to_watts(power), true}, to_seconds(to - from));
}

void NodeResolution::learn(const Reading& reading, double since) {
  if (!begun_) return begin(reading.watts);
  response_.typical = std::max(reading.watts, 1.0);
  const NodeResponse::Filter& longest = response_.filters.back();
  const bool is_judged = mean_of(longest, reading).has_value();
  const double judgement = std::min(1.0, since / kJudged);  // alike for all
  double most = kExcluded, squared_error = 0, weight = 0;
  for (NodeResponse::Filter& filter : response_.filters) {
    if (filter.evidence <= kExcluded) continue;
    drift(filter, since);
    const double own = reading.is_mean ? 1 : std::min(1.0, since / to_seconds(filter.window));
    const auto off = update(filter, reading, std::max(own, kLeastWeight), is_judged ? judgement : 0);
    if (off && filter.evidence > most) most = filter.evidence, squared_error = *off, weight = own;
  }
  if (weight <= 0 || !is_judged) return;
  note(reading, squared_error, weight);
  for (NodeResponse::Filter& filter : response_.filters)
    filter.evidence = filter.evidence <= kExcluded ? kExcluded : std::max(filter.evidence - most, kLeastEvidence);
}

// One reading that is far off says little, many do.
void NodeResolution::note(const Reading& reading, double squared_error, double weight) {
  response_.readings += weight;
  const double part = weight / std::min(response_.readings + 1, kMemory);
  const double expected = response_.error + square(kModel * reading.watts);
  response_.error += part * (std::min(squared_error, kOutlier * expected) - response_.error);
  if (response_.mean <= 0) response_.mean = reading.watts;
  const double off = reading.watts - response_.mean;
  response_.mean += part * off;
  response_.variance += part * (square(off) - response_.variance);
}

bool NodeResolution::contradicts() const {
  return response_.readings > kEnough && response_.error > square(kWrong * response_.mean) &&
         response_.error > kUnexplained * response_.variance;
}

Joules NodeResolution::Equation::energy(const Parts& parts, Nanos duration) const {
  constexpr Int128 kBillion = 1'000'000'000;
  const Int128 whole = Int128{processors} * parts.processors.count() +
                       Int128{accelerators} * parts.accelerators.count() + Int128{constant.count()} * duration.count();
  return Joules::of(saturate(whole / kBillion - (whole % kBillion < 0 ? 1 : 0)));
}

// Each filter that may be right, with its weight.
template <class Take>
void NodeResolution::for_each_weighted(Take take) const {
  const double best = response_.best()->evidence;
  for (const NodeResponse::Filter& filter : response_.filters)
    if (const double behind = best - filter.evidence; behind <= kNegligible) take(filter, std::exp(-behind));
}

NodeResolution::Equation NodeResolution::equation() const {
  double weights = 0;
  std::array<double, 3> sum{};
  for_each_weighted([&](const NodeResponse::Filter& filter, double weight) {
    weights += weight;
    for (std::size_t i = 0; i < 3; ++i) sum[i] += weight * filter.state[i];
  });
  const auto mean = [&](std::size_t i, double scale) {
    return std::llround(std::clamp(sum[i] / weights, 0.0, kMost) * scale);
  };
  return {mean(0, 1e9), mean(1, 1e9), Watts::of(mean(2, 1e6))};
}

// How far the filters' answers are from each other is a part of the uncertainty.
std::optional<NodeResolution::Resolved> NodeResolution::resolve(const Parts& parts, Nanos duration, Watts more) const {
  if (!begun_) return {};
  const std::array<double, 3> x{to_joules(parts.processors), to_joules(parts.accelerators), to_seconds(duration)};
  double weights = 0, sum = 0, squares = 0, variance = 0;
  for_each_weighted([&](const NodeResponse::Filter& filter, double weight) {
    const double joules = predict(filter.state, x);
    weights += weight;
    sum += weight * joules;
    squares += weight * square(joules);
    variance += weight * std::max(spread_of(filter.covariance, x), 0.0);
  });
  const double mean = sum / weights;
  variance = variance / weights + std::max(squares / weights - square(mean), 0.0);
  variance += std::max(square(kModelShort * mean), response_.error * square(x[2]));
  Equation equation = this->equation();
  equation.constant = std::max(equation.constant + more, Watts{});
  return Resolved{equation.energy(parts, duration), std::sqrt(variance)};
}

const NodeResponse::Filter* NodeResponse::best() const {
  const auto found = std::max_element(filters.begin(), filters.end(),
                                      [](const auto& a, const auto& b) { return a.evidence < b.evidence; });
  return found == filters.end() ? nullptr : &*found;
}

namespace {
Timing learned(const NodeResponse& response, Nanos NodeResponse::Filter::*member) {
  const NodeResponse::Filter* best = response.best();
  if (best == nullptr) return {};
  Timing timing(best->*member, best->*member, TimingBasis::learned);
  for (const NodeResponse::Filter& filter : response.filters)
    if (best->evidence - filter.evidence <= kDoubt) timing.most = std::max(timing.most, filter.*member);
  return timing;
}
}  // namespace

Timing NodeResponse::window() const { return learned(*this, &Filter::window); }
Timing NodeResponse::delay() const { return learned(*this, &Filter::delay); }

}  // namespace nw
