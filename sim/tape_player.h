// Tape play: a machine as a tape, as if `nodewatt run` had watched one of its jobs and everything had been written
// down.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/tape.h"
#include "sim/machine.h"

namespace nw::sim {

// The pace of `nodewatt run`: a sample set at the job's start, every `fast` for `fast_for`, then every `slow`, unless a
// gauge has no counter of the same part beside it; a sample set at the job's end. Its bursts of 10 ms around a job's
// edges are for who asks for them by `times`.
struct TapeSchedule {
  std::size_t job = 0;
  // If there are any: exactly these sample sets, rising; nothing else counts then but `latency`. One that is due while
  // the sample set before it is still reading begins when that is done.
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
