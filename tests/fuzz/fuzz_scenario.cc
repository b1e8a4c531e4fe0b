// Any bytes as a scenario: parsed or refused, and what is parsed and small is played: energies are finite and never
// fall, a window's parts add up, every sensor answers.
#include <cmath>
#include <cstdlib>

#include "sim/machine.h"
#include "sim/views.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

// Small enough for ten seconds of a fuzz target's time.
bool is_small(const nw::sim::Scenario& s) {
  for (const auto& instrument : s.instruments)
    if (s.end.count() / instrument.refresh.count() > 100'000) return false;
  return s.end < nw::seconds(300) && s.components.size() < 32 && s.instruments.size() < 32 && s.facts.cpus < 1000;
}

void play(nw::sim::Scenario scenario) {
  const auto machine = nw::sim::make_machine(std::move(scenario));
  require(machine.has_value());
  const nw::Nanos end = machine->end(), half = nw::Nanos::of(end.count() / 2);
  const double whole = machine->dc_energy({}, end), plug = machine->wall_energy({}, end);
  require(std::isfinite(whole) && whole >= 0 && plug >= whole * (1 - 1e-9));
  require(std::abs(machine->dc_energy({}, half) + machine->dc_energy(half, end) - whole) <= 1e-6 * (1 + whole));
  const auto view = nw::sim::make_view(*machine);
  for (const auto& [path, text] : view.files) (void)text(half);
  for (const auto& source : view.sources)
    for (const nw::Nanos t : {nw::Nanos{}, half, end + nw::seconds(1)}) (void)source.read(t);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto scenario = nw::sim::parse_scenario({reinterpret_cast<const char*>(bytes), size}, "fuzz");
  if (scenario && is_small(*scenario)) play(std::move(*scenario));
  return 0;
}
