// Meter over a gauge: the trapezoid over its readings.
//
// A reading is the mean over a window that ended some time ago: when the value was new, at the last update, and the
// device's delay before that. A gauge that is read more often than it has new values shows when it had one; one that is
// read less often is half an update old in the mean.
#include <algorithm>

#include "energy/meter.h"

namespace nw {

namespace {
constexpr Watts kAnyPart =
    watts(1'000'000'000);  // more than any part of a node draws, where the sensor info has no maximum power
}  // namespace

// `age`: how long ago its value was new, at most.
void Meter::add_gauge(Nanos read_at, Nanos age, std::uint64_t raw) {
  const Nanos at = read_at - Nanos::of(age.count() / 2) - info_.age();
  const Nanos update = info_.update_interval.value;
  const Watts power = info_.power_of(raw);
  if (power > (info_.max_power > Watts{} ? info_.max_power : kAnyPart)) {
    anomalies_.add(Anomaly::absurd);
    return hold(at);
  }
  // The same value again, before there can be a new one, is the one that is known.
  if (age > Nanos{} && last_good_ && raw == last_raw_ && at - *last_good_ < update) return;
  const double watts = to_watts(power);
  if (!last_good_) {
    first_good_ = at;
    first_power_ = watts;
  } else if (at > *last_good_) {
    add_trapezoid(at, raw, watts);
  } else {
    return;  // set back to before the previous reading: nothing new
  }
  now_.count += 1;
  now_.sum += watts;
  now_.squares += watts * watts;
  note_power(power);
  last_good_ = at;
  last_raw_ = raw;
  last_power_ = watts;
  note_repeats(at, raw);
  push(at);
}

void Meter::add_trapezoid(Nanos at, std::uint64_t raw, double watts) {
  const Nanos update = info_.update_interval.value;
  now_.energy -= std::exchange(held_, Joules{});
  const Nanos step = at - *last_good_;
  area_ += (Int128{last_raw_} + Int128{raw}) * step.count();
  const Joules total = Joules::of(mul_div(area_, info_.unit_num, Int128{2} * info_.unit_den * kNanosPerSecond));
  const Joules energy = total - std::exchange(from_counts_, total);
  now_.energy += energy;
  if (step > period_ + period_ + period_ && step > update + update + update) {
    anomalies_.add(Anomaly::gap);
    now_.filled += energy;
  } else {
    cover(step);
  }
  const double jump = as_joules(watts - last_power_, step);
  now_.steps += jump * jump;
  now_.products += watts * last_power_;
  if (watts > 0) responsive_ = true;
}

// Time in which the gauge had stopped is found when it has passed, and sums that were handed out cannot be made less:
// it is taken off the time that follows. A hundredth of that stays, so that an interval inside has an energy at all.
void Meter::cover(Nanos step) {
  const Nanos off = std::min(uncovered_, Nanos::of(step.count() / 100 * 99));
  uncovered_ -= off;
  now_.covered += step - off;
}

// The value that a gauge holds when it has stopped is an estimate, and its time is not measured.
void Meter::note_repeats(Nanos at, std::uint64_t raw) {
  const Nanos update = std::max(info_.update_interval.value, period_);
  repeated_.add(at, raw, update);
  const auto held = repeated_.take_held(update);
  if (!held) return;
  if (held->is_new) anomalies_.add(Anomaly::stuck);
  const Watts power = info_.power_of(held->value);
  uncovered_ += held->end - held->begin;
  now_.filled += power * (held->end - held->begin);
}

}  // namespace nw
