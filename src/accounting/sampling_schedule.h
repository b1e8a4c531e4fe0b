// SamplingSchedule: how often the sensors of a node are read while something is measured.
//
// Ten times a second in the first minute and then once a second; gauges of power that totals depend on keep the faster
// rate. Counters with an update interval of 10 to 200 ms (GPUs, node controllers) are read every 10 ms around both ends
// of a run, so that the time of their next step is known and with it the age of a count.
#pragma once

#include <optional>
#include <vector>

#include "sensor/sensor.h"

namespace nw {

class SamplingSchedule {
 public:
  // `fixed`: a period set by the user; then nothing else counts.
  SamplingSchedule(std::optional<Nanos> fixed, const std::vector<SensorInfo>& infos);

  // The time to the next sample set, `since_begin` after the run's begin.
  Nanos period(Nanos since_begin) const;
  // How long sampling continues after the end of a run of this duration: never more than a tenth of it.
  Nanos trailing(Nanos duration) const;
  static constexpr Nanos kBurst = millis(10);

 private:
  std::optional<Nanos> fixed_;
  bool gauges_ = false;
  Nanos slowest_{};  // update interval of the slowest counter that is worth a burst
};

}  // namespace nw
