// nodewatt sensors and doctor: what of this node can be read, how well, what cannot, why, and what mends it.
//
// Both watch every sensor for a moment, since a sensor that is present may still be dead: some virtual machines offer
// an energy counter that opens and always reads zero.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/power_limit_note.h"
#include "base/parse.h"
#include "energy/meter.h"
#include "record/record.h"
#include "report/number.h"
#include "report/sensors.h"
#include "sensor/reader.h"
#include "site/site_file.h"

namespace nw::cli {

namespace {
constexpr Nanos kFirstRound = seconds(3);
constexpr Nanos kGlance = millis(400), kWatch = millis(2300), kStep = millis(100);

struct Watched {
  std::vector<Meter> meters;
  Survey survey;  // less what is read
  std::vector<ActivityPlate> activities;
  std::vector<Glance> first, last;
  pb::Record machine;
};

Watched watch(const std::string& root, const Site& site, Nanos time) {
  const auto host = make_real_host(root);
  Survey survey = make_survey(*host, site);
  Reader reader(*host, std::move(survey.sensors));
  ActivityReader activities(*host, std::move(survey.activities));
  reader.await_buses(kFirstRound);
  Watched watched;
  watched.survey = std::move(survey);
  watched.activities = activities.plates();
  write_node(*host, *watched.machine.mutable_node());
  write_software(*host, watched.survey.software, watched.machine);
  activities.read_all(watched.first);
  for (const auto& plate : reader.plates()) watched.meters.emplace_back(plate, kStep);
  Sweep sweep;
  for (Nanos due = host->now(), end = due + time; due <= end; due += kStep) {
    host->sleep_until(due);
    reader.read_all(sweep);
    for (std::size_t i = 0; i < sweep.size(); ++i) watched.meters[i].add(sweep[i]);
  }
  activities.read_all(watched.last);
  for (Meter& meter : watched.meters) meter.close();
  return watched;
}

ActivityLine line_of(const ActivityPlate& plate, const Glance& first, const Glance& last) {
  ActivityLine line{plate.id, plate.source, {}};
  line.device.set_domain(std::string(name(plate.part.domain)));
  line.device.set_device(valid_utf8(plate.part.device));
  line.device.set_label(valid_utf8(plate.label));
  if (const auto share = share_between(plate, first, last)) line.device.set_busy(*share);
  if (last.processes.ok) line.device.set_processes(static_cast<std::uint32_t>(last.processes.value));
  if (plate.power_limit) line.device.set_power_limit_uw(plate.power_limit->count());
  return line;
}

SensorLine line_of(const Meter& meter) {
  const Nameplate& plate = meter.plate();
  SensorLine line;
  line.id = plate.id;
  line.source = plate.source;
  line.domain = std::string(name(plate.part.domain));
  line.device = plate.part.device;
  line.label = plate.label;
  line.kind = std::string(name(plate.how));
  line.boundary = std::string(name(plate.boundary));
  line.counter = plate.kind == SensorKind::counter;
  line.refresh_s = to_seconds(plate.refresh);
  line.gain = plate.gain.relative;
  line.gain_basis = plate.gain.basis;
  line.access = plate.access;
  line.state = meter.dead() ? "dead" : meter.alive() ? "ok" : "silent";
  if (const auto power = meter.max_power(); power && meter.alive()) line.power_w = to_watts(*power);
  return line;
}

Sensors survey_lines(const Watched& watched) {
  Sensors sensors;
  for (const Meter& meter : watched.meters) sensors.lines.push_back(line_of(meter));
  for (std::size_t i = 0; i < watched.activities.size(); ++i)
    sensors.activities.push_back(line_of(watched.activities[i], watched.first[i], watched.last[i]));
  sensors.software = {watched.machine.software().begin(), watched.machine.software().end()};
  for (const auto& [driver, finding] : watched.survey.findings)
    sensors.findings.push_back({std::string(driver), finding.where, finding.what, finding.repair});
  return sensors;
}

int print(const std::string& text) {
  const auto done = write_out("", text);
  return done ? 0 : complain(done.error());
}
}  // namespace

int sensors(const SensorsOptions& options) {
  const auto site = find_site(options.config, options.root);
  if (!site) return complain(site.error().what);
  const Sensors found = survey_lines(watch(options.root, *site, kGlance));
  return print(options.json ? make_sensors_json(found) : make_sensors_text(found, style_for(STDOUT_FILENO)));
}

int doctor(const SensorsOptions& options) {
  const auto site = find_site(options.config, options.root);
  if (!site) return complain(site.error().what);
  if (const std::string left = restore_left_limits(options.root); !left.empty()) complain(left);
  const Sensors found = survey_lines(watch(options.root, *site, kWatch));
  return print(options.json ? make_sensors_json(found) : make_doctor_text(found, style_for(STDOUT_FILENO)));
}

}  // namespace nw::cli
