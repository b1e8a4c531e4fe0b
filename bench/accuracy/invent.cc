#include "bench/accuracy/invent.h"

#include "bench/accuracy/draws.h"
#include "sim/presets.h"

namespace nw::accuracy {

namespace {
using sim::Fault;

std::string draw_fault(Random& random, sim::Scenario& scenario, double duration_s) {
  if (duration_s < 30 || uniform(random, 0, 1) > 0.15) return {};
  constexpr Fault::Kind kKinds[] = {Fault::Kind::reset, Fault::Kind::freeze,    Fault::Kind::fail,
                                    Fault::Kind::spike, Fault::Kind::backwards, Fault::Kind::suspend};
  Fault fault;
  fault.kind = kKinds[random() % std::size(kKinds)];
  const auto& sensor = scenario.instruments[random() % scenario.instruments.size()];
  if (fault.kind != Fault::Kind::suspend) fault.sensor = sensor.name;
  if (sensor.measure == sim::Measure::gauge &&
      (fault.kind == Fault::Kind::reset || fault.kind == Fault::Kind::backwards))
    fault.kind = Fault::Kind::fail;
  const double at = 40 + uniform(random, 0.1, 0.8) * duration_s;
  fault.from = of_seconds(at);
  if (fault.kind != Fault::Kind::reset && fault.kind != Fault::Kind::spike && fault.kind != Fault::Kind::backwards)
    fault.to = of_seconds(at + uniform(random, 0.5, std::min(20.0, duration_s * 0.1)));
  fault.amount = fault.kind == Fault::Kind::spike ? 1e8 : 5;
  scenario.faults.push_back(fault);
  return std::string(name(fault.kind));
}
}  // namespace

Result<Invented> invent(std::uint64_t seed, std::uint64_t number) {
  Random random(seed * 1'000'003 + number);
  constexpr const char* kNodes[] = {"horeka_blue", "horeka_green", "hgx_h100", "mi300a", "gh200"};
  Invented out;
  out.node_type = kNodes[number % std::size(kNodes)];
  out.scenario = NW_TRY(sim::find_scenario(out.node_type));
  out.scenario.seed = random();
  out.duration_s = log_uniform(random, 1, 36'000);
  draw_sensors(random, random, out.scenario);
  out.workload = draw_workload(random, out.scenario, out.duration_s);
  // A third of the nodes has no sensor of its own: the sum of the parts is all there is.
  if (uniform(random, 0, 1) < 0.33) without_node_sensors(out.scenario);
  out.fault = draw_fault(random, out.scenario, out.duration_s);
  return out;
}

}  // namespace nw::accuracy
