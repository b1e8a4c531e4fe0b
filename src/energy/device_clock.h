// DeviceClock: converts a device's own timestamps to the host's clock.
//
// A value is read some time after the device dated it, never before: each reading bounds the offset between the clocks
// from above. A value that the previous reading did not show yet is newer than that reading: that bounds the offset
// from below. The narrowest bounds of all readings count (Cristian 1989, Marzullo 1984), so that ten readings in quick
// succession determine the offset for minutes, and later readings in step with the device's updates, all equally late,
// do not loosen it. Bounds widen by what a crystal drifts. A reading that contradicts them means that the device's
// clock was set: they begin anew. Timestamps that are coarser than the update interval are not used.
//
// A bus is polled less often than its device has new values, and its SensorInfo's update interval is the polling
// period: there is no lower bound there, and the least difference of the last readings is used as the offset.
#pragma once

#include <optional>

#include "base/units.h"

namespace nw {

class DeviceClock {
 public:
  explicit DeviceClock(Nanos update_interval)
      : update_interval_(update_interval), timestamp_uncertainty_(update_interval) {}

  // The latest time at which the value that was read at `read_at` can have been taken; never later than that.
  Nanos to_host(Nanos device, Nanos read_at, bool on_bus = false);
  // How much earlier it may have been, as of the last reading.
  Nanos timestamp_uncertainty() const { return timestamp_uncertainty_; }
  // The unit of the device's timestamps, as far as was seen: 1 s, 1 ms or 1 us.
  Nanos resolution() const { return resolution_; }

 private:
  struct Bounds {
    Nanos least, most;  // of host time minus device time
  };
  struct Value {
    Nanos device, first_read, date;
  };
  void narrow(Bounds& bounds, Nanos since) const;

  Nanos update_interval_, timestamp_uncertainty_, resolution_ = seconds(1);
  std::optional<Bounds> bounds_;
  std::optional<Value> last_;
  Nanos read_at_{};     // the last reading, of a new value or not
  unsigned above_ = 0;  // values since the upper bound was last reached
};

}  // namespace nw
