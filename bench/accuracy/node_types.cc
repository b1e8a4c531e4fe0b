// A node is a preset whose parts differ from machine to machine, and whose whole is no linear function of its measured
// parts: power supplies whose loss depends on their load (80 PLUS Titanium or Platinum, the certificates' points,
// shifted by up to a percent), regulators, fans that follow the heat after tens of seconds, a remainder that wanders,
// disks and networks with bursts of their own. The watts of these are assumed.
//
// Controllers say nothing of their timing, as most do: means over 1 to 60 s that appear up to 3 s later, not quite in
// time, some in steps of several watts.
#include "bench/accuracy/node_types.h"

#include <algorithm>
#include <array>

#include "sim/presets.h"

namespace nw::accuracy {

namespace {
using sim::Component;
using sim::Instrument;
using sim::Scenario;

constexpr std::array kTypes = {
    NodeType{"xcc_cpu", "horeka_blue"},
    NodeType{"xcc_gpu", "horeka_green"},
    NodeType{"cray_apu", "mi300a"},
    NodeType{"module_gh200", "gh200"},
    NodeType{"rapl_cpu", "horeka_blue", Whole::none},
    NodeType{"amd_cpu", "horeka_blue", Whole::none, 0, 0, Chips::amd},
    NodeType{"nvml_gpu", "horeka_green", Whole::none},
    NodeType{"gauges_gpu", "horeka_green", Whole::none, 0, 0, Chips::gauges},
    NodeType{"acpi_cpu", "horeka_blue", Whole::acpi},
    NodeType{"stated_gpu", "hgx_h100", Whole::stated},
    NodeType{"dcmi_1_cpu", "horeka_blue", Whole::dcmi, 2, 1},
    NodeType{"dcmi_5_cpu", "horeka_blue", Whole::dcmi, 2, 5},
    NodeType{"dcmi_30_cpu", "horeka_blue", Whole::dcmi, 2, 30},
    NodeType{"dcmi_30_amd", "horeka_blue", Whole::dcmi, 2, 30, Chips::amd},
    NodeType{"dcmi_1_gpu", "horeka_green", Whole::dcmi, 2, 1},
    NodeType{"dcmi_5_gpu", "horeka_green", Whole::dcmi, 2, 5},
    NodeType{"dcmi_30_gpu", "horeka_green", Whole::dcmi, 2, 30},
    NodeType{"dcmi_5_gauges", "horeka_green", Whole::dcmi, 2, 5, Chips::gauges},
    NodeType{"redfish_1_cpu", "horeka_blue", Whole::redfish, 1, 1},
    NodeType{"redfish_10_cpu", "horeka_blue", Whole::redfish, 10, 10},
    NodeType{"redfish_20_cpu", "horeka_blue", Whole::redfish, 20, 20},
    NodeType{"redfish_60_cpu", "horeka_blue", Whole::redfish, 60, 60},
    NodeType{"redfish_1_gpu", "horeka_green", Whole::redfish, 1, 1},
    NodeType{"redfish_10_gpu", "horeka_green", Whole::redfish, 10, 10},
    NodeType{"redfish_20_gpu", "horeka_green", Whole::redfish, 20, 20},
    NodeType{"redfish_60_gpu", "horeka_green", Whole::redfish, 60, 60},
    NodeType{"pdu_cpu", "horeka_blue", Whole::pdu},
    NodeType{"pdu_gpu", "horeka_green", Whole::pdu},
};

bool has_gpus(const Scenario& node) {
  return std::any_of(node.components.begin(), node.components.end(),
                     [](const Component& part) { return part.domain == "gpu"; });
}

Component part(const char* name, sim::Load load, double idle_w, double max_w) {
  Component part;
  part.name = name;
  part.load = load;
  part.idle_w = idle_w;
  part.max_w = max_w;
  return part;
}

void vary_parts(Random& random, Scenario& node) {
  const bool gpus = has_gpus(node);
  for (Component& part : node.components)
    if (part.load == sim::Load::none) part.idle_w *= uniform(random, 0.7, 1.4);
  for (Component& part : node.components) {
    if (part.name != "board") continue;
    part.wander_w = uniform(random, 0.03, 0.15) * part.idle_w;
    part.wander = of_seconds(log_uniform(random, 30, 600));
  }
  const double regulators = uniform(random, 0.04, 0.10);  // of what they feed
  double cpu_w = 0, gpu_w = 0;
  for (const Component& part : node.components) {
    if (part.load == sim::Load::cpu) cpu_w += part.max_w;
    if (part.load == sim::Load::gpu) gpu_w += part.max_w;
  }
  node.components.push_back(part("cpu_regulators", sim::Load::cpu, 0.01 * cpu_w, regulators * cpu_w));
  if (gpus) node.components.push_back(part("gpu_regulators", sim::Load::gpu, 0.01 * gpu_w, regulators * gpu_w));
  Component fans = part("chassis_fans", sim::Load::heat, uniform(random, 4, 15), 0);
  fans.max_w = fans.idle_w + uniform(random, 0.02, 0.12) * (cpu_w + gpu_w);
  fans.lag = of_seconds(uniform(random, 10, 60));
  node.components.push_back(fans);
  node.components.push_back(part("disks", sim::Load::none, uniform(random, 4, 8), uniform(random, 10, 30)));
  node.components.push_back(part("network", sim::Load::none, uniform(random, 8, 15), uniform(random, 16, 40)));
}

void vary_supply(Random& random, Scenario& node) {
  if (happens(random, 0.5)) node.supply.curve = {{0.1, 0.85}, {0.2, 0.90}, {0.5, 0.94}, {1.0, 0.91}};  // Platinum
  const double shift = uniform(random, -0.01, 0.01);
  for (sim::CurvePoint& point : node.supply.curve) point.efficiency += shift;
  node.supply.rating_w *= uniform(random, 0.7, 1.3);
}

// Epyc's counters: packages alone, 2^-16 J.
void become_amd(Scenario& node) {
  node.facts.vendor = "AuthenticAMD";
  node.facts.model = "AMD EPYC 7763 64-Core Processor";
  node.facts.flags = "fpu sse2 avx2";
  for (Instrument& sensor : node.instruments) {
    if (sensor.channel.starts_with("dram")) sensor.missing = true;
    if (sensor.channel.starts_with("package")) sensor.quantum = 15.259e-6;
  }
}

// GPUs that have no counter, and a power that is a mean over a second.
void become_gauges(Scenario& node) {
  for (Component& part : node.components) {
    if (part.domain != "gpu") continue;
    part.model = "NVIDIA GeForce RTX 4090";
    part.idle_w = 22;
    part.max_w = 450;
  }
  for (Instrument& sensor : node.instruments) {
    if (sensor.of.empty() || !sensor.name.starts_with("gpu")) continue;
    if (sensor.measure == sim::Measure::counter) sensor.missing = true;
    sensor.window = seconds(1);
  }
}

Instrument make_meter(Random& random, const NodeType& type) {
  Instrument meter;
  meter.name = "meter";
  meter.of = {"plug"};
  meter.measure = sim::Measure::gauge;
  meter.quantum = happens(random, 0.6) ? 1 : happens(random, 0.5) ? 4 : 8;
  meter.refresh = seconds(type.refresh_s);
  meter.window = seconds(type.window_s);
  meter.delay = of_seconds(uniform(random, 0, 3));
  meter.jitter = of_seconds(uniform(random, 0, 0.2) * type.refresh_s);
  meter.silent = true;
  if (type.whole == Whole::dcmi) {
    meter.family = "ipmi_dcmi";
    meter.unit = 1;
  } else if (type.whole == Whole::redfish) {
    meter.family = "redfish";
    meter.channel = "power";
    meter.unit = 1e-3;
  } else {
    meter.family = "pdu_snmp";
    meter.unit = 1e-3;
    meter.quantum = happens(random, 0.5) ? 1 : 0.1;
    meter.refresh = meter.window = of_seconds(uniform(random, 1, 3));
    meter.jitter = of_seconds(uniform(random, 0, 0.2));
    meter.delay = of_seconds(uniform(random, 0, 1));
  }
  return meter;
}

void set_whole(Random& random, const NodeType& type, Scenario& node) {
  if (type.whole == Whole::as_it_is || type.whole == Whole::stated) return;
  std::erase_if(node.instruments, [&](const Instrument& sensor) {
    return is_of_node(sensor) && !(type.whole == Whole::acpi && sensor.family == "hwmon_acpi");
  });
  if (type.whole >= Whole::dcmi) node.instruments.push_back(make_meter(random, type));
}
}  // namespace

std::span<const NodeType> node_types() { return kTypes; }

Result<Scenario> make_node(const NodeType& type, Random& random) {
  Scenario node = NW_TRY(sim::find_scenario(type.preset));
  node.pieces.clear();
  node.jobs.clear();
  if (type.chips == Chips::amd) become_amd(node);
  if (type.chips == Chips::gauges) become_gauges(node);
  set_whole(random, type, node);
  vary_parts(random, node);
  vary_supply(random, node);
  Random run(random());
  draw_sensors(random, run, node);
  return node;
}

}  // namespace nw::accuracy
