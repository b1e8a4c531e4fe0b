#include "apps/cli/cool_down.h"

#include <algorithm>
#include <cmath>

#include "energy/meter.h"

namespace nw::cli {

namespace {
constexpr double kRelative = 0.05, kLeastWatts = 1, kSigmas = 3;  // above the baseline, and it is at rest still
constexpr double kSteadyRelative = 0.03;
constexpr std::int64_t kTicks = 20;
constexpr Nanos kStep = millis(100), kPause = seconds(5), kLongestStretch = seconds(10);

bool is_slow_counter(const Nameplate& plate) {
  return plate.kind == SensorKind::counter && plate.refresh >= Meter::kSlow;
}

// Long enough that the slowest witness says something new, and a counter ticks often.
Nanos stretch_of(const std::vector<Nameplate>& plates, const std::vector<bool>& witnesses) {
  Nanos stretch = Rest::kStretch;
  for (std::size_t i = 0; i < plates.size(); ++i) {
    if (!witnesses[i]) continue;
    const std::int64_t periods = is_slow_counter(plates[i]) ? kTicks : 2;
    stretch = std::max(stretch, Nanos::of(std::max(plates[i].refresh, plates[i].window).count() * periods));
  }
  return std::min(stretch, kLongestStretch);
}

std::vector<std::optional<RestPower>> baseline_of(const std::vector<Nameplate>& plates,
                                                  const std::vector<bool>& witnesses, const pb::Record& record) {
  std::vector<std::optional<RestPower>> baseline(plates.size());
  for (std::size_t i = 0; i < plates.size(); ++i)
    for (const pb::Idle& idle : record.idle())
      if (witnesses[i] && idle.sensor() == plates[i].id && idle.power_uw() >= 0)
        baseline[i] = {static_cast<double>(idle.power_uw()) * 1e-6, static_cast<double>(idle.u_uw()) * 1e-6};
  return baseline;
}

// The mean powers of the stretches that pass.
class Watch {
 public:
  Watch(Host& host, Reader& reader, const std::vector<bool>& witnesses)
      : host_(host), reader_(reader), witnesses_(witnesses), last_(reader.plates().size()) {
    for (const Nameplate& plate : reader.plates()) meters_.emplace_back(plate, kStep);
  }

  void read() {
    reader_.read_all(sweep_);
    for (std::size_t i = 0; i < meters_.size(); ++i) meters_[i].add(sweep_[i]);
  }
  std::vector<std::optional<double>> end_stretch() {
    const Nanos now = host_.now();
    std::vector<std::optional<double>> watts(meters_.size());
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const Tally tally = meters_[i].at(now);
      if (witnesses_[i] && tally.covered > last_[i].covered && now > from_)
        watts[i] = to_joules(tally.energy - last_[i].energy) / to_seconds(now - from_);
      last_[i] = tally;
    }
    from_ = now;
    return watts;
  }

 private:
  Host& host_;
  Reader& reader_;
  const std::vector<bool>& witnesses_;
  std::vector<Meter> meters_;
  std::vector<Tally> last_;
  Nanos from_{};
  nw::Sweep sweep_;
};
}  // namespace

std::vector<bool> choose_witnesses(const std::vector<Nameplate>& plates) {
  std::vector<bool> witnesses;
  for (const Nameplate& plate : plates) {
    const bool spoken_for =
        is_slow_counter(plate) && std::any_of(plates.begin(), plates.end(), [&](const Nameplate& other) {
          return other.part == plate.part && other.kind == SensorKind::gauge && other.how == Kind::measured;
        });
    witnesses.push_back(plate.how == Kind::measured && !spoken_for);
  }
  return witnesses;
}

Rest::Rest(std::vector<std::optional<RestPower>> baseline) : baseline_(std::move(baseline)) {}

bool Rest::has_baseline() const {
  return std::any_of(baseline_.begin(), baseline_.end(), [](const auto& one) { return one.has_value(); });
}

void Rest::add(std::vector<std::optional<double>> watts) {
  stretches_.push_back(std::move(watts));
  if (stretches_.size() > kStretchesSteady) stretches_.pop_front();
}

bool Rest::is_reached() const { return has_baseline() ? is_at_base() : is_steady(); }

// A sensor whose power is unknown now is no witness; without any there is none.
bool Rest::is_at_base() const {
  if (stretches_.size() < kStretchesAtBase) return false;
  bool seen = false;
  for (std::size_t back = 1; back <= kStretchesAtBase; ++back) {
    const auto& watts = stretches_[stretches_.size() - back];
    for (std::size_t i = 0; i < baseline_.size() && i < watts.size(); ++i) {
      if (!baseline_[i] || !watts[i]) continue;
      seen = true;
      const double margin = std::max({kRelative * baseline_[i]->watts, kLeastWatts, kSigmas * baseline_[i]->doubt});
      if (*watts[i] > baseline_[i]->watts + margin) return false;
    }
  }
  return seen;
}

bool Rest::is_steady() const {
  if (stretches_.size() < kStretchesSteady) return false;
  bool seen = false;
  for (std::size_t i = 0; i < stretches_[0].size(); ++i) {
    std::optional<double> least, most;
    for (const auto& watts : stretches_)
      if (watts[i])
        least = std::min(least.value_or(*watts[i]), *watts[i]), most = std::max(most.value_or(*watts[i]), *watts[i]);
    if (!least) continue;
    seen = true;
    if (*most - *least > std::max(kSteadyRelative * *most, kLeastWatts)) return false;
  }
  return seen;
}

Wait make_wait(Host& host, const Signals& signals) {
  return [&host, &signals](Nanos until) -> std::optional<int> {
    for (Nanos now = host.now(); now < until; now = host.now())
      if (const auto signal = signals.take_ending(until - now)) return signal;
    return std::nullopt;
  };
}

Cooled cool_down(Host& host, Reader& reader, const pb::Record& record, Nanos longest, const Wait& wait,
                 std::optional<int>& told) {
  const std::vector<Nameplate>& plates = reader.plates();
  const std::vector<bool> witnesses = choose_witnesses(plates);
  const Nanos until = host.now() + longest, stretch = stretch_of(plates, witnesses);
  if (std::find(witnesses.begin(), witnesses.end(), true) == witnesses.end()) {
    told = wait(std::min(until, host.now() + kPause));
    return told ? Cooled::told : Cooled::paused;
  }
  Rest rest(baseline_of(plates, witnesses, record));
  Watch watch(host, reader, witnesses);
  watch.read();
  watch.end_stretch();
  while (host.now() < until) {
    for (const Nanos end = std::min(until, host.now() + stretch); host.now() < end;) {
      if ((told = wait(std::min(end, host.now() + kStep)))) return Cooled::told;
      watch.read();
    }
    rest.add(watch.end_stretch());
    if (rest.is_reached()) return rest.has_baseline() ? Cooled::at_base : Cooled::steady;
  }
  return Cooled::gave_up;
}

}  // namespace nw::cli
