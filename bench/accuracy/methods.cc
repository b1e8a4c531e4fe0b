// poll_30s          Slurm's energy plug-ins: one thread reads every 30 s; at a job's begin and end the last reading is
//                   used unless it is older than 10 s; counters by difference, power by trapezoid (acct_gather_energy)
//   gauge_sum_15s     Prometheus stacks: sum of the gauge's scrapes inside the job x 15 s (sum_over_time)
//   derived_power_1hz power = difference of a counter over each second, then trapezoid over these
//   nvidia_smi_1hz    trapezoid over nvmlDeviceGetPowerUsage once a second; GPUs alone
//   tdp_half          half the rated power of CPUs x time (CodeCarbon's fallback), and of GPUs
//   green_algorithms  cores x P_core + GPUs x TDP + 0.3725 W/GB, all x time, usage 1, PUE 1 (Lannelongue 2021)
#include "bench/accuracy/methods.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace nw::accuracy {

namespace {
using sim::Instrument;
using sim::Machine;
using sim::Measure;

struct Stream {  // sensors that a method adds up for the node
  std::vector<std::size_t> sensors;
  bool counter = true;
};

class Methods {
 public:
  Methods(const Machine& machine, double phase)
      : machine_(machine), scenario_(machine.scenario()), job_(scenario_.jobs.front()), phase_(phase) {}

  std::map<std::string, Estimate> all() {
    const Stream node = pick_node();
    if (!node.sensors.empty()) {
      out_["poll_30s"] = {poll(node), expected(node)};
      if (node.counter) out_["derived_power_1hz"] = {derived(node), expected(node)};
      out_["gauge_sum_15s"] = {gauge_sum(node), expected(node)};
    }
    Stream gpus{{}, false};
    for (std::size_t i = 0; i < scenario_.instruments.size(); ++i)
      if (scenario_.instruments[i].family == "nvml" && scenario_.instruments[i].channel == "power" && usable(i))
        gpus.sensors.push_back(i);
    if (!gpus.sensors.empty()) out_["nvidia_smi_1hz"] = {trapezoid(gpus, 1), expected(gpus)};
    estimates();
    return std::move(out_);
  }

 private:
  bool usable(std::size_t i) const {
    const Instrument& sensor = scenario_.instruments[i];
    return !sensor.missing && !sensor.denied && sensor.mirror.empty();
  }

  // The node's own sensor, its counter first; else packages and memory, as Slurm's rapl plug-in.
  Stream pick_node() const {
    Stream gauge{{}, false}, parts;
    for (std::size_t i = 0; i < scenario_.instruments.size(); ++i) {
      const Instrument& sensor = scenario_.instruments[i];
      if (!usable(i)) continue;
      const bool whole = sensor.of.size() == 1 && (sensor.of[0] == "dc" || sensor.of[0] == "plug");
      if (whole && sensor.measure == Measure::counter) return {{i}, true};
      if (whole && gauge.sensors.empty()) gauge.sensors = {i};
      if (!whole && sensor.family == "rapl_powercap" && sensor.measure == Measure::counter) parts.sensors.push_back(i);
    }
    return gauge.sensors.empty() ? parts : gauge;
  }

  double start() const { return to_seconds(job_.start); }
  double end() const { return to_seconds(job_.end); }
  static Nanos at(double s) { return Nanos::of(std::llround(s * 1e9)); }

  double expected(const Stream& stream) const {
    double sum = 0;
    for (const std::size_t i : stream.sensors)
      sum += machine_.seen_energy(i, job_.start, job_.end) * scenario_.instruments[i].gain +
             scenario_.instruments[i].offset_w * (end() - start());
    return sum;
  }

  // Joules (counter, unwrapped) or watts of all sensors together.
  double value(const Stream& stream, double s) const {
    double sum = 0;
    for (const std::size_t i : stream.sensors) {
      const Instrument& sensor = scenario_.instruments[i];
      const auto read = machine_.read(i, at(s)).reading;
      sum += static_cast<double>(read.value) * sensor.unit;
    }
    return sum;
  }

  // The polling times of an independent clock.
  std::vector<double> ticks(double period, double from, double to) const {
    std::vector<double> out;
    for (double t = from + period * (1 - phase_); t < to; t += period) out.push_back(t);
    return out;
  }

  double difference(const Stream& stream, double from, double to) const {
    double sum = 0;
    for (const std::size_t i : stream.sensors) {
      const Instrument& sensor = scenario_.instruments[i];
      const auto a = machine_.read(i, at(from)).reading.value, b = machine_.read(i, at(to)).reading.value;
      const double unit = sensor.unit, range = sensor.wrap > 0 ? static_cast<double>(sensor.wrap) * sensor.quantum : 0;
      double joules = (static_cast<double>(b) - static_cast<double>(a)) * unit;
      if (joules < 0 && range > 0) joules += range;
      sum += joules;
    }
    return sum;
  }

  double poll(const Stream& stream) const {
    std::vector<double> polls = ticks(30, start() - 35, end() + 1);
    const auto edge = [&](double t) {
      double last = start() - 35;
      for (const double p : polls)
        if (p <= t) last = p;
      return t - last > 10 ? t : last;
    };
    const double from = edge(start()), to = edge(end());
    if (stream.counter) {
      double sum = 0, before = from;
      for (const double p : polls)
        if (p > from && p < to) sum += difference(stream, before, p), before = p;
      return sum + difference(stream, before, to);
    }
    double sum = 0, before = from;
    for (const double p : polls)
      if (p > from && p < to) sum += (value(stream, before) + value(stream, p)) / 2 * (p - before), before = p;
    return sum + (value(stream, before) + value(stream, to)) / 2 * (to - before);
  }

  double gauge_sum(const Stream& stream) const {
    double sum = 0;
    for (const double t : ticks(15, start() - 15, end()))
      if (t >= start()) sum += 15 * (stream.counter ? difference(stream, t - 1, t) : value(stream, t));
    return sum;
  }

  double trapezoid(const Stream& stream, double period) const {
    double sum = 0, before = -1;
    for (const double t : ticks(period, start() - period, end())) {
      if (t < start()) continue;
      if (before >= 0) sum += (value(stream, before) + value(stream, t)) / 2 * (t - before);
      before = t;
    }
    return sum;
  }

  double derived(const Stream& stream) const {
    double sum = 0, before = -1, power = 0;
    for (const double t : ticks(1, start() - 1, end())) {
      if (t - 1 < start()) continue;
      const double now = difference(stream, t - 1, t);
      if (before >= 0) sum += (power + now) / 2 * (t - before);
      before = t;
      power = now;
    }
    return sum;
  }

  void estimates() {
    double cpu_tdp = 0, gpu_tdp = 0;
    for (const auto& component : scenario_.components) {
      if (component.domain == "package") cpu_tdp += component.max_w;
      if (component.domain == "gpu") gpu_tdp += component.max_w;
    }
    const double time = end() - start(), truth = machine_.dc_energy(job_.start, job_.end);
    out_["tdp_half"] = {0.5 * (cpu_tdp + gpu_tdp) * time, truth};
    out_["green_algorithms"] = {(cpu_tdp + gpu_tdp + 0.3725 * scenario_.facts.memory_gb) * time, truth};
  }

  const Machine& machine_;
  const sim::Scenario& scenario_;
  const sim::Job& job_;
  double phase_;
  std::map<std::string, Estimate> out_;
};
}  // namespace

std::map<std::string, Estimate> estimate(const Machine& machine, double phase) { return Methods(machine, phase).all(); }

}  // namespace nw::accuracy
