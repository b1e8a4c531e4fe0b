// The named loads. Their shapes are those of training and inference logs in general, not of one program: a square-like
// iteration train, dips between epochs, a data loader that stalls now and then, 2 % of slow noise. On CPUs the same two
// have longer, smoother steps, since all cores seldom wait at once; GPUs of the node then idle without processes. All
// levels are assumed. The lock-in pair has the period of a 100 ms sensor, and 1 % off it: a sensor that measures 25 of
// every 100 ms always sees the same phase of the first and all phases of the second in turn.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/parse.h"
#include "sim/scenario.h"

namespace nw::sim {

namespace {
constexpr Nanos kLead = seconds(10);

Piece make_piece(std::string on, double level, Nanos length) {
  Piece piece;
  piece.on = std::move(on);
  piece.from = kLead;
  piece.to = kLead + length;
  piece.level = level;
  piece.noise = 0.02;
  return piece;
}

std::vector<Piece> training(Nanos length) {
  Piece cpu = make_piece("cpu", 0.032, length), gpu = make_piece("gpu", 0.9, length),
        dram = make_piece("dram", 0.3, length);
  gpu.period = millis(310);
  gpu.duty = 0.8;
  gpu.depth = 0.5;
  gpu.warm_up = seconds(2);
  gpu.epoch = seconds(60);
  gpu.dip = seconds(5);
  gpu.dip_level = 0.15;
  gpu.stalls_per_hour = 60;
  gpu.stall = millis(800);
  gpu.stall_level = 0.05;
  return {cpu, gpu, dram};
}

std::vector<Piece> inference(Nanos length) {
  Piece cpu = make_piece("cpu", 0.02, length), gpu = make_piece("gpu", 0.6, length),
        dram = make_piece("dram", 0.2, length);
  gpu.period = millis(1700);
  gpu.duty = 0.55;
  gpu.depth = 0.55;
  return {cpu, gpu, dram};
}

std::vector<Piece> cpu_training(Nanos length) {
  Piece cpu = make_piece("cpu", 0.88, length), dram = make_piece("dram", 0.6, length);
  cpu.period = millis(2300);
  cpu.duty = 0.85;
  cpu.depth = 0.3;
  cpu.warm_up = seconds(1);
  cpu.epoch = seconds(60);
  cpu.dip = seconds(3);
  cpu.dip_level = 0.35;
  return {cpu, dram};
}

std::vector<Piece> cpu_inference(Nanos length) {
  Piece cpu = make_piece("cpu", 0.75, length), dram = make_piece("dram", 0.4, length);
  cpu.period = millis(3700);
  cpu.duty = 0.8;
  cpu.depth = 0.45;
  return {cpu, dram};
}

std::vector<Piece> lock_in(Nanos period, Nanos length) {
  Piece cpu = make_piece("cpu", 0.03, length), gpu = make_piece("gpu", 0.9, length);
  cpu.noise = gpu.noise = 0;
  gpu.period = period;
  gpu.duty = 0.5;
  gpu.depth = 0.7;
  return {cpu, gpu};
}

struct Workload {
  std::string_view name;
  std::vector<Piece> (*make)(Nanos length);
};
constexpr std::array<Workload, 7> kWorkloads{
    {{"training", training},
     {"inference", inference},
     {"cpu_training", cpu_training},
     {"cpu_inference", cpu_inference},
     {"idle", [](Nanos) { return std::vector<Piece>(); }},
     {"lockin100ms", [](Nanos length) { return lock_in(millis(100), length); }},
     {"lockin101ms", [](Nanos length) { return lock_in(millis(101), length); }}}};
}  // namespace

std::vector<std::string_view> workloads() {
  std::vector<std::string_view> names;
  for (const Workload& one : kWorkloads) names.push_back(one.name);
  return names;
}

Done set_workload(Scenario& scenario, std::string_view workload, Nanos length) {
  if (length < millis(100)) return fail(ErrorKind::malformed, "a workload is at least 100ms long");
  const auto found =
      std::find_if(kWorkloads.begin(), kWorkloads.end(), [&](const Workload& one) { return one.name == workload; });
  if (found == kWorkloads.end())
    return fail(ErrorKind::malformed,
                fmt::format("workload {}: is none of {}", quote(workload), fmt::join(workloads(), ", ")));
  scenario.pieces = found->make(length);
  scenario.jobs = {{std::string(workload), kLead, kLead + length}};
  scenario.end = kLead + length + seconds(10);
  return {};
}

Done set_length(Scenario& scenario, Nanos length) {
  if (scenario.jobs.size() != 1) return fail(ErrorKind::malformed, "only a scenario of one job can be given a length");
  if (length < millis(1)) return fail(ErrorKind::malformed, "a job is at least 1ms long");
  Job& job = scenario.jobs.front();
  const Nanos was = job.end, now = job.start + length;
  const auto move = [&](Nanos& t) {
    if (t >= was) t += now - was;
  };
  for (Piece& piece : scenario.pieces) move(piece.from), move(piece.to);
  // Pieces that began inside the removed part are left with nothing.
  std::erase_if(scenario.pieces, [](const Piece& piece) { return piece.to <= piece.from; });
  if (now < was)
    for (Piece& piece : scenario.pieces)
      if (piece.to < was && piece.to > now) piece.to = now;
  std::erase_if(scenario.pieces, [](const Piece& piece) { return piece.to <= piece.from; });
  move(scenario.end);
  job.end = now;
  return {};
}

}  // namespace nw::sim
