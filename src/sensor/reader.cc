#include "sensor/reader.h"

#include <algorithm>
#include <utility>

#include "sensor/site_rules.h"

namespace nw {

namespace {
constexpr Nanos kBusStep = millis(5);

Status status_of(const Reading& reading) {
  if (reading.ok) return Status::ok;
  switch (reading.error) {
    case ErrorKind::denied: return Status::denied;
    case ErrorKind::malformed: return Status::implausible;
    case ErrorKind::busy: return Status::stale;
    default: return Status::absent;
  }
}
// Lenovo's trays have no power supplies of their own, and DCMI queries the same controller: its power is measured at
// the same place.
void follow_tray(std::string_view driver, SensorInfo& info, const SensorInfo& tray) {
  if (driver != "ipmi_dcmi" || !tray.id.starts_with("lenovo_xcc/")) return;
  info.boundary = tray.boundary;
  info.excludes = tray.excludes;
}

// The kernel's own counter of a graphics card whose vendor library is read: one board, under two names. The card's is
// its PCI address, which labels of the others end with.
bool is_second_name(const SensorInfo& info, const SensorInfo& other) {
  return info.part.domain == Domain::gpu && other.part.domain == Domain::gpu && info.part != other.part &&
         info.part.device.find(':') != std::string::npos && other.label.find(info.part.device) != std::string::npos;
}

// A driver that found no sensor may do so later, and so may one that reports a missing one. One that was refused access
// is not retried.
bool is_unfinished(const Driver& driver, const ProbeResult& probe) {
  const auto& diagnostics = probe.diagnostics;
  if (std::any_of(diagnostics.begin(), diagnostics.end(),
                  [](const Diagnostic& diagnostic) { return diagnostic.refused; }))
    return false;
  return driver.devices_come || probe.sensors.empty() ||
         std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& diagnostic) { return !diagnostic.sensor.empty(); });
}

void inventory_driver(const Driver& driver, Host& host, const Site& site, std::span<const SensorInfo> known,
                      SiteRules& rules, Inventory& inventory) {
  if (rules.forbids(driver.name)) return;
  ProbeResult probe = driver.probe(host, site);
  if (is_unfinished(driver, probe)) inventory.unfinished.push_back(&driver);
  for (auto& sensor : probe.sensors) {
    for (const SensorInfo& other : known) follow_tray(driver.name, sensor.info, other);
    for (const Sensor& other : inventory.sensors) follow_tray(driver.name, sensor.info, other.info);
    const auto is_second = [&](const SensorInfo& other) { return is_second_name(sensor.info, other); };
    if (std::any_of(known.begin(), known.end(), is_second) ||
        std::any_of(inventory.sensors.begin(), inventory.sensors.end(),
                    [&](const Sensor& other) { return is_second(other.info); }))
      continue;
    if (rules.apply(driver.name, sensor.info)) inventory.sensors.push_back(std::move(sensor));
  }
  for (auto& diagnostic : probe.diagnostics) inventory.diagnostics.push_back({driver.name, std::move(diagnostic)});
  for (auto& utilization : probe.utilizations)
    if (rules.allows(driver.name, utilization.info.id)) inventory.utilizations.push_back(std::move(utilization));
  for (auto& software : probe.software) inventory.software.push_back(std::move(software));
}
}  // namespace

Inventory make_inventory(Host& host, const Site& site, std::span<const Driver* const> some,
                         std::span<const SensorInfo> known) {
  Inventory inventory;
  SiteRules rules(site);
  for (const Driver* driver : some) inventory_driver(*driver, host, site, known, rules, inventory);
  const auto is_known = [&](const std::string& id) {
    return std::any_of(known.begin(), known.end(), [&](const SensorInfo& info) { return info.id == id; });
  };
  std::erase_if(inventory.sensors, [&](const Sensor& sensor) { return is_known(sensor.info.id); });
  return inventory;
}

Inventory make_inventory(Host& host, const Site& site) {
  Inventory inventory;
  SiteRules rules(site);
  for (const Driver& driver : drivers()) inventory_driver(driver, host, site, {}, rules, inventory);
  if (auto cpus = make_cpu_utilization(host); cpus && rules.allows("host", cpus->info.id))
    inventory.utilizations.push_back(std::move(*cpus));
  for (auto& diagnostic : rules.diagnostics()) inventory.diagnostics.push_back({"site", std::move(diagnostic)});
  return inventory;
}

Reader::Reader(Host& host, std::vector<Sensor> sensors) : host_(host) { add(std::move(sensors)); }

void Reader::await_buses(Nanos patience) {
  const Nanos until = host_.now() + patience;
  for (SampleSet sample_set; host_.now() < until; host_.sleep_until(host_.now() + kBusStep)) {
    read_all(sample_set);
    if (std::none_of(sample_set.begin(), sample_set.end(),
                     [](const Sample& sample) { return sample.status == Status::stale; }))
      return;
  }
}

void Reader::close(std::string_view ids) {
  for (std::size_t i = 0; i < infos_.size(); ++i)
    if (infos_[i].id.starts_with(ids)) sources_[i].reset();
}

void Reader::open(std::vector<Sensor> sensors) {
  for (Sensor& sensor : sensors)
    for (std::size_t i = 0; i < infos_.size(); ++i)
      if (infos_[i].id == sensor.info.id && !sources_[i]) sources_[i] = std::move(sensor.source);
}

void Reader::add(std::vector<Sensor> sensors) {
  for (auto& sensor : sensors) {
    infos_.push_back(std::move(sensor.info));
    sources_.push_back(std::move(sensor.source));
  }
}

void Reader::read_all(SampleSet& sample_set) noexcept {
  sample_set.resize(sources_.size());
  Nanos before = host_.now();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Reading reading = sources_[i] ? sources_[i]->read() : Reading::none(ErrorKind::absent);
    const Nanos after = host_.now();
    sample_set[i] = Sample{before, after, reading.device, reading.value, status_of(reading), reading.taken};
    before = after;
  }
}

}  // namespace nw
