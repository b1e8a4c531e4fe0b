// SamplingSchedule: how often the sensors of a node are read while something is measured.
//
// Ten times a second in the first minute and then once a second; gauges of power that totals depend on keep the faster
// pace. Counters that are renewed every 10 to 200 ms (GPUs, node controllers) are read each 10 ms around both edges of
// a run, so that the moment of their next step is known and not how old a count may be.
#pragma once

#include <optional>
#include <vector>

#include "sensor/sensor.h"

namespace nw {

class SamplingSchedule {
 public:
  // `fixed`: a period that somebody asked for; then nothing else counts.
  SamplingSchedule(std::optional<Nanos> fixed, const std::vector<SensorInfo>& infos);

  // Until the next sample set, so long after the run's begin.
  Nanos period(Nanos since_begin) const;
  // How long sample sets go on after the end of a run that took so long: never more than a tenth of it.
  Nanos trailing(Nanos duration) const;
  static constexpr Nanos kBurst = millis(10);

 private:
  std::optional<Nanos> fixed_;
  bool gauges_ = false;
  Nanos slowest_{};  // refresh of the counters that are worth a burst
};

}  // namespace nw
