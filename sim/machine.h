// Machine: a scenario that can be queried for any time in any order: the energy drawn, and what a sensor reads.
//
// The true power is in closed form: a component's power is a list of segments (constant, ramp, periodic train) and slow
// noise that is constant over noise_step; energies are prefix sums over both, so any E(t) costs a binary search however
// long the scenario is. A reading is a pure function of (scenario, sensor, time): its noise is hashed from (seed,
// sensor, index of update), so that a tape and a live machine of one scenario agree. Thread-safe after make_machine.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/host.h"
#include "sim/scenario.h"

namespace nw::sim {

struct SimReading {
  Reading reading;
  std::optional<Nanos> device;  // the device's clock, as nanoseconds since time 0 by that clock (add Scenario::wall_ns)
  Nanos moment{};               // the true time that the value belongs to
};

class Machine {
 public:
  struct Parts;  // sim/machine_parts.h

  ~Machine();
  Machine(Machine&&) noexcept;
  Machine& operator=(Machine&&) noexcept;

  const Scenario& scenario() const;
  Nanos end() const { return scenario().end; }

  // ---- true values: joules of [from, to) and watts at a time; exact
  double energy(std::size_t component, Nanos from, Nanos to) const;
  double power(std::size_t component, Nanos at) const;
  double dc_energy(Nanos from, Nanos to) const;
  double wall_energy(Nanos from, Nanos to) const;
  // What an ideal sensor in this one's place would have counted: everything that it measures, gain 1, no offset.
  double seen_energy(std::size_t instrument, Nanos from, Nanos to) const;
  // The same through its gain and offset; for a gauge whose gain depends on the load, that at the mean power.
  double sensed_energy(std::size_t instrument, Nanos from, Nanos to) const;
  // Mean utilization of a component, from its pieces: 0 idle, 1 full; and how many processes use it. Noise does not
  // count.
  double mean_level(std::size_t component, Nanos from, Nanos to) const;
  std::uint32_t processes(std::size_t component, Nanos at) const;
  // CPU seconds of busy time, of all CPUs of the node.
  double busy_seconds(Nanos from, Nanos to) const;

  // ---- what sensors report
  SimReading read(std::size_t instrument, Nanos at) const;
  // False while the host sleeps or is late: nothing is read.
  bool sample_sets_at(Nanos at) const;
  std::int64_t wall_ns(Nanos at) const;

  // The index by name; the size of the list when there is none.
  std::size_t component(std::string_view name) const;
  std::size_t instrument(std::string_view name) const;

 private:
  friend Result<Machine> make_machine(Scenario scenario);
  explicit Machine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Checks the scenario first (check_scenario).
Result<Machine> make_machine(Scenario scenario);

}  // namespace nw::sim
