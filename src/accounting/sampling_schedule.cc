#include "accounting/sampling_schedule.h"

#include <algorithm>

namespace nw {

namespace {
constexpr Nanos kFast = millis(100), kSlow = seconds(1), kFastUntil = seconds(60);
constexpr Nanos kWorth = millis(200);  // a burst for anything slower would take too long

// A gauge sets the pace only where no counter of the same part does its work.
bool depends_on_gauge(const std::vector<Nameplate>& plates) {
  return std::any_of(plates.begin(), plates.end(), [&](const Nameplate& gauge) {
    return gauge.kind == SensorKind::gauge && std::none_of(plates.begin(), plates.end(), [&](const Nameplate& other) {
             return other.part == gauge.part && other.kind == SensorKind::counter;
           });
  });
}
}  // namespace

Pace::Pace(std::optional<Nanos> fixed, const std::vector<Nameplate>& plates)
    : fixed_(fixed), gauges_(depends_on_gauge(plates)) {
  for (const Nameplate& plate : plates)
    if (plate.kind == SensorKind::counter && plate.how == Kind::measured && plate.refresh > kBurst &&
        plate.refresh <= kWorth)
      slowest_ = std::max(slowest_, plate.refresh);
}

Nanos Pace::period(Nanos since_begin) const {
  if (fixed_) return *fixed_;
  if (slowest_ > Nanos{} && since_begin < slowest_ + slowest_ + kBurst) return kBurst;
  return gauges_ || since_begin < kFastUntil ? kFast : kSlow;
}

Nanos Pace::tail(Nanos duration) const {
  if (fixed_ || slowest_ <= Nanos{}) return {};
  return std::min(slowest_ + kBurst, Nanos::of(duration.count() / 10));
}

}  // namespace nw
