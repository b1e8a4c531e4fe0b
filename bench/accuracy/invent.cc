#include "bench/accuracy/invent.h"

#include <algorithm>
#include <iterator>

namespace nw::accuracy {

namespace {
using sim::Fault;

constexpr double kLateRuns = 0.2;  // of runs, on a machine whose CPUs are all busy

std::string draw_fault(Random& random, PlayedRun& run) {
  constexpr Fault::Kind kKinds[] = {Fault::Kind::reset, Fault::Kind::freeze,    Fault::Kind::fail,
                                    Fault::Kind::spike, Fault::Kind::backwards, Fault::Kind::suspend};
  sim::Scenario& scenario = run.scenario;
  Fault fault;
  fault.kind = kKinds[random() % std::size(kKinds)];
  const auto& sensor = scenario.instruments[random() % scenario.instruments.size()];
  if (fault.kind != Fault::Kind::suspend) fault.sensor = sensor.name;
  if (sensor.measure == sim::Measure::gauge &&
      (fault.kind == Fault::Kind::reset || fault.kind == Fault::Kind::backwards))
    fault.kind = Fault::Kind::fail;
  const double at = to_seconds(scenario.jobs.front().start) + uniform(random, 0.1, 0.8) * run.duration_s;
  fault.from = of_seconds(at);
  if (fault.kind != Fault::Kind::reset && fault.kind != Fault::Kind::spike && fault.kind != Fault::Kind::backwards)
    fault.to = of_seconds(at + uniform(random, 0.5, std::min(20.0, run.duration_s * 0.1)));
  fault.amount = fault.kind == Fault::Kind::spike ? 1e8 : 5;
  scenario.faults.push_back(fault);
  return std::string(name(fault.kind));
}
}  // namespace

PlayedRun draw_run(Random& random, const sim::Scenario& node, double shortest_s, double longest_s, bool with_fault) {
  PlayedRun run;
  run.scenario = node;
  run.scenario.seed = random();
  run.duration_s = log_uniform(random, shortest_s, longest_s);
  run.load = draw_load(random, run.scenario, run.duration_s);
  draw_readings(random, run.scenario);
  if (happens(random, kLateRuns)) run.late_s = uniform(random, 1, 2);
  if (with_fault) run.fault = draw_fault(random, run);
  return run;
}

}  // namespace nw::accuracy
