// How sensors err is drawn from what is published about each kind or, where nothing is, assumed; it is not what the
// drivers state: gains are Student's t, so that most lie well inside the stated tolerance and some outside. A gain is
// fixed for a node, and sensors of one kind on one node share it.
//
//   nvml        15 boards against a power meter: RMS 5.0 %, largest 11.4 % (Yang, Adamek, Armour, SC24), which t of
//   four
//               degrees of freedom and a scale of 3.7 % gives. Offsets of 2 to 3 W (data-centre boards) and 6 to 10 W
//               (GeForce), and a gain that rises with the load (an A100 0.926 idle and 0.947 loaded, an RTX 4090 0.74
//               and 0.99): from the same authors' raw data
//   RAPL        1 to 3 % after the removal of an offset (Khan et al. 2018; Hackenberg et al. 2015); AMD's more, since
//   it
//               is modelled (Schoene et al. 2021); DRAM up to 10 % (Desrochers et al. 2016)
//   controllers, meters of a node and of a rack: assumed
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
  double scale, freedom;         // of Student's t
  double offset_w;               // standard deviation
  double least_rise, most_rise;  // of the gain, from no load to full load
  double stated;                 // the limit that the driver states, or 1.96 of its standard deviations
};
constexpr Prior kPriors[] = {
    {"rapl_powercap", "package", 0.015, 5, 0.5, 0, 0, 0.05},
    {"rapl_powercap", "dram", 0.03, 5, 1, 0, 0, 0.10},
    {"nvml", "", 0.037, 4, 2.5, -0.01, 0.04, 0.098},
    {"rocm", "", 0.015, 5, 1, 0, 0, 0.05},
    {"cray_pm", "", 0.015, 5, 1, 0, 0, 0.05},
    {"hwmon_grace", "", 0.015, 5, 1, 0, 0, 0.05},
    {"hwmon_acpi", "", 0.03, 5, 3, -0.01, 0.02, 0.10},
    {"lenovo_xcc", "", 0.01, 5, 1, 0, 0, 0.03},
    {"ipmi_dcmi", "", 0.015, 5, 3, -0.01, 0.02, 0.05},
    {"redfish", "", 0.015, 5, 3, -0.01, 0.02, 0.05},
    {"pdu_snmp", "", 0.010, 5, 0.5, 0, 0, 0.05},
};
constexpr Prior kGeForce = {"nvml", "", 0.037, 4, 8, 0, 0.10, 0.098};
constexpr Prior kModelled = {"rapl_powercap", "package", 0.02, 5, 1, 0, 0, 0.05};  // AMD's
constexpr double kStatedScale = 0.4;                                               // of what a sensor states of itself

const Prior* prior_of(const Instrument& sensor, const sim::Scenario& scenario) {
  for (const Prior& prior : kPriors) {
    if (sensor.family != prior.family || !sensor.channel.starts_with(prior.channel)) continue;
    const bool geforce = std::any_of(scenario.components.begin(), scenario.components.end(),
                                     [](const auto& part) { return part.model.find("GeForce") != std::string::npos; });
    if (sensor.family == std::string_view("nvml") && geforce) return &kGeForce;
    const bool package = sensor.channel.starts_with(kModelled.channel) && sensor.family == kModelled.family;
    return package && scenario.facts.vendor == "AuthenticAMD" ? &kModelled : &prior;
  }
  return nullptr;
}

struct Drawn {
  double gain, rise, offset_w;
};

Drawn draw_error(Random& node, const Prior& prior, double stated) {
  std::normal_distribution<double> normal;
  std::student_t_distribution<double> student(prior.freedom);
  const double scale = stated > 0 ? kStatedScale * stated : prior.scale;
  Drawn drawn{};
  drawn.gain = std::clamp(1 + scale * student(node), 0.7, 1.3);
  drawn.rise = uniform(node, prior.least_rise, prior.most_rise);
  drawn.offset_w = prior.offset_w * normal(node);
  return drawn;
}

// What the parts that it looks at take at full load, at most.
double full_power(const Instrument& sensor, const sim::Scenario& scenario) {
  if (is_of_node(sensor)) return scenario.supply.rating_w;
  double sum = 0;
  for (const auto& part : scenario.components)
    if (std::find(sensor.of.begin(), sensor.of.end(), part.name) != sensor.of.end())
      sum += std::max(part.max_w, part.idle_w);
  return sum;
}
}  // namespace

double uniform(Random& random, double low, double high) { return std::uniform_real_distribution(low, high)(random); }
double log_uniform(Random& random, double low, double high) {
  return std::exp(uniform(random, std::log(low), std::log(high)));
}
Nanos of_seconds(double s) { return Nanos::of(std::llround(s * 1e9)); }

bool happens(Random& random, double probability) { return uniform(random, 0, 1) < probability; }

void draw_sensors(Random& node, Random& run, sim::Scenario& scenario) {
  std::map<std::pair<const Prior*, bool>, Drawn> drawn;  // a node's own sensor is not of one make with its parts'
  for (Instrument& sensor : scenario.instruments) {
    if (const Prior* prior = prior_of(sensor, scenario)) {
      const std::pair key{prior, is_of_node(sensor)};
      auto at = drawn.find(key);
      if (at == drawn.end()) at = drawn.emplace(key, draw_error(node, *prior, sensor.accuracy / 100)).first;
      sensor.gain = at->second.gain - at->second.rise;
      sensor.offset_w = at->second.offset_w;
      const bool part_time = sensor.measure == sim::Measure::counter && sensor.window > Nanos{};
      if (at->second.rise != 0 && !part_time)
        sensor.gain_full = at->second.gain, sensor.full_w = full_power(sensor, scenario);
      else
        sensor.gain = at->second.gain;
    }
    if (sensor.stamps)
      sensor.clock_offset = of_seconds(uniform(node, -5, 5)), sensor.clock_drift_ppm = uniform(node, -50, 50);
  }
  draw_readings(run, scenario);
}

void draw_readings(Random& run, sim::Scenario& scenario) {
  for (Instrument& sensor : scenario.instruments) {
    sensor.phase = of_seconds(uniform(run, 0, to_seconds(sensor.refresh)));
    sensor.start_j *= uniform(run, 0.2, 1.8);
  }
}

bool is_outside_stated(const Instrument& sensor) {
  const double gain = sensor.gain_full > 0 ? sensor.gain_full : sensor.gain;
  for (const Prior& prior : kPriors)
    if (sensor.family == prior.family && sensor.channel.starts_with(prior.channel))
      return std::abs(gain - 1) > (sensor.accuracy > 0 ? sensor.accuracy / 100 : prior.stated);
  return false;
}

bool is_of_node(const Instrument& sensor) {
  return sensor.of.size() == 1 && (sensor.of[0] == "dc" || sensor.of[0] == "plug");
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
    if (is_of_node(sensor)) sensor.missing = true;
}

}  // namespace nw::accuracy
