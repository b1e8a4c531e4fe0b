#include "accounting/sampling_schedule.h"

#include <algorithm>

namespace nw {

namespace {
constexpr Nanos kFast = millis(100), kSlow = seconds(1), kFastUntil = seconds(60);
constexpr Nanos kWorth =
    millis(200);  // the longest update interval that is worth a burst; for slower counters it would take too long

// A gauge determines the sampling rate only where no counter of the same part exists.
bool depends_on_gauge(const std::vector<SensorInfo>& infos) {
  return std::any_of(infos.begin(), infos.end(), [&](const SensorInfo& gauge) {
    return gauge.kind == SensorKind::gauge && std::none_of(infos.begin(), infos.end(), [&](const SensorInfo& other) {
             return other.part == gauge.part && other.kind == SensorKind::counter;
           });
  });
}
}  // namespace

SamplingSchedule::SamplingSchedule(std::optional<Nanos> fixed, const std::vector<SensorInfo>& infos)
    : fixed_(fixed), gauges_(depends_on_gauge(infos)) {
  for (const SensorInfo& info : infos)
    if (info.kind == SensorKind::counter && info.provenance == Provenance::measured &&
        info.update_interval.value > kBurst && info.update_interval.value <= kWorth)
      slowest_ = std::max(slowest_, info.update_interval.value);
}

Nanos SamplingSchedule::period(Nanos since_begin) const {
  if (fixed_) return *fixed_;
  if (slowest_ > Nanos{} && since_begin < slowest_ + slowest_ + kBurst) return kBurst;
  return gauges_ || since_begin < kFastUntil ? kFast : kSlow;
}

Nanos SamplingSchedule::trailing(Nanos duration) const {
  if (fixed_ || slowest_ <= Nanos{}) return {};
  return std::min(slowest_ + kBurst, Nanos::of(duration.count() / 10));
}

}  // namespace nw
