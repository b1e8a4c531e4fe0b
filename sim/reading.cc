// The reading of a sensor at a time: the true value with the instrument's inaccuracies, then with the active faults.
//
// A value is taken at an update (phase + k refresh) and shown `delay` later. A counter's register holds floor((gain E +
// offset t) / quantum) on top of its start, modulo wrap; a gauge is the mean over its window. Both are then converted
// to the unit that the driver sees: floor(register x quantum / unit), through whole nanojoules where both are whole, as
// the kernel's powercap does it.
//
// Energy filtering (PLATYPUS mitigation) blurs a counter's steps: the time up to which energy is shown lags by a random
// share, up to one half, of a slice, a new one for each slice, linearly interpolated between them, so that it never
// runs backwards.
#include <algorithm>
#include <cmath>

#include "sim/machine_parts.h"

namespace nw::sim {

namespace {
constexpr double kNano = 1e9;

Nanos blurred(const Instrument& instrument, std::uint64_t seed, std::size_t index, Nanos t) {
  if (instrument.filter == Nanos{} || t < Nanos{}) return t;
  const std::int64_t slice = instrument.filter.count(), k = t.count() / slice;
  const auto lag = [&](std::int64_t n) {
    return 0.5 * uniform(hash(seed, kFilter + index, static_cast<std::uint64_t>(n)));
  };
  const double share = static_cast<double>(t.count() % slice) / static_cast<double>(slice);
  const double lags = lag(k) + (lag(k + 1) - lag(k)) * share;
  return t - Nanos::of(static_cast<std::int64_t>(lags * static_cast<double>(slice)));
}

// steps x quantum in counts of unit.
std::uint64_t in_unit(std::uint64_t steps, const Instrument& instrument) {
  const double quantum = instrument.quantum * kNano, unit = instrument.unit * kNano;
  const double whole_quantum = std::round(quantum), whole_unit = std::round(unit);
  const bool exact = whole_quantum >= 1 && whole_unit >= 1 && std::abs(quantum / whole_quantum - 1) < 1e-9 &&
                     std::abs(unit / whole_unit - 1) < 1e-9;
  __extension__ using Wide = unsigned __int128;
  if (exact)
    return static_cast<std::uint64_t>(Wide{steps} * static_cast<std::uint64_t>(whole_quantum) /
                                      static_cast<std::uint64_t>(whole_unit));
  const long double ratio = static_cast<long double>(instrument.quantum) / static_cast<long double>(instrument.unit);
  const long double value = static_cast<long double>(steps) * ratio;
  return value < 0x1p64L ? static_cast<std::uint64_t>(value) : ~std::uint64_t{0};
}

// The inputs of a reading.
class Look {
 public:
  Look(const Machine::Parts& parts, std::size_t index)
      : parts_(parts), eye_(parts.eyes[index]), index_(eye_.shows), plate_(parts.scenario.instruments[index_]) {}

  SimReading at(Nanos t) const {
    for (const Fault& fault : eye_.faults)
      if (fault.kind == Fault::Kind::fail && strikes(fault, t)) return {Reading::none(fault.error), std::nullopt, t};
    t = thawed(t);
    const Nanos born = last_refresh(plate_, t, parts_.scenario.seed + index_);
    const std::uint64_t value = plate_.measure == Measure::counter ? counter(born) : gauge(born);
    SimReading said{Reading::of(value), std::nullopt, born};
    if (plate_.stamps) said.device = stamp(born);
    return said;
  }

 private:
  static bool strikes(const Fault& fault, Nanos t) { return t >= fault.from && (t < fault.to || fault.to == Nanos{}); }

  // The time at which a frozen sensor froze, else t.
  Nanos thawed(Nanos t) const {
    Nanos at = t;
    for (const Fault& fault : eye_.faults)
      if (fault.kind == Fault::Kind::freeze && strikes(fault, t)) at = std::min(at, fault.from);
    return at;
  }

  double spike(Nanos born) const {
    double sum = 0;
    for (Fault fault : eye_.faults) {
      if (fault.kind != Fault::Kind::spike) continue;
      if (fault.to == Nanos{}) fault.to = fault.from + plate_.refresh;
      if (strikes(fault, born)) sum += fault.amount;
    }
    return sum;
  }

