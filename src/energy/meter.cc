#include "energy/meter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nw {

namespace {
// A part that is on draws more than half a watt: a counter with counts of at most 1 J that has not moved for this long
// is not counting.
constexpr Nanos kStillTooLong = seconds(10);
constexpr double kLeastWatts = 0.5;
constexpr double kCaughtUp = 0.5;  // of the expected energy while its counter stood still
constexpr Nanos kDeadAfter = seconds(2);
constexpr Nanos kDeadAtZeroAfter = millis(100);  // counters that begin at zero when opened

// A difference of a counter is used as a mean power when it spans this many updates and counts.
constexpr std::int64_t kMeanRefreshes = 10;
constexpr std::uint64_t kMeanCounts = 20;

// Whether the counting was interrupted.
bool is_break(const Unwrapper::Step& step) {
  return step.verdict == Unwrapper::Verdict::reset || step.verdict == Unwrapper::Verdict::ambiguous;
}
}  // namespace

Meter::Meter(SensorInfo info, Nanos period)
    : info_(std::move(info)), period_(period), unwrapper_(info_), clock_(info_.update_interval.value) {}

void Meter::add(const Sample& sample) {
  if (sample.status == Status::stale) {  // a bus has no new value: the known one stays, and is extrapolated from there
    if (!std::exchange(holding_, true)) anomalies_.add(Anomaly::read_failed);
    return;
  }
  const bool ok = sample.status == Status::ok;
  const Nanos at = ok && sample.device_time ? clock_.to_host(*sample.device_time, sample.at(), sample.taken.has_value())
                                            : sample.at();
  if (last_sample_ && at < *last_sample_) return;  // time must not go backwards
  if (ok && !holding_ && last_sample_ && at == *last_sample_ && sample.raw == last_raw_) return;  // processed before
  const Nanos expected = std::max(period_, info_.update_interval.value);
  const bool late = last_sample_ && at - *last_sample_ > expected + expected;
  const Nanos timestamp_uncertainty =
      std::min(info_.update_interval.value, last_sample_ ? at - *last_sample_ : info_.update_interval.value);
  last_sample_ = at;
  if (!ok) {
    anomalies_.add(Anomaly::read_failed);
    return hold(info_.kind == SensorKind::gauge ? at - info_.age() : at);
  }
  if (late) anomalies_.add(Anomaly::late);
  timestamp_uncertainty_ = info_.update_interval.value;
  if (info_.kind == SensorKind::gauge) {
    holding_ = false;
    // A bus's thread asks when it will, a device that dates its values needs no guess, and one without a window is read
    // as it stands.
    if (sample.taken || sample.device_time || info_.averaging_window.value == Nanos{})
      return add_gauge(at, Nanos{}, sample.raw);
    timestamp_uncertainty_ = timestamp_uncertainty;
    return add_gauge(at, timestamp_uncertainty, sample.raw);
  }
  // A slow counter that is read more often than it is updated: the same count again is not new.
  holding_ = false;
  if (is_slow() && last_good_ && sample.raw == last_raw_ &&
      at - *last_good_ < info_.update_interval.value + info_.update_interval.value)
    return;
  if (!is_slow()) return add_counter(at, sample.raw);
  // The age of its count is anything between 0 and the timestamp uncertainty.
  timestamp_uncertainty_ =
      sample.device_time ? std::min(timestamp_uncertainty, clock_.timestamp_uncertainty()) : timestamp_uncertainty;
  Nanos counted = at - Nanos::of(timestamp_uncertainty_.count() / 2);
  if (last_good_ && counted <= *last_good_) counted = *last_good_ + Nanos::of(1);
  add_counter(counted, sample.raw);
}

// A missing reading: continue at the last known power until the next good one corrects it.
void Meter::hold(Nanos at) {
  holding_ = true;
  if (is_slow() || count_ == 0 || at <= point(0).at) return;  // a slow counter's points are its steps
  if (last_power_ >= 0) {
    const Joules energy = from_double(as_joules(last_power_, at - point(0).at));
    held_ += energy;
    now_.energy += energy;
  }
  push(at);
}

void Meter::push(Nanos at) {
  points_[count_++ % points_.size()] = {at, now_, std::max(last_power_, 0.0), timestamp_uncertainty_,
                                        last_moved_.value_or(at)};
}

void Meter::note_power(Watts power) {
  max_power_ = std::max(max_power_.value_or(power), power);
  min_power_ = std::min(min_power_.value_or(power), power);
}

// `time` was not measured: fill it at the last power, or as soon as one is known.
void Meter::fill(Nanos time) {
  if (last_power_ < 0) {
    unfilled_ += time;
    return;
  }
  const Joules energy = from_double(as_joules(last_power_, time));
  now_.energy += energy;
  now_.filled += energy;
}

