// Tape play: a simulated machine as a tape, as if `nodewatt run` had measured one of its jobs and everything had been
// recorded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/tape.h"
#include "sim/machine.h"

namespace nw::sim {

// The sampling schedule of `nodewatt run`: a sample set at the job's start, every `fast` for `fast_for`, then every
// `slow`, unless a gauge has no counter of the same part beside it; a sample set at the job's end. The bursts of 10 ms
// around a job's begin and end are available through `times`.
struct TapeSchedule {
  std::size_t job = 0;
  // If any are given: exactly these sample sets, in ascending order; nothing else counts then but `latency`. One that
  // is due while the previous sample set is still being read begins when that is done.
  std::vector<Nanos> times;
  std::optional<Nanos> period;  // in place of fast and slow
  Nanos fast = millis(100), slow = seconds(1), fast_for = seconds(60);
  Nanos before{}, after{};  // further sample sets, `fast` apart, before the job and after it
  bool latency = true;      // reads take their time, and a sample set comes up to 0.3 ms late
};

// The tape's clock is the scenario's.
Tape make_tape(const Machine& machine, const TapeSchedule& schedule = {});

Done write_tape(const Tape& tape, const std::string& path);

}  // namespace nw::sim
