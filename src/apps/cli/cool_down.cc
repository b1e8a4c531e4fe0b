#include "apps/cli/cool_down.h"

#include <algorithm>
#include <cmath>

#include "energy/meter.h"
#include "record/record.pb.h"

namespace nw::cli {

namespace {
constexpr double kRelative = 0.05, kLeastWatts = 1, kSigmas = 3;  // still idle up to this much above the baseline
constexpr double kSteadyRelative = 0.03;
constexpr std::int64_t kTicks = 20;
constexpr Nanos kStep = millis(100), kPause = seconds(5), kLongestInterval = seconds(10);

bool is_slow_counter(const SensorInfo& info) {
  return info.kind == SensorKind::counter && info.update_interval.value >= Meter::kSlow;
}

// Long enough that the slowest watched sensor has a new value, and a counter moves several times.
Nanos interval_of(const std::vector<SensorInfo>& infos, const std::vector<bool>& watched_sensors) {
  Nanos interval = IdleDetector::kInterval;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (!watched_sensors[i]) continue;
    const std::int64_t periods = is_slow_counter(infos[i]) ? kTicks : 2;
    interval = std::max(
        interval,
        Nanos::of(std::max(infos[i].update_interval.value, infos[i].averaging_window.value).count() * periods));
  }
  return std::min(interval, kLongestInterval);
}

std::vector<std::optional<IdlePower>> baseline_of(const std::vector<SensorInfo>& infos,
                                                  const std::vector<bool>& watched_sensors, const pb::Record& record) {
  std::vector<std::optional<IdlePower>> baseline(infos.size());
  for (std::size_t i = 0; i < infos.size(); ++i)
    for (const pb::Idle& idle : record.idle())
      if (watched_sensors[i] && idle.sensor() == infos[i].id && idle.power_uw() >= 0)
        baseline[i] = {static_cast<double>(idle.power_uw()) * 1e-6, static_cast<double>(idle.u_uw()) * 1e-6};
  return baseline;
}

// The mean powers of the intervals that pass.
class Watch {
 public:
  Watch(Host& host, Reader& reader, const std::vector<bool>& watched_sensors)
      : host_(host), reader_(reader), watched_sensors_(watched_sensors), last_(reader.infos().size()) {
    for (const SensorInfo& info : reader.infos()) meters_.emplace_back(info, kStep);
  }

  void read() {
    reader_.read_all(sample_set_);
    for (std::size_t i = 0; i < meters_.size(); ++i) meters_[i].add(sample_set_[i]);
  }
  std::vector<std::optional<double>> end_interval() {
    const Nanos now = host_.now();
    std::vector<std::optional<double>> watts(meters_.size());
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const CumulativeEnergy cumulative = meters_[i].at(now);
      if (watched_sensors_[i] && cumulative.covered > last_[i].covered && now > from_)
        watts[i] = to_joules(cumulative.energy - last_[i].energy) / to_seconds(now - from_) -
                   to_watts(meters_[i].info().bias);  // as in the baseline
      last_[i] = cumulative;
    }
    from_ = now;
    return watts;
  }

 private:
  Host& host_;
  Reader& reader_;
  const std::vector<bool>& watched_sensors_;
  std::vector<Meter> meters_;
  std::vector<CumulativeEnergy> last_;
  Nanos from_{};
  nw::SampleSet sample_set_;
};
}  // namespace

std::vector<bool> choose_watched_sensors(const std::vector<SensorInfo>& infos) {
  std::vector<bool> watched_sensors;
  for (const SensorInfo& info : infos) {
    const bool spoken_for =
        is_slow_counter(info) && std::any_of(infos.begin(), infos.end(), [&](const SensorInfo& other) {
          return other.part == info.part && other.kind == SensorKind::gauge && other.provenance == Provenance::measured;
        });
    watched_sensors.push_back(info.provenance == Provenance::measured && !spoken_for);
  }
  return watched_sensors;
}

IdleDetector::IdleDetector(std::vector<std::optional<IdlePower>> baseline) : baseline_(std::move(baseline)) {}

bool IdleDetector::has_baseline() const {
  return std::any_of(baseline_.begin(), baseline_.end(), [](const auto& one) { return one.has_value(); });
}

void IdleDetector::add(std::vector<std::optional<double>> watts) {
  intervals_.push_back(std::move(watts));
  if (intervals_.size() > kIntervalsSteady) intervals_.pop_front();
}

bool IdleDetector::is_reached() const { return has_baseline() ? is_at_base() : is_steady(); }

// A sensor whose power is unknown now is not used; without any the answer is no.
bool IdleDetector::is_at_base() const {
  if (intervals_.size() < kIntervalsAtBase) return false;
  bool seen = false;
  for (std::size_t back = 1; back <= kIntervalsAtBase; ++back) {
    const auto& watts = intervals_[intervals_.size() - back];
    for (std::size_t i = 0; i < baseline_.size() && i < watts.size(); ++i) {
      if (!baseline_[i] || !watts[i]) continue;
      seen = true;
      const double margin =
          std::max({kRelative * baseline_[i]->watts, kLeastWatts, kSigmas * baseline_[i]->uncertainty});
      if (*watts[i] > baseline_[i]->watts + margin) return false;
    }
  }
  return seen;
}

bool IdleDetector::is_steady() const {
  if (intervals_.size() < kIntervalsSteady) return false;
  bool seen = false;
  for (std::size_t i = 0; i < intervals_[0].size(); ++i) {
    std::optional<double> least, most;
    for (const auto& watts : intervals_)
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

CoolDownResult cool_down(Host& host, Reader& reader, const pb::Record& record, Nanos longest, const Wait& wait,
                         std::optional<int>& told) {
  const std::vector<SensorInfo>& infos = reader.infos();
  const std::vector<bool> watched_sensors = choose_watched_sensors(infos);
  const Nanos until = host.now() + longest, interval = interval_of(infos, watched_sensors);
  if (std::find(watched_sensors.begin(), watched_sensors.end(), true) == watched_sensors.end()) {
    told = wait(std::min(until, host.now() + kPause));
    return told ? CoolDownResult::told : CoolDownResult::paused;
  }
  IdleDetector rest(baseline_of(infos, watched_sensors, record));
  Watch watch(host, reader, watched_sensors);
  watch.read();
  watch.end_interval();
  while (host.now() < until) {
    for (const Nanos end = std::min(until, host.now() + interval); host.now() < end;) {
      if ((told = wait(std::min(end, host.now() + kStep)))) return CoolDownResult::told;
      watch.read();
    }
    rest.add(watch.end_interval());
    if (rest.is_reached()) return rest.has_baseline() ? CoolDownResult::at_base : CoolDownResult::steady;
  }
  return CoolDownResult::gave_up;
}

}  // namespace nw::cli
