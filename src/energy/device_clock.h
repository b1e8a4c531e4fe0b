// DeviceClock: a device's own time of its values, on the host's clock.
//
// A value is read some time after the device dated it, never before: each reading bounds the clocks' difference from
// above. A value that the reading before did not show yet came about since then: that bounds it from below. The
// narrowest bounds of all readings count (Cristian 1989, Marzullo 1984), so that ten readings in quick succession tell
// the clocks' difference for minutes, and readings in step with the device's refresh, all equally late, do not unlearn
// it. Bounds widen by what a crystal drifts. A reading that contradicts them means that the device's clock was set:
// they begin anew. Dates that are coarser than the refresh are not used.
//
// A bus is asked more seldom than its device has new values, and its sensor info's update interval is how often it is
// asked: there nothing bounds from below, and the least difference of the last readings is taken for the clocks'.
#pragma once

#include <optional>

#include "base/units.h"

namespace nw {

class DeviceClock {
 public:
  explicit DeviceClock(Nanos update_interval)
      : update_interval_(update_interval), timestamp_uncertainty_(update_interval) {}

  // The latest moment at which the value that was read at `read_at` can have come about; never later than that.
  Nanos to_host(Nanos device, Nanos read_at, bool on_bus = false);
  // How much earlier that may have been, as of the last reading.
  Nanos timestamp_uncertainty() const { return timestamp_uncertainty_; }
  // The unit in which the device counts its time, as far as was seen: 1 s, 1 ms or 1 us.
  Nanos resolution() const { return resolution_; }

 private:
  struct Bounds {
    Nanos least, most;  // of host time less device time
  };
  struct Value {
    Nanos device, first_read, date;
  };
  void narrow(Bounds& bounds, Nanos since) const;

  Nanos update_interval_, timestamp_uncertainty_, resolution_ = seconds(1);
  std::optional<Bounds> bounds_;
  std::optional<Value> last_;
  Nanos read_at_{};     // the last reading, of a new value or not
  unsigned above_ = 0;  // values since the bound from above was last met
};

}  // namespace nw
