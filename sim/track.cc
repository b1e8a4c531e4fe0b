#include "sim/track.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nw::sim {

namespace {
constexpr Nanos kForEver = Nanos::of(std::numeric_limits<std::int64_t>::min());

double share_of_low(const Segment& s) {
  return s.train.period > Nanos{} ? 1 - to_seconds(s.train.duty) / to_seconds(s.train.period) : 1;
}
double mean_of(const Segment& s) { return s.low + s.swing * (1 - share_of_low(s)); }
}  // namespace

double Train::level(Nanos t) const {
  std::int64_t y = (t - origin).count() % period.count();
  if (y < 0) y += period.count();
  const double r = static_cast<double>(rise.count()), d = static_cast<double>(y);
  if (y < rise.count()) return d / r;
  if (y < duty.count()) return 1;
  if (y < (duty + rise).count()) return 1 - (d - static_cast<double>(duty.count())) / r;
  return 0;
}

double Train::integral(Nanos t) const {
  const std::int64_t x = (t - origin).count();
  std::int64_t n = x / period.count(), y = x % period.count();
  if (y < 0) y += period.count(), --n;
  const double d = static_cast<double>(duty.count()), r = static_cast<double>(rise.count()),
               into = static_cast<double>(y);
  double within = d;
  if (y < rise.count())
    within = into * into / (2 * r);
  else if (y < duty.count())
    within = into - r / 2;
  else if (y < (duty + rise).count())
    within = into - r / 2 - (into - d) * (into - d) / (2 * r);
  return (static_cast<double>(n) * d + within) * 1e-9;
}

Track::Track(const Component& component, SlowNoise noise) : component_(component), noise_(std::move(noise)) {
  Segment idle;
  idle.from = kForEver;
  idle.low = component_.idle_w;
  segments_.push_back(idle);
}

Track::Track(const Component& component, const std::vector<double>& watts, Nanos step) : Track(component, SlowNoise()) {
  Segment s = segments_.front();
  for (const double w : watts) {
    s.from = s.from == kForEver ? Nanos{} : s.from + step;
    s.low = w;
    segments_.push_back(s);
  }
  s.from += step;
  s.low = component_.idle_w;
  segments_.push_back(s);
  finish();
}

double Track::power_at_level(double level) const {
  constexpr double kAwakeAt = 0.01;
  const Component& c = component_;
  const double linear = c.max_w - c.idle_w - c.awake_w;
  return c.idle_w + c.awake_w * (1 - std::exp(-level / kAwakeAt)) + linear * level;
}

const Segment& Track::segment(Nanos t) const {
  const auto next = std::upper_bound(segments_.begin(), segments_.end(), t,
                                     [](Nanos time, const Segment& segment) { return time < segment.from; });
  return *std::prev(next);
}

double Track::without_noise(const Segment& s, Nanos t) const {
  const double ramp = s.slope == 0 ? 0 : s.slope * to_seconds(t - s.from);
  return s.low + ramp + (s.train.period > Nanos{} ? s.swing * s.train.level(t) : 0);
}

double Track::power(Nanos t) const {
  const Segment& s = segment(t);
  return without_noise(s, t) + s.noise * noise_.at(t);
}

double Track::energy(Nanos t) const {
  const Segment& s = segment(t);
  const Nanos begin = s.from == kForEver ? Nanos{} : s.from;
  const double dt = to_seconds(t - begin);
  double sum = s.energy + s.low * dt + s.slope * dt * dt / 2;
  if (s.train.period > Nanos{}) sum += s.swing * (s.train.integral(t) - s.train_before);
  if (s.noise != 0) sum += s.noise * (noise_.integral(t) - s.noise_before);
  return sum;
}

// Begins a segment at `at`, splitting the one that runs there.
void Track::cut(Nanos at) {
  const auto next = std::upper_bound(segments_.begin(), segments_.end(), at,
                                     [](Nanos time, const Segment& segment) { return time < segment.from; });
  Segment rest = *std::prev(next);
  if (rest.from == at) return;
  if (rest.slope != 0) rest.low += rest.slope * to_seconds(at - rest.from);
  rest.from = at;
  segments_.insert(next, rest);
}