// `moved`: when the count last changed, at `since` or before. The energy of a step was drawn since then.
void Meter::measured(Nanos at, Joules energy, Nanos since, Nanos moved) {
  now_.energy += energy;
  now_.covered += at - since;
  if (at > since) {
    if (energy > Joules{}) last_power_ = to_joules(energy) / to_seconds(at - moved);
    if (first_power_ < 0) first_power_ = last_power_;
  }
  if (unfilled_ > Nanos{}) fill(std::exchange(unfilled_, Nanos{}));
}

// The highest and the lowest power are means over intervals that the counter resolves; an interval never spans a break
// in the counting.
void Meter::note_mean(Nanos at, Joules energy, Nanos since, std::uint64_t counts) {
  if (!std::exchange(mean_open_, true)) mean_since_ = since, mean_energy_ = {}, mean_counts_ = 0;
  mean_energy_ += energy;
  mean_counts_ += counts;
  const Nanos time = at - mean_since_;
  if (time.count() < kMeanRefreshes * info_.update_interval.value.count() || mean_counts_ < kMeanCounts) return;
  note_power(mean_energy_ / time);
  mean_open_ = false;
}

// How long a working counter may stand still: longer where one count is large.
Nanos Meter::longest_stillness() const {
  return std::max(kStillTooLong,
                  Nanos::of(std::llround(std::min(kStillCounts * info_.quantum() / kLeastWatts, 1e6) * 1e9)));
}

// Whether a working counter has stood still for too long by now. When that is found, the time since it stopped no
// longer counts as measured. If it then moves by as much as the part drew in all that time, or by more than it can have
// drawn since the last reading, it had only not been updated: the fill is removed, and the time counts as measured
// after all.
bool Meter::frozen(const Unwrapper::Step& step, Nanos at) {
  if (step.counts != 0 || is_break(step)) {  // after a break it has moved by an unknown amount
    if (frozen_ && !is_break(step)) {
      if (has_caught_up(step, at))
        remove_fill();
      else
        last_moved_ = last_good_;  // what it shows now is of the time since then
    }
    frozen_ = false;
    return false;
  }
  if (!responsive_ || at - *last_moved_ <= longest_stillness()) return false;
  if (!frozen_) {
    frozen_fill_ = {};
    now_.covered -= *last_good_ - *last_moved_;
    const Joules before = now_.filled;
    fill(*last_good_ - *last_moved_);
    frozen_fill_ = now_.filled - before;
    anomalies_.add(Anomaly::stuck);
  }
  frozen_ = true;
  return true;
}

bool Meter::has_caught_up(const Unwrapper::Step& step, Nanos at) const {
  const Joules moved = Joules::of(mul_div(Int128{step.counts}, info_.unit_num, info_.unit_den));
  const double whole = last_power_ > 0 ? as_joules(last_power_, at - *last_moved_) : 0;
  return step.caught_up ||
         (to_joules(moved) >= kCaughtUp * whole && to_joules(moved) >= 2 * as_joules(last_power_, at - *last_good_));
}

void Meter::remove_fill() {
  now_.energy -= frozen_fill_;
  now_.filled -= frozen_fill_;
  now_.covered += *last_good_ - *last_moved_;
}

void Meter::add_counter(Nanos at, std::uint64_t raw) {
  const auto step = unwrapper_.advance(raw, at);
  using Verdict = Unwrapper::Verdict;
  if (step.verdict == Verdict::first) {
    first_good_ = last_good_ = last_moved_ = at;
    last_raw_ = raw;
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
  if (is_break(step)) mean_open_ = false;
  if (frozen(step, at)) {
    const Joules before = now_.filled;
    fill(at - *last_good_);
    frozen_fill_ += now_.filled - before;
    mean_open_ = false;
  } else if (step.verdict != Verdict::ambiguous) {
    counts_ += step.counts;
    const Joules total = Joules::of(mul_div(counts_, info_.unit_num, info_.unit_den));
    const Joules energy = total - std::exchange(from_counts_, total);
    if (step.counts > 0) responsive_ = true;
    const Nanos moved = step.verdict == Verdict::reset ? step.since : *last_moved_;
    measured(at, energy, step.since, moved);
    if (step.counts > 0 && at > moved) note_mean(at, energy, moved, step.counts);
  }
  if (step.counts > 0 || is_break(step)) last_moved_ = at;
  last_good_ = at;
  last_raw_ = raw;
  push(at);
}

Joules Meter::lead_in(Nanos begin) const {
  if (!first_good_ || first_power_ < 0 || *first_good_ <= begin) return {};
  return from_double(as_joules(first_power_, *first_good_ - begin));
}

bool Meter::unresponsive() const {
  if (responsive_ || !first_good_ || !last_good_) return false;
  const Nanos watched = *last_good_ - *first_good_;
  return watched >= kDeadAfter || (last_raw_ == 0 && watched >= kDeadAtZeroAfter);
}

void Meter::close() {
  if (unresponsive() && anomalies_.count(Anomaly::dead) == 0) anomalies_.add(Anomaly::dead);
}

}  // namespace nw
