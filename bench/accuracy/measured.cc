#include "bench/accuracy/measured.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "accounting/run_accounting.h"
#include "accounting/sampling_schedule.h"
#include "base/host_tape.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "sensor/reader.h"
#include "sim/tape_player.h"

namespace nw::accuracy {

namespace {
const sim::Job& job_of(const sim::Machine& machine) { return machine.scenario().jobs.front(); }

std::vector<Nanos> times_of(const SamplingSchedule& schedule, const sim::Job& job) {
  std::vector<Nanos> times;
  Nanos at = job.start;
  for (; at < job.end; at += schedule.period(at - job.start)) times.push_back(at);
  const Nanos last = job.end + schedule.trailing(job.end - job.start);
  for (at = job.end; at <= last; at += SamplingSchedule::kBurst) times.push_back(at);
  return times;
}

std::vector<SensorInfo> infos_of(const Tape& tape) {
  TapedHost host(tape);
  return Reader(host, make_inventory(host).sensors).infos();
}

std::string_view driver_of(std::string_view sensor_id) { return sensor_id.substr(0, sensor_id.find('/')); }

// Whether the simulator's instrument is a sensor of this driver and domain.
bool is_of(const sim::Machine& machine, const sim::Instrument& sensor, std::string_view driver, std::string_view domain,
           bool plug) {
  if (!sensor.family.starts_with(driver) || sensor.missing || sensor.denied || !sensor.mirror.empty()) return false;
  const bool whole = sensor.of.size() == 1 && (sensor.of[0] == "dc" || sensor.of[0] == "plug");
  if (sensor.channel == "psys" || domain == "psys") return sensor.channel == domain;
  if (domain == "node") return whole && (sensor.of[0] == "plug") == plug;
  if (whole) return false;
  if (sensor.family == "hwmon_grace")
    return domain == "module"    ? sensor.channel.starts_with("Module")
           : domain == "package" ? sensor.channel.starts_with("Grace")
           : domain == "cpu"     ? sensor.channel.starts_with("CPU")
                                 : domain == "sysio" && sensor.channel.starts_with("SysIO");
  if (domain == "module") return sensor.of.size() > 1;
  const auto component = machine.component(sensor.of[0]);
  return component < machine.scenario().components.size() && machine.scenario().components[component].domain == domain;
}
}  // namespace

pb::Record measure(const sim::Machine& machine, const std::function<void(Tape&)>& edit) {
  const sim::Job& job = job_of(machine);
  sim::TapeSchedule probe;
  probe.times = {job.start};
  const SamplingSchedule schedule({}, infos_of(sim::make_tape(machine, probe)));
  sim::TapeSchedule played;
  played.times = times_of(schedule, job);
  Tape tape = sim::make_tape(machine, played);
  if (edit) edit(tape);
  TapedHost host(std::move(tape));
  Inventory inventory = make_inventory(host);
  Reader reader(host, std::move(inventory.sensors));
  RunAccounting accounting(reader.infos(), schedule.period({}));
  accounting.begin(job.start);
  SampleSet sample_set;
  Nanos at;
  do {
    at = host.now();
    accounting.set_period(schedule.period(at - job.start));
    reader.read_all(sample_set);
    accounting.add(sample_set);
  } while (host.sleep_until(at));
  accounting.end(job.end);
  pb::Record record;
  accounting.write(record);
  return record;
}

std::optional<Truth> truth_of(const sim::Machine& machine, const pb::Record& record) {
  const sim::Job& job = job_of(machine);
  const double duration = to_seconds(job.end - job.start);
  const auto& sensors = machine.scenario().instruments;
  Truth truth;
  std::set<std::tuple<std::string_view, std::string, bool>> seen;
  bool node = false;
  for (const auto& component : record.components()) {
    node |= component.domain() == "node";
    if (!component.counted() || component.sensor().empty() || !component.energy().has_energy_uj()) continue;
    if (node && component.depth() > 0) continue;
    const auto use = std::find_if(record.sensors().begin(), record.sensors().end(),
                                  [&](const auto& sensor) { return sensor.id() == component.sensor(); });
    if (use == record.sensors().end()) return {};
    const auto driver = driver_of(component.sensor());
    if (!seen.emplace(driver, component.domain(), use->counter()).second) continue;
    truth.counters &= use->counter();
    bool any = false;
    for (std::size_t i = 0; i < sensors.size(); ++i) {
      if (!is_of(machine, sensors[i], driver, component.domain(), component.energy().boundary() == pb::BOUNDARY_WALL))
        continue;
      if ((sensors[i].measure == sim::Measure::counter) != use->counter()) continue;
      const double joules = machine.seen_energy(i, job.start, job.end);
      truth.joules += joules;
      truth.sensed += joules * sensors[i].gain + sensors[i].offset_w * duration;
      any = true;
    }
    if (!any) return {};
  }
  return seen.empty() ? std::nullopt : std::optional(truth);
}

}  // namespace nw::accuracy
