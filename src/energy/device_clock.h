// DeviceClock: a device's own time of its values, on the host's clock.
//
// A value is read some time after the device dated it, never before, so that the least difference between the two
// clocks lately is their offset (Cristian 1989, one-sided). Clocks of management controllers drift and are set: the
// least of the last readings alone is used; a date that would make a value older than any refresh explains is not
// believed, and dates that are coarser than the refresh are not used.
#pragma once

#include <array>
#include <cstddef>

#include "base/units.h"

namespace nw {

class DeviceClock {
 public:
  explicit DeviceClock(Nanos refresh) : refresh_(refresh) {}

  // When the value that was read at `read_at` came about; never later than that.
  Nanos to_host(Nanos device, Nanos read_at);
  // The unit in which the device counts its time, as far as was seen: 1 s, 1 ms or 1 us.
  Nanos resolution() const { return resolution_; }

 private:
  Nanos refresh_, resolution_ = seconds(1);
  std::array<Nanos, 32> offsets_{};
  std::size_t count_ = 0;
};

}  // namespace nw
