#include "energy/device_clock.h"

#include <algorithm>

namespace nw {

Nanos DeviceClock::to_host(Nanos device, Nanos read_at) {
  while (resolution_ > Nanos::of(1000) && device.count() % resolution_.count() != 0)
    resolution_ = Nanos::of(resolution_.count() / 1000);
  if (resolution_ >= refresh_) return read_at;
  const Nanos offset = read_at - device;
  const std::size_t kept = std::min(count_, offsets_.size());
  Nanos least = offset;
  for (std::size_t i = 0; i < kept; ++i) least = std::min(least, offsets_[i]);
  const Nanos date = device + least;
  if (read_at - date > refresh_ + refresh_ + refresh_) {  // the device's clock was set
    count_ = 0;
    offsets_[count_++] = offset;
    return read_at;
  }
  offsets_[count_++ % offsets_.size()] = offset;
  return date;
}

}  // namespace nw
