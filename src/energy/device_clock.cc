#include "energy/device_clock.h"

#include <algorithm>

namespace nw {

namespace {
constexpr std::int64_t kDriftOneIn = 10'000;  // crystals are within 100 ppm
constexpr unsigned kForgotten = 32;           // values after which a bus's bound is dropped
}  // namespace

// Adds the bounds of earlier readings to this one's, unless they contradict it.
void DeviceClock::narrow(Bounds& bounds, Nanos since) const {
  const Nanos drift = Nanos::of(since.count() / kDriftOneIn);
  const Nanos least = std::max(bounds.least, bounds_->least - drift);
  const Nanos most = std::min(bounds.most, bounds_->most + drift);
  if (least <= most) bounds = {least, most};
}

Nanos DeviceClock::to_host(Nanos device, Nanos read_at, bool on_bus) {
  while (resolution_ > Nanos::of(1000) && device.count() % resolution_.count() != 0)
    resolution_ = Nanos::of(resolution_.count() / 1000);
  if (resolution_ >= update_interval_) return read_at;
  const Nanos since = last_ ? read_at - read_at_ : update_interval_,
              too_old = update_interval_ + update_interval_ + update_interval_;
  read_at_ = read_at;
  if (last_ && device == last_->device && read_at - last_->date <= too_old) return last_->date;
  const Nanos offset = read_at - device;
  Bounds bounds{offset - std::min(since, update_interval_) - resolution_, offset};
  // If it is older than any update interval explains, the clock was set back or the device hangs.
  if (bounds_ && offset - bounds_->most <= too_old && !(on_bus && above_ >= kForgotten))
    narrow(bounds, read_at - last_->first_read);
  above_ = bounds.most < offset ? above_ + 1 : 0;
  bounds_ = bounds;
  timestamp_uncertainty_ = on_bus ? resolution_ : bounds.most - bounds.least + resolution_;
  last_ = Value{device, read_at, std::min(read_at, device + bounds.most + resolution_)};
  return last_->date;
}

}  // namespace nw
