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
// Lenovo's trays have no supplies of their own, and DCMI asks the same controller: its power is at the same place.
void follow_tray(std::string_view driver, Nameplate& plate, const std::vector<Sensor>& found) {
  if (driver != "ipmi_dcmi") return;
  for (const Sensor& tray : found) {
    if (!tray.plate.id.starts_with("lenovo_xcc/")) continue;
    plate.boundary = tray.plate.boundary;
    plate.lacks = tray.plate.lacks;
  }
}
}  // namespace

Survey make_survey(Host& host, const Site& site) {
  Survey survey;
  SiteRules rules(site);
  for (const Driver& driver : drivers()) {
    if (rules.forbids(driver.name)) continue;
    Probe probe = driver.probe(host, site);
    for (auto& sensor : probe.sensors) {
      follow_tray(driver.name, sensor.plate, survey.sensors);
      if (rules.apply(driver.name, sensor.plate)) survey.sensors.push_back(std::move(sensor));
    }
    for (auto& finding : probe.findings) survey.findings.push_back({driver.name, std::move(finding)});
    for (auto& activity : probe.activities)
      if (rules.allows(driver.name, activity.plate.id)) survey.activities.push_back(std::move(activity));
    for (auto& software : probe.software) survey.software.push_back(std::move(software));
  }
  if (auto cpus = make_cpu_activity(host); cpus && rules.allows("host", cpus->plate.id))
    survey.activities.push_back(std::move(*cpus));
  for (auto& finding : rules.findings()) survey.findings.push_back({"site", std::move(finding)});
  return survey;
}

Reader::Reader(Host& host, std::vector<Sensor> sensors) : host_(host) {
  for (auto& sensor : sensors) {
    plates_.push_back(std::move(sensor.plate));
    sources_.push_back(std::move(sensor.source));
  }
}

void Reader::await_buses(Nanos patience) {
  const Nanos until = host_.now() + patience;
  for (Sweep sweep; host_.now() < until; host_.sleep_until(host_.now() + kBusStep)) {
    read_all(sweep);
    if (std::none_of(sweep.begin(), sweep.end(), [](const Sample& sample) { return sample.status == Status::stale; }))
      return;
  }
}

void Reader::release(std::string_view ids) {
  for (std::size_t i = 0; i < plates_.size(); ++i)
    if (plates_[i].id.starts_with(ids)) sources_[i].reset();
}

void Reader::hold(std::vector<Sensor> sensors) {
  for (Sensor& sensor : sensors)
    for (std::size_t i = 0; i < plates_.size(); ++i)
      if (plates_[i].id == sensor.plate.id && !sources_[i]) sources_[i] = std::move(sensor.source);
}

void Reader::read_all(Sweep& sweep) noexcept {
  sweep.resize(sources_.size());
  Nanos before = host_.now();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Reading reading = sources_[i] ? sources_[i]->read() : Reading::none(ErrorKind::absent);
    const Nanos after = host_.now();
    sweep[i] = Sample{before, after, reading.device, reading.value, status_of(reading), reading.taken};
    before = after;
  }
}

}  // namespace nw
