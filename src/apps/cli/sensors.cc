// nodewatt sensors and doctor: what of this node can be read, how well, what cannot, why, and what mends it.
//
// Both watch every sensor for a moment, since a sensor that is present may still be dead: some virtual machines offer
// an energy counter that opens and always reads zero.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "apps/cli/command.h"
#include "apps/cli/house.h"
#include "apps/cli/site_file.h"
#include "energy/meter.h"
#include "report/number.h"
#include "report/sensors.h"
#include "sensor/reader.h"

namespace nw::cli {

namespace {
constexpr Nanos kFirstRound = seconds(3);
constexpr Nanos kGlance = millis(400), kWatch = millis(2300), kStep = millis(100);

struct Watched {
  std::vector<Meter> meters;
  std::vector<DriverFinding> findings;
};

Watched watch(const std::string& root, const Site& site, Nanos time) {
  const auto host = make_real_host(root);
  Survey survey = make_survey(*host, site);
  Reader reader(*host, std::move(survey.sensors));
  reader.await_buses(kFirstRound);
  Watched watched{{}, std::move(survey.findings)};
  for (const auto& plate : reader.plates()) watched.meters.emplace_back(plate, kStep);
  Sweep sweep;
  for (Nanos due = host->now(), end = due + time; due <= end; due += kStep) {
    host->sleep_until(due);
    reader.read_all(sweep);
    for (std::size_t i = 0; i < sweep.size(); ++i) watched.meters[i].add(sweep[i]);
  }
  for (Meter& meter : watched.meters) meter.close();
  return watched;
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
  for (const auto& [driver, finding] : watched.findings)
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
  const Sensors found = survey_lines(watch(options.root, *site, kWatch));
  return print(options.json ? make_sensors_json(found) : make_doctor_text(found, style_for(STDOUT_FILENO)));
}

}  // namespace nw::cli
