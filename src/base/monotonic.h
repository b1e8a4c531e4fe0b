// Monotonic time of this machine, for what has no Host: shared memory and meetings of processes. It is the Host's too.
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