  // Joules counted since time 0, without faults.
  double counted(Nanos born) const {
    double energy = 0;
    if (eye_.part_time.empty()) {
      energy = parts_.sensed_at(eye_, blurred(plate_, parts_.scenario.seed, index_, born));
    } else {
      const Nanos first = last_refresh(plate_, plate_.delay - Nanos::of(1), 0) + plate_.refresh;
      const auto k = (born - first).count() / plate_.refresh.count();
      const auto last = static_cast<std::int64_t>(eye_.part_time.size()) - 1;
      energy = born < first ? 0 : plate_.gain * eye_.part_time[static_cast<std::size_t>(std::min(k, last))];
    }
    return std::max(energy + plate_.offset_w * to_seconds(born), 0.0);
  }

  std::uint64_t counter(Nanos born) const {
    double base = 0, lost = 0;
    std::uint64_t start = eye_.start_count;
    Nanos reset{};
    for (const Fault& fault : eye_.faults) {
      if (fault.kind != Fault::Kind::reset || fault.from > born || fault.from < reset) continue;
      reset = fault.from;
      base = counted(fault.from);
      start = 0;
    }
    for (const Fault& fault : eye_.faults)
      if (fault.kind == Fault::Kind::backwards && fault.from <= born && fault.from >= reset) lost += fault.amount;
    const double steps = std::floor((counted(born) - base - lost + spike(born)) / plate_.quantum);
    // A counter that loses more than it has stands at 0.
    std::uint64_t count = start;
    if (steps < 0)
      count -= std::min(count, static_cast<std::uint64_t>(std::min(-steps, 0x1p62)));
    else
      count += static_cast<std::uint64_t>(std::min(steps, 0x1p62));
    return in_unit(plate_.wrap > 0 ? count % plate_.wrap : count, plate_);
  }

  std::uint64_t gauge(Nanos born) const {
    const Nanos window = plate_.window > Nanos{} ? plate_.window : plate_.refresh;
    const double mean = (parts_.energy_at(eye_, born) - parts_.energy_at(eye_, born - window)) / to_seconds(window);
    double watts = gain_at(plate_, mean) * mean + plate_.offset_w + spike(born);
    if (plate_.noise_w > 0) {
      const auto k = static_cast<std::uint64_t>(born.count() / plate_.refresh.count());
      watts += plate_.noise_w * gaussian(hash(parts_.scenario.seed, kGaugeNoise + index_, k));
    }
    const double steps = std::round(std::max(watts, 0.0) / plate_.quantum);
    return in_unit(static_cast<std::uint64_t>(std::min(steps, 0x1p62)), plate_);
  }

  Nanos stamp(Nanos born) const {
    const double drift = static_cast<double>(born.count()) * plate_.clock_drift_ppm * 1e-6;
    const std::int64_t ns = (born + plate_.clock_offset).count() + std::llround(drift),
                       step = plate_.clock_step.count();
    return Nanos::of((ns >= 0 ? ns / step : -((-ns + step - 1) / step)) * step);
  }

  const Machine::Parts& parts_;
  const Eye& eye_;
  std::size_t index_;
  const Instrument& plate_;
};
}  // namespace

Nanos last_refresh(const Instrument& instrument, Nanos t, std::uint64_t stream) {
  const Nanos since = t - instrument.delay - instrument.phase;
  const std::int64_t step = instrument.refresh.count();
  std::int64_t k = since.count() / step;
  if (since.count() % step < 0) --k;
  const auto at = [&](std::int64_t n) {
    if (instrument.jitter == Nanos{}) return Nanos::of(n * step);
    const double late = uniform(hash(stream, kJitter, static_cast<std::uint64_t>(n)));
    return Nanos::of(n * step + static_cast<std::int64_t>(late * static_cast<double>(instrument.jitter.count())));
  };
  return instrument.phase + (at(k) <= since ? at(k) : at(k - 1));
}

std::vector<double> part_time_counts(const Machine::Parts& parts, const Eye& eye, const Instrument& instrument) {
  std::vector<double> counts;
  double sum = 0;
  const double stretch = to_seconds(instrument.refresh) / to_seconds(instrument.window);
  const Nanos first = last_refresh(instrument, instrument.delay - Nanos::of(1), 0) + instrument.refresh;
  for (Nanos t = first; t <= parts.scenario.end; t += instrument.refresh) {
    sum += (parts.energy_at(eye, t) - parts.energy_at(eye, t - instrument.window)) * stretch;
    counts.push_back(sum);
  }
  if (counts.empty()) counts.push_back(0);
  return counts;
}

SimReading Machine::read(std::size_t instrument, Nanos at) const {
  if (scenario().instruments[instrument].denied) return {Reading::none(ErrorKind::denied), std::nullopt, at};
  if (scenario().instruments[instrument].missing) return {Reading::none(ErrorKind::absent), std::nullopt, at};
  return Look(*parts_, instrument).at(at);
}

}  // namespace nw::sim
