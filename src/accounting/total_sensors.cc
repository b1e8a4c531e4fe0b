#include "accounting/total_sensors.h"

#include <algorithm>

#include "energy/containment.h"

namespace nw {

DivisionKey division_key_of(Domain domain) {
  switch (domain) {
    case Domain::gpu: return DivisionKey::device;
    case Domain::dram: return DivisionKey::memory;
    case Domain::node:
    case Domain::module:  // contains both processors and accelerators
    case Domain::other: return DivisionKey::node;
    default: return DivisionKey::processor;
  }
}

TotalSensors find_total_sensors(std::span<const Meter> meters, Nanos now) {
  std::vector<SensorEnergy> sensor_energies;
  for (const Meter& meter : meters) {
    Energy energy;
    energy.boundary = meter.info().boundary;
    energy.kind = meter.info().provenance;
    if (meter.responsive()) energy.value = meter.at(now).energy;
    sensor_energies.push_back({&meter.info(), energy, {}, {}});
  }
  const auto index_of = [&](const std::string& sensor) {
    const auto found =
        std::find_if(meters.begin(), meters.end(), [&](const Meter& m) { return m.info().id == sensor; });
    return static_cast<std::size_t>(found - meters.begin());
  };
  TotalSensors total_sensors;
  for (const Component& component : compose(sensor_energies).components) {
    if (!component.counted || component.sensor.empty()) continue;
    const std::size_t meter = index_of(component.sensor);
    if (component.part.domain != Domain::node)
      (component.depth == 0 ? total_sensors.beside : total_sensors.inside).push_back(meter);
    else if (component.depth == 0)
      total_sensors.total_sensor = meter;
  }
  return total_sensors;
}

bool TotalSensorsWatch::look(std::span<const Meter> meters, Nanos now) {
  std::vector<bool> responsive;
  for (const Meter& meter : meters) responsive.push_back(meter.responsive());
  if (responsive == responsive_) return false;
  responsive_ = std::move(responsive);
  found_ = find_total_sensors(meters, now);
  return true;
}

}  // namespace nw
