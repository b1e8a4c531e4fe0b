// The parts of a Machine. For machine.cc, which has the true energies, and reading.cc, which has the errors of sensors.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sim/machine.h"
#include "sim/power_supply.h"
#include "sim/track.h"

namespace nw::sim {

// What a counter whose gain depends on the load has sensed. It is summed up when it is first asked for, since many
// machines are made for their true energies alone.
struct Sensed {
  std::once_flag once;
  std::optional<FunctionOfPower> energy;
};

// An instrument, resolved.
struct Eye {
  enum class At : unsigned char { tracks, dc, wall };
  At at = At::tracks;
  std::vector<std::size_t> tracks;
  std::vector<Fault> faults;       // that affect it
  std::vector<double> part_time;   // a part-time counter: what it had counted at each of its refreshes
  std::unique_ptr<Sensed> sensed;  // where the gain of a counter depends on the load
  std::size_t shows = 0;           // itself, or the one that it mirrors
  std::uint64_t start_count = 0;   // the register at time 0
};

struct Machine::Parts {
  Scenario scenario;
  std::vector<Track> tracks;  // of the components
  std::vector<Track> busy;    // one: CPUs that are busy
  std::vector<Track> levels;  // utilization of the components, in the form of watts
  std::unique_ptr<PowerSupply> wall;
  std::vector<Eye> eyes;

  double energy_at(const Eye& eye, Nanos t) const;  // J since time 0
  double sensed_at(const Eye& eye, Nanos t) const;  // the same through the gain
};

// The gain at a power.
double gain_at(const Instrument& instrument, double watts);

// The last time at which a new value was taken, at or before t. `stream` makes the jitter.
Nanos last_refresh(const Instrument& instrument, Nanos t, std::uint64_t stream);
// The counts of a part-time counter, one for each update from the first at or after time 0.
std::vector<double> part_time_counts(const Machine::Parts& parts, const Eye& eye, const Instrument& instrument);

}  // namespace nw::sim
