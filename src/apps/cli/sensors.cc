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
constexpr Nanos kUtilizationSample = millis(400), kWatch = millis(2300), kStep = millis(100);

struct Watched {
  std::vector<Meter> meters;
  Inventory inventory;  // less what is read
  std::vector<UtilizationInfo> utilizations;
  std::vector<UtilizationSample> first, last;
  pb::Record machine;
};

Watched watch(const std::string& root, const Site& site, Nanos time) {
  const auto host = make_real_host(root);
  Inventory inventory = make_inventory(*host, site);
  Reader reader(*host, std::move(inventory.sensors));
  UtilizationReader utilizations(*host, std::move(inventory.utilizations));
  reader.await_buses(kFirstRound);
  Watched watched;
  watched.inventory = std::move(inventory);
  watched.utilizations = utilizations.infos();
  write_node(*host, *watched.machine.mutable_node());
  write_software(*host, watched.inventory.software, watched.machine);
  utilizations.read_all(watched.first);
  for (const auto& info : reader.infos()) watched.meters.emplace_back(info, kStep);
  SampleSet sample_set;
  for (Nanos due = host->now(), end = due + time; due <= end; due += kStep) {
    host->sleep_until(due);
    reader.read_all(sample_set);
    for (std::size_t i = 0; i < sample_set.size(); ++i) watched.meters[i].add(sample_set[i]);
  }
  utilizations.read_all(watched.last);
  for (Meter& meter : watched.meters) meter.close();
  return watched;
}

UtilizationLine line_of(const UtilizationInfo& info, const UtilizationSample& first, const UtilizationSample& last) {
  UtilizationLine line{info.id, info.source, {}};
  line.device.set_domain(std::string(name(info.part.domain)));
  line.device.set_device(valid_utf8(info.part.device));
  line.device.set_label(valid_utf8(info.label));
  if (const auto share = share_between(info, first, last)) line.device.set_busy(*share);
  if (last.processes.ok) line.device.set_processes(static_cast<std::uint32_t>(last.processes.value));
  if (info.power_limit) line.device.set_power_limit_uw(info.power_limit->count());
  return line;
}

SensorLine line_of(const Meter& meter) {
  const SensorInfo& info = meter.info();
  SensorLine line;
  line.id = info.id;
  line.source = info.source;
  line.domain = std::string(name(info.part.domain));
  line.device = info.part.device;
  line.label = info.label;
  line.kind = std::string(name(info.provenance));
  line.boundary = std::string(name(info.boundary));
  line.counter = info.kind == SensorKind::counter;
  line.update_interval_s = to_seconds(info.update_interval);
  line.scale_tolerance = info.scale_tolerance.relative;
  line.gain_basis = info.scale_tolerance.basis;
  line.access = info.access;
  line.state = meter.unresponsive() ? "dead" : meter.responsive() ? "ok" : "silent";
  if (const auto power = meter.max_power(); power && meter.responsive()) line.power_w = to_watts(*power);
  return line;
}

Sensors inventory_lines(const Watched& watched) {
  Sensors sensors;
  for (const Meter& meter : watched.meters) sensors.lines.push_back(line_of(meter));
  for (std::size_t i = 0; i < watched.utilizations.size(); ++i)
    sensors.utilizations.push_back(line_of(watched.utilizations[i], watched.first[i], watched.last[i]));
  sensors.software = {watched.machine.software().begin(), watched.machine.software().end()};
  for (const auto& [driver, diagnostic] : watched.inventory.diagnostics)
    sensors.diagnostics.push_back({std::string(driver), diagnostic.where, diagnostic.what, diagnostic.repair});
  return sensors;
}

int print(const std::string& output, const std::string& text) {
  const auto done = write_out(output, text);
  return done ? 0 : error_exit(done.error());
}
}  // namespace

int sensors(const SensorsOptions& options) {
  const auto site = find_site(options.config, options.root);
  if (!site) return error_exit(site.error().what);
  const Sensors found = inventory_lines(watch(options.root, *site, kUtilizationSample));
  return print(options.output,
               options.json ? make_sensors_json(found) : make_sensors_text(found, style_for(STDOUT_FILENO)));
}

int doctor(const SensorsOptions& options) {
  const auto site = find_site(options.config, options.root);
  if (!site) return error_exit(site.error().what);
  if (const std::string left = restore_left_limits(options.root); !left.empty()) error_exit(left);
  const Sensors found = inventory_lines(watch(options.root, *site, kWatch));
  return print(options.output,
               options.json ? make_sensors_json(found) : make_doctor_text(found, style_for(STDOUT_FILENO)));
}

}  // namespace nw::cli
