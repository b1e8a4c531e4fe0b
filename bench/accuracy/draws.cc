// Gains and offsets are drawn from what is published about each kind of sensor or, where nothing is, from the tolerance
// that the drivers' pages assume: the bench shows that the arithmetic from there to the interval is right, not that a
// real sensor is as good as its page states. Sensors of one kind on one node share a gain, as in the uncertainty
// budget.
#include "bench/accuracy/draws.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace nw::accuracy {

namespace {
using sim::Instrument;
using sim::Piece;

struct Prior {
  const char *family, *channel;  // the beginning of the channel's name
  double gain;
  bool limit;       // uniform within +-gain, else a standard deviation
  double offset_w;  // standard deviation
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

}  // namespace

double uniform(Random& random, double low, double high) { return std::uniform_real_distribution(low, high)(random); }
double log_uniform(Random& random, double low, double high) {
  return std::exp(uniform(random, std::log(low), std::log(high)));
}
Nanos of_seconds(double s) { return Nanos::of(std::llround(s * 1e9)); }

void draw_sensors(Random& node, Random& run, sim::Scenario& scenario) {
  std::map<const Prior*, std::pair<double, double>> drawn;
  for (Instrument& sensor : scenario.instruments) {
    for (const Prior& prior : kPriors) {
      if (sensor.family != prior.family || !sensor.channel.starts_with(prior.channel)) continue;
      const auto [at, is_new] = drawn.try_emplace(&prior);
      if (is_new) {
        std::normal_distribution<double> normal;
        at->second.first = 1 + prior.gain * (prior.limit ? uniform(node, -1, 1) : normal(node));
        at->second.second = prior.offset_w * normal(node);
      }
      sensor.gain = at->second.first;
      sensor.offset_w = at->second.second;
      break;
    }
    sensor.phase = of_seconds(uniform(run, 0, to_seconds(sensor.refresh)));
    sensor.start_j *= uniform(run, 0.2, 1.8);
    if (sensor.stamps)
      sensor.clock_offset = of_seconds(uniform(node, -5, 5)), sensor.clock_drift_ppm = uniform(node, -50, 50);
  }
}

namespace {
Piece piece_of(const char* on, double level, Nanos from, Nanos to) {
  Piece piece;
  piece.on = on;
  piece.from = from;
  piece.to = to;
  piece.level = level;
  piece.noise = 0.02;
  return piece;
}

}  // namespace

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

void without_node_sensors(sim::Scenario& scenario) {
  for (Instrument& sensor : scenario.instruments)
    if (sensor.of.size() == 1 && (sensor.of[0] == "dc" || sensor.of[0] == "plug")) sensor.missing = true;
}

}  // namespace nw::accuracy
