#include "bench/accuracy/truth.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "bench/accuracy/draws.h"
#include "record/record.pb.h"

namespace nw::accuracy {

namespace {
using Components = google::protobuf::RepeatedPtrField<pb::Component>;

std::string_view driver_of(std::string_view sensor_id) { return sensor_id.substr(0, sensor_id.find('/')); }

// Whether the simulator's instrument is a sensor of this driver and domain.
bool is_of(const sim::Machine& machine, const sim::Instrument& sensor, std::string_view driver, std::string_view domain,
           bool at_wall) {
  if (!sensor.family.starts_with(driver) || sensor.missing || sensor.denied || !sensor.mirror.empty()) return false;
  const bool whole = is_of_node(sensor);
  if (sensor.channel == "psys" || domain == "psys") return sensor.channel == domain;
  if (domain == "node") return whole && (sensor.of[0] == "plug") == at_wall;
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

class Matcher {
 public:
  Matcher(const sim::Machine& machine, const pb::Record& record, Nanos from, Nanos to)
      : machine_(machine), record_(record), from_(from), to_(to) {}

  std::optional<Truth> of(const Components& components) {
    bool node = false;
    for (const auto& component : components) {
      node |= component.domain() == "node";
      if (!component.counted() || !component.energy().has_energy_uj() || (node && component.depth() > 0)) continue;
      if (component.domain() == "node" && component.sensor().empty()) return of_node(component.energy().boundary());
      if (!component.sensor().empty() && !add(component)) return {};
    }
    return seen_.empty() ? std::nullopt : std::optional(truth_);
  }

 private:
  // A node whose energy was derived, from no single sensor: the sensors behind it are those of its boundary.
  std::optional<Truth> of_node(pb::Boundary boundary) {
    const bool wall = boundary == pb::BOUNDARY_WALL;
    truth_.joules = wall ? machine_.wall_energy(from_, to_) : machine_.dc_energy(from_, to_);
    truth_.sensed = truth_.joules;
    truth_.counters = false;
    const auto& sensors = machine_.scenario().instruments;
    for (std::size_t i = 0; i < sensors.size(); ++i)
      if (is_of_node(sensors[i]) && !sensors[i].missing && (sensors[i].of[0] == "plug") == wall) {
        truth_.sensed = machine_.sensed_energy(i, from_, to_);
        truth_.outside = is_outside_stated(sensors[i]);
      }
    return truth_;
  }

  bool add(const pb::Component& component) {
    const auto use = std::find_if(record_.sensors().begin(), record_.sensors().end(),
                                  [&](const auto& sensor) { return sensor.id() == component.sensor(); });
    if (use == record_.sensors().end()) return false;
    const auto driver = driver_of(component.sensor());
    if (!seen_.emplace(driver, component.domain(), use->counter()).second) return true;
    truth_.counters &= use->counter();
    bool any = false;
    const auto& sensors = machine_.scenario().instruments;
    for (std::size_t i = 0; i < sensors.size(); ++i) {
      if (!is_of(machine_, sensors[i], driver, component.domain(), component.energy().boundary() == pb::BOUNDARY_WALL))
        continue;
      if ((sensors[i].measure == sim::Measure::counter) != use->counter()) continue;
      truth_.joules += machine_.seen_energy(i, from_, to_);
      truth_.sensed += machine_.sensed_energy(i, from_, to_);
      truth_.outside |= is_outside_stated(sensors[i]);
      any = true;
    }
    return any;
  }

  const sim::Machine& machine_;
  const pb::Record& record_;
  Nanos from_, to_;
  Truth truth_;
  std::set<std::tuple<std::string_view, std::string, bool>> seen_;
};
}  // namespace

std::optional<Truth> truth_of(const sim::Machine& machine, const pb::Record& record) {
  const sim::Job& job = machine.scenario().jobs.front();
  return Matcher(machine, record, job.start, job.end).of(record.components());
}

std::optional<Truth> truth_of(const sim::Machine& machine, const pb::Record& record, const pb::Phase& phase, Nanos from,
                              Nanos to) {
  return Matcher(machine, record, from, to).of(phase.components());
}

}  // namespace nw::accuracy
