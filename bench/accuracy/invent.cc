// Gains and offsets are drawn from what is published of each kind of sensor or, where nothing is, from the tolerance
// that the drivers' pages assume: the bench shows that the arithmetic from there to the interval is right, not that a
// real sensor is as good as its page says. Sensors of one kind on one node share a gain, as the budget has it.
#include "bench/accuracy/invent.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "sim/presets.h"

namespace nw::accuracy {

namespace {
using sim::Fault;
using sim::Instrument;
using sim::Piece;
using Random = std::mt19937_64;

struct Prior {
  const char *family, *channel;  // the beginning of the channel's name
  double gain;
  bool limit;       // uniform within +-gain, else one sigma
  double offset_w;  // one sigma
};
constexpr Prior kPriors[] = {
    {"rapl_powercap", "package", 0.05, true, 1},
    {"rapl_powercap", "dram", 0.10, true, 2},
    {"nvml", "", 0.05, false, 0},
    {"rocm", "", 0.05, true, 2},
    {"cray_pm", "", 0.05, true, 2},
    {"hwmon_grace", "", 0.05, true, 1},
    {"hwmon_acpi", "", 0.10, true, 5.77},
    {"lenovo_xcc", "", 0.03, true, 1},
    {"ipmi_dcmi", "", 0.05, true, 11.5},
    {"redfish", "", 0.01, true, 0},
};

double uniform(Random& random, double low, double high) { return std::uniform_real_distribution(low, high)(random); }
double log_uniform(Random& random, double low, double high) {
  return std::exp(uniform(random, std::log(low), std::log(high)));
}
Nanos of_seconds(double s) { return Nanos::of(std::llround(s * 1e9)); }

void draw_sensors(Random& random, sim::Scenario& scenario) {
  std::map<const Prior*, std::pair<double, double>> drawn;
  for (Instrument& sensor : scenario.instruments) {
    for (const Prior& prior : kPriors) {
      if (sensor.family != prior.family || !sensor.channel.starts_with(prior.channel)) continue;
      const auto [at, is_new] = drawn.try_emplace(&prior);
      if (is_new) {
        std::normal_distribution<double> normal;
        at->second.first = 1 + prior.gain * (prior.limit ? uniform(random, -1, 1) : normal(random));
        at->second.second = prior.offset_w * normal(random);
      }
      sensor.gain = at->second.first;
      sensor.offset_w = at->second.second;
      break;
    }
    sensor.phase = of_seconds(uniform(random, 0, to_seconds(sensor.refresh)));
    sensor.start_j *= uniform(random, 0.2, 1.8);
    if (sensor.stamps)
      sensor.clock_offset = of_seconds(uniform(random, -5, 5)), sensor.clock_drift_ppm = uniform(random, -50, 50);
  }
}

Piece piece_of(const char* on, double level, Nanos from, Nanos to) {
  Piece piece;
  piece.on = on;
  piece.from = from;
  piece.to = to;
  piece.level = level;
  piece.noise = 0.02;
  return piece;
}

// Iterations, dips between epochs, stalls; before and after the job other work or none.
std::string draw_workload(Random& random, sim::Scenario& scenario, double duration_s) {
  const Nanos lead = seconds(40), end = lead + of_seconds(duration_s);
  scenario.end = end + seconds(40);
  scenario.jobs = {{"job", lead, end}};
  scenario.pieces.clear();
  if (uniform(random, 0, 1) < 0.3) scenario.pieces.push_back(piece_of("cpu", uniform(random, 0.1, 0.9), {}, lead));
  const double which = uniform(random, 0, 1);
  const char* name = which < 0.45   ? "training"
                     : which < 0.65 ? "inference"
                     : which < 0.8  ? "cpu only"
                     : which < 0.9  ? "locked in"
                                    : "steady";
  const bool gpu_works = which < 0.65 || which >= 0.8;
  scenario.pieces.push_back(
      piece_of("cpu", gpu_works ? uniform(random, 0.02, 0.3) : uniform(random, 0.5, 1), lead, end));
  scenario.pieces.push_back(piece_of("dram", uniform(random, 0.1, 0.8), lead, end));
  if (!gpu_works) return name;
  Piece gpu = piece_of("gpu", uniform(random, 0.4, 0.95), lead, end);
  gpu.duty = uniform(random, 0.5, 0.95);
  gpu.depth = gpu.level * uniform(random, 0.2, 0.6);
  if (which < 0.65) gpu.period = of_seconds(which < 0.45 ? log_uniform(random, 0.02, 2) : log_uniform(random, 0.5, 30));
  if (which >= 0.8 && which < 0.9) gpu.period = uniform(random, 0, 1) < 0.5 ? millis(100) : millis(101), gpu.noise = 0;
  if (which < 0.45) {
    gpu.warm_up = of_seconds(std::min(2.0, duration_s / 4));
    gpu.epoch = of_seconds(uniform(random, 30, 600));
    gpu.dip = of_seconds(uniform(random, 2, 20));
    gpu.dip_level = 0.1;
    gpu.stalls_per_hour = uniform(random, 0, 60);
    gpu.stall = of_seconds(uniform(random, 0.2, 3));
  }
  scenario.pieces.push_back(gpu);
  return name;
}

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
  draw_sensors(random, out.scenario);
  out.workload = draw_workload(random, out.scenario, out.duration_s);
  // A third of the nodes has no sensor of its own: the sum of the parts is all there is.
  if (uniform(random, 0, 1) < 0.33)
    for (Instrument& sensor : out.scenario.instruments)
      if (sensor.of.size() == 1 && (sensor.of[0] == "dc" || sensor.of[0] == "plug")) sensor.missing = true;
  out.fault = draw_fault(random, out.scenario, out.duration_s);
  return out;
}

}  // namespace nw::accuracy
