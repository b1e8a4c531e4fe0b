#include "energy/meter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nw {

namespace {
constexpr double kNano = 1e-9;
// A part that is on draws more than half a watt: after this long without a step a counter of at most 1 J a step is not
// counting.
constexpr Nanos kStillTooLong = seconds(10);
constexpr Nanos kDeadAfter = seconds(2);
constexpr Nanos kDeadAtZeroAfter = millis(100);  // counters that begin at zero when opened

// A difference of a counter says something of power when it spans so many of its refreshes and counts.
constexpr std::int64_t kMeanRefreshes = 10;
constexpr std::uint64_t kMeanCounts = 20;
constexpr Watts kAnyPart =
    watts(1'000'000'000);  // more than any part of a node draws, where the nameplate has no ceiling

double as_joules(double watts, Nanos time) { return watts * static_cast<double>(time.count()) * kNano; }
Joules from_double(double joule) { return Joules::of(std::llround(std::clamp(joule * 1e6, -9e18, 9e18))); }
}  // namespace

Meter::Meter(Nameplate plate, Nanos period) : plate_(std::move(plate)), period_(period), unwrapper_(plate_) {}

void Meter::add(const Sample& sample) {
  if (last_sample_ && sample.at() < *last_sample_) return;  // time does not go back
  const bool late = last_sample_ && sample.at() - *last_sample_ > period_ + period_;
  last_sample_ = sample.at();
  if (sample.status != Status::ok) {
    anomalies_.add(Anomaly::read_failed);
    return hold(sample.at());
  }
  if (late) anomalies_.add(Anomaly::late);
  holding_ = false;
  if (plate_.kind == SensorKind::counter)
    add_counter(sample);
  else
    add_gauge(sample);
}

// A reading that is not there: go on at the last known power until the next good one puts it right.
void Meter::hold(Nanos at) {
  holding_ = true;
  if (count_ == 0 || at <= point(0).at) return;
  if (last_power_ >= 0) {
    const Joules energy = from_double(as_joules(last_power_, at - point(0).at));
    held_ += energy;
    now_.energy += energy;
  }
  push(at);
}

void Meter::push(Nanos at) { points_[count_++ % points_.size()] = {at, now_, std::max(last_power_, 0.0)}; }

void Meter::note_power(Watts power) {
  max_power_ = std::max(max_power_.value_or(power), power);
  min_power_ = std::min(min_power_.value_or(power), power);
}

// `time` was not measured: fill it at the last power, or as soon as there is one.
void Meter::fill(Nanos time) {
  if (last_power_ < 0) {
    unfilled_ += time;
    return;
  }
  const Joules energy = from_double(as_joules(last_power_, time));
  now_.energy += energy;
  now_.filled += energy;
}

void Meter::measured(Nanos at, Joules energy, Nanos since) {
  now_.energy += energy;
  now_.covered += at - since;
  if (at > since) {
    if (energy > Joules{}) last_power_ = to_joules(energy) / to_seconds(at - since);
    if (first_power_ < 0) first_power_ = last_power_;
  }
  if (unfilled_ > Nanos{}) fill(std::exchange(unfilled_, Nanos{}));
}

// The greatest and the least power are means over stretches that the counter resolves; a stretch never spans a break in
// the counting.
void Meter::note_mean(Nanos at, Joules energy, Nanos since, std::uint64_t counts) {
  if (!std::exchange(mean_open_, true)) mean_since_ = since, mean_energy_ = {}, mean_counts_ = 0;
  mean_energy_ += energy;
  mean_counts_ += counts;
  const Nanos time = at - mean_since_;
  if (time.count() < kMeanRefreshes * plate_.refresh.count() || mean_counts_ < kMeanCounts) return;
  note_power(mean_energy_ / time);
  mean_open_ = false;
}

// Whether a live counter has stood still for too long by now. The first time, the stillness that had passed as measured
// is taken back.
bool Meter::stuck(const Unwrapper::Step& step, Nanos at) {
  const bool broken = step.verdict == Unwrapper::Verdict::reset || step.verdict == Unwrapper::Verdict::ambiguous;
  if (step.counts != 0 || broken) {  // after a break it has moved, nobody knows how far
    last_moved_ = at;
    stuck_ = false;
    return false;
  }
  if (!alive_ || at - *last_moved_ <= kStillTooLong) return false;
  if (!stuck_) {
    now_.covered -= *last_good_ - *last_moved_;
    fill(*last_good_ - *last_moved_);
    anomalies_.add(Anomaly::stuck);
  }
  stuck_ = true;
  return true;
}

void Meter::add_counter(const Sample& sample) {
  const Nanos at = sample.at();
  const auto step = unwrapper_.advance(sample.raw, at);
  using Verdict = Unwrapper::Verdict;
  if (step.verdict == Verdict::first) {
    first_good_ = last_good_ = last_moved_ = at;
    last_raw_ = sample.raw;
    return push(at);
  }
  if (step.verdict == Verdict::absurd || step.verdict == Verdict::backwards) {
    anomalies_.add(step.verdict == Verdict::absurd ? Anomaly::absurd : Anomaly::backwards);
    return hold(at);
  }
  now_.energy -= std::exchange(held_, Joules{});
  if (step.verdict == Verdict::wrapped) anomalies_.add(Anomaly::wrap);
  if (step.verdict == Verdict::reset) anomalies_.add(Anomaly::reset);
  if (step.verdict == Verdict::ambiguous) anomalies_.add(Anomaly::ambiguous_wrap);
  if (step.verdict == Verdict::ambiguous) fill(at - *last_good_);
  if (step.verdict == Verdict::reset) fill(step.since - *last_good_);
  if (step.verdict == Verdict::reset || step.verdict == Verdict::ambiguous) mean_open_ = false;
  if (stuck(step, at)) {
    fill(at - *last_good_);
    mean_open_ = false;
  } else if (step.verdict != Verdict::ambiguous) {
    counts_ += step.counts;
    const Joules total = Joules::of(mul_div(counts_, plate_.unit_num, plate_.unit_den));
    const Joules energy = total - std::exchange(from_counts_, total);
    if (step.counts > 0) alive_ = true;
    measured(at, energy, step.since);
    if (at > step.since) note_mean(at, energy, step.since, step.counts);
  }
  last_good_ = at;
  last_raw_ = sample.raw;
  push(at);
}

void Meter::add_gauge(const Sample& sample) {
  const Nanos at = sample.at() - Nanos::of(plate_.window.count() / 2);
  const Watts power = Watts::of(mul_div(static_cast<Int128>(sample.raw), plate_.unit_num, plate_.unit_den));
  if (power > (plate_.ceiling > Watts{} ? plate_.ceiling : kAnyPart)) {
    anomalies_.add(Anomaly::absurd);
    return hold(at);
  }
  const double watts = to_watts(power);
  if (!last_good_) {
    first_good_ = at;
    first_power_ = watts;
  } else if (at > *last_good_) {
    now_.energy -= std::exchange(held_, Joules{});
    const Nanos step = at - *last_good_;
    area_ += (Int128{last_raw_} + Int128{sample.raw}) * step.count();
    const Joules total = Joules::of(mul_div(area_, plate_.unit_num, Int128{2} * plate_.unit_den * kNanosPerSecond));
    const Joules energy = total - std::exchange(from_counts_, total);
    now_.energy += energy;
    if (step > period_ + period_ + period_ && step > plate_.refresh + plate_.refresh + plate_.refresh) {
      anomalies_.add(Anomaly::gap);
      now_.filled += energy;
    } else {
      now_.covered += step;
    }
    const double jump = as_joules(watts - last_power_, step);
    now_.steps += jump * jump;
    now_.products += watts * last_power_;
    if (watts > 0) alive_ = true;
  } else {
    return;  // set back behind the reading before: nothing new
  }
  now_.count += 1;
  now_.sum += watts;
  now_.squares += watts * watts;
  note_power(power);
  last_good_ = at;
  last_raw_ = sample.raw;
  last_power_ = watts;
  push(at);
}

Joules Meter::before_first(Nanos begin) const {
  if (!first_good_ || first_power_ < 0 || *first_good_ <= begin) return {};
  return from_double(as_joules(first_power_, *first_good_ - begin));
}

bool Meter::dead() const {
  if (alive_ || !first_good_ || !last_good_) return false;
  const Nanos watched = *last_good_ - *first_good_;
  return watched >= kDeadAfter || (last_raw_ == 0 && watched >= kDeadAtZeroAfter);
}

void Meter::close() {
  if (dead() && anomalies_.count(Anomaly::dead) == 0) anomalies_.add(Anomaly::dead);
}

Tally Meter::at(Nanos time) const {
  if (count_ == 0) return {};
  if (time >= point(0).at) {  // held at the last power
    Tally tally = point(0).tally;
    const Nanos beyond = time - point(0).at;
    tally.energy += from_double(as_joules(point(0).power, beyond));
    if (alive_) tally.covered += beyond;
    return tally;
  }
  for (std::size_t back = 1; back < kept(); ++back) {
    const Point& a = point(back);
    if (time < a.at) continue;
    const Point& b = point(back - 1);
    const std::int64_t part = (time - a.at).count(), whole = (b.at - a.at).count();
    const Tally step = b.tally - a.tally;
    const double share = static_cast<double>(part) / static_cast<double>(whole);
    return a.tally + Tally{Joules::of(mul_div(step.energy.count(), part, whole)),
                           Joules::of(mul_div(step.filled.count(), part, whole)),
                           Nanos::of(mul_div(step.covered.count(), part, whole)),
                           step.steps * share,
                           step.count * share,
                           step.sum * share,
                           step.squares * share,
                           step.products * share};
  }
  Tally tally = point(kept() - 1).tally;  // before everything that is kept
  const Nanos before = point(kept() - 1).at - time;
  tally.energy -= from_double(as_joules(point(kept() > 1 ? kept() - 2 : 0).power, before));
  if (alive_) tally.covered -= before;
  return tally;
}

// Staleness of a reading (uniform in one refresh), the load's step at the edge seen through refresh or window, and,
// where the edge lies between two samples, the straight line between them.
double Meter::edge_variance(Nanos time) const {
  if (kept() < 2) return 0;
  std::size_t back = 1;
  while (back + 1 < kept() && time < point(back).at) ++back;
  const Point &a = point(back), &b = point(back - 1);
  const double before = back + 1 < kept() ? a.power : b.power;
  const double step = std::max(std::abs(b.power - before), 0.05 * b.power);
  const double refresh = to_seconds(plate_.refresh), window = to_seconds(plate_.window);
  double variance = b.power * b.power * refresh * refresh / 12;
  if (holding_ && last_good_ &&
      time > *last_good_) {  // nobody knows what was drawn since: anything up to the most that was seen
    const double guess = std::max(last_power_, to_watts(max_power_.value_or(Watts{}))) * to_seconds(time - *last_good_);
    variance += guess * guess / 3;
  }
  const double lag = step * (plate_.kind == SensorKind::counter ? refresh : window) / 2;
  variance += lag * lag / 3;
  if (time > a.at && time < b.at) {
    const double line = to_seconds(b.at - a.at) * step;
    variance += line * line * (0.0745 * 0.0745 + 1.0 / 36);
  }
  return variance;
}

Interval Meter::between(Nanos begin, Nanos end) const {
  return {at(end) - at(begin), end - begin, edge_variance(begin) + edge_variance(end)};
}

}  // namespace nw
