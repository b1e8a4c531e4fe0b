// Monotonic time of this machine, for code without a Host: shared memory and the rendezvous of processes. The same
// clock as the Host's.
#pragma once

#include <ctime>

#include "base/units.h"

namespace nw {

inline Nanos monotonic() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanos::of(t.tv_sec * kNanosPerSecond + t.tv_nsec);
}

}  // namespace nw