void Track::add(Nanos from, Nanos to, Segment segment) {
  if (from >= to) return;
  cut(to);
  cut(from);
  const auto starts_before = [](const Segment& s, Nanos time) { return s.from < time; };
  const auto first = std::lower_bound(segments_.begin(), segments_.end(), from, starts_before);
  const auto last = std::lower_bound(first, segments_.end(), to, starts_before);
  segment.from = from;
  // Never below zero, however large the noise is: it goes to three sigma.
  segment.noise =
      std::min(segment.noise, std::min(segment.low, segment.low + segment.slope * to_seconds(to - from)) / 3);
  *first = segment;
  segments_.erase(std::next(first), last);
}

Segment Track::make_train(const Piece& piece) const {
  Segment s;
  const double high = power_at_level(piece.level);
  s.low = high;
  if (piece.period > Nanos{}) {
    s.low = power_at_level(std::max(piece.level - piece.depth, 0.0));
    s.swing = high - s.low;
    const auto duty = static_cast<std::int64_t>(std::llround(piece.duty * static_cast<double>(piece.period.count())));
    const auto longest = std::min(duty, piece.period.count() - duty);
    s.train = {piece.from - piece.phase, piece.period, Nanos::of(duty),
               Nanos::of(std::min(component_.slew.count(), longest))};
  }
  s.noise = piece.noise * mean_of(s);
  return s;
}

void Track::lay(const Piece& piece, std::uint64_t seed, std::uint64_t index) {
  const double before = mean_of(segment(piece.from - Nanos::of(1)));
  const Segment work = make_train(piece);
  add(piece.from, piece.to, work);
  const auto put_level = [&](Nanos from, Nanos to, double level) {
    Segment s;
    s.low = power_at_level(level);
    s.noise = piece.noise * s.low;
    add(std::max(from, piece.from), std::min(to, piece.to), s);
  };
  for (const Nanos at : stalls_of(piece, seed, index)) put_level(at, at + piece.stall, piece.stall_level);
  if (piece.epoch > Nanos{})
    for (Nanos end = piece.from + piece.epoch; end - piece.dip < piece.to; end += piece.epoch)
      put_level(end - piece.dip, end, piece.dip_level);
  if (const Nanos warm = std::min(piece.warm_up, piece.to - piece.from); warm > Nanos{}) {
    Segment ramp;
    ramp.low = before;
    ramp.slope = (mean_of(work) - before) / to_seconds(piece.warm_up);
    ramp.noise = piece.noise * before;
    add(piece.from, piece.from + warm, ramp);
  }
}

void Track::finish() {
  double energy = 0;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    Segment& s = segments_[i];
    const Nanos begin = s.from == kForEver ? Nanos{} : s.from;
    s.train_before = s.train.period > Nanos{} ? s.train.integral(begin) : 0;
    s.noise_before = noise_.integral(begin);
    s.energy = energy;
    if (i + 1 == segments_.size()) break;
    const Nanos end = segments_[i + 1].from;
    const double dt = to_seconds(end - begin);
    energy += s.low * dt + s.slope * dt * dt / 2 + s.noise * (noise_.integral(end) - s.noise_before);
    if (s.train.period > Nanos{}) energy += s.swing * (s.train.integral(end) - s.train_before);
  }
}

std::vector<Nanos> stalls_of(const Piece& piece, std::uint64_t seed, std::uint64_t index) {
  std::vector<Nanos> stalls;
  if (piece.stalls_per_hour <= 0 || piece.stall <= Nanos{}) return stalls;
  Nanos at = piece.from;
  for (std::uint64_t n = 0;; ++n) {
    const double gap_s = -std::log(1 - uniform(hash(seed, kStalls + index, n))) * 3600 / piece.stalls_per_hour;
    if (gap_s > to_seconds(piece.to - at)) return stalls;
    at += Nanos::of(static_cast<std::int64_t>(gap_s * 1e9));
    stalls.push_back(at);
    at += piece.stall;
  }
}

}  // namespace nw::sim
