// The named loads. Shapes are those of training and inference logs in general, not one program's: a square-like
// iteration train, dips between epochs, a loader that stalls now and then, 2 % of slow noise. The lock-in pair has the
// period of a 100 ms sensor, and 1 % off it: a sensor that looks at 25 of every 100 ms sees one phase of the first for
// ever and all phases of the second in turn.
#include <algorithm>

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

std::vector<Piece> lock_in(Nanos period, Nanos length) {
  Piece cpu = make_piece("cpu", 0.03, length), gpu = make_piece("gpu", 0.9, length);
  cpu.noise = gpu.noise = 0;
  gpu.period = period;
  gpu.duty = 0.5;
  gpu.depth = 0.7;
  return {cpu, gpu};
}
}  // namespace

Done set_workload(Scenario& scenario, std::string_view workload, Nanos length) {
  if (length < millis(100)) return fail(ErrorKind::malformed, "a workload is at least 100ms long");
  if (workload == "training")
    scenario.pieces = training(length);
  else if (workload == "inference")
    scenario.pieces = inference(length);
  else if (workload == "idle")
    scenario.pieces.clear();
  else if (workload == "lockin100ms")
    scenario.pieces = lock_in(millis(100), length);
  else if (workload == "lockin101ms")
    scenario.pieces = lock_in(millis(101), length);
  else
    return fail(ErrorKind::malformed, fmt::format("workload {}: is none of training, inference, idle, lockin100ms, "
                                                  "lockin101ms",
                                                  quote(workload)));
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
  // What began inside the part that is gone has nothing left.
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
