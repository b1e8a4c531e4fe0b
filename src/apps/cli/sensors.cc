// nodewatt sensors and doctor: which sensors of this node can be read, how well, which cannot, why, and how to fix it.
//
// Both watch every sensor for a moment, since a sensor that is present may still be dead: some virtual machines offer
// an energy counter that opens and always reads zero. A sensor with a long update interval (a BMC is polled every 5 s)
// is watched for two of them, as long as that is acceptable to a waiting user; after that its state is "no new value
// yet".
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
#include "record/record.pb.h"
#include "report/number.h"
#include "report/sensors.h"
#include "sensor/monitor.h"
#include "site/site_file.h"

namespace nw::cli {

namespace {
constexpr Nanos kFirstRound = seconds(3);
constexpr Nanos kUtilizationSample = millis(400), kWatch = millis(2300), kStep = millis(100);
constexpr Nanos kLongestUtilizationSample = seconds(12), kLongestWatch = seconds(30);

struct Patience {
  Nanos least, most;
};

struct Watched {
  std::vector<Meter> meters;
  std::vector<DriverDiagnostic> diagnostics;
  std::vector<UtilizationInfo> utilizations;
  std::vector<UtilizationSample> first, last;
  pb::Record machine;
  Nanos time{};  // how long it was
};

// How long to watch: two updates of the slowest sensor that has shown nothing so far, and a little more to see the
// second.
Nanos find_time(const std::vector<Meter>& meters, Patience patience) {
  Nanos time = patience.least;
  for (const Meter& meter : meters) {
    const Nanos update_interval = meter.info().update_interval.value;
    if (!meter.responsive() && !meter.unresponsive()) time = std::max(time, update_interval + update_interval + kStep);
  }
  return std::min(time, patience.most);
}

// On a terminal, shows what it is waiting for.
class WaitLine {
 public:
  void show(const std::vector<Meter>& meters, Nanos left) {
    if (::isatty(STDERR_FILENO) == 0 || left < seconds(1)) return;
    std::size_t waiting = 0;
    for (const Meter& meter : meters) waiting += !meter.responsive() && !meter.unresponsive();
    if (waiting == 0) return;
    std::fprintf(stderr, "\r\x1b[Kwaiting for a new value of %zu sensor%s, at most %d s", waiting,
                 waiting > 1 ? "s" : "", static_cast<int>(to_seconds(left)));
    std::fflush(stderr);
    shown_ = true;
  }
  ~WaitLine() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  bool shown_ = false;
};

Watched watch(const Root& root, const Site& site, Patience patience) {
  const auto host = make_real_host(root);
  NodeMonitor node(*host, site);
  node.reader().await_buses(kFirstRound);
  Watched watched;
  watched.diagnostics = node.inventory().diagnostics;
  watched.utilizations = node.utilization_infos();
  describe_node(node, watched.machine);
  node.utilizations().read_all(watched.first);
  for (const auto& info : node.infos()) watched.meters.emplace_back(info, kStep);
  WaitLine line;
  const Nanos begin = host->now();
  node.read_every(kStep, [&](const SampleSet& samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) watched.meters[i].add(samples[i]);
    const Nanos now = host->now(), until = begin + find_time(watched.meters, patience);
    if (now > begin + patience.least) line.show(watched.meters, until - now);
    return now + kStep <= until;
  });
  watched.time = host->now() - begin;
  node.utilizations().read_all(watched.last);
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

SensorLine line_of(const Meter& meter, Nanos watched) {
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
  line.update_interval_s = to_seconds(info.update_interval.value);
  line.scale_tolerance = info.scale_tolerance.relative;
  line.gain_basis = info.scale_tolerance.basis;
  line.access = info.access;
  line.watched_s = to_seconds(watched);
  line.state = meter.unresponsive() ? "dead" : meter.responsive() ? "ok" : "silent";
  if (const auto power = meter.max_power(); power && meter.responsive()) line.power_w = to_watts(*power);
  return line;
}

Sensors inventory_lines(const Watched& watched) {
  Sensors sensors;
  for (const Meter& meter : watched.meters) sensors.lines.push_back(line_of(meter, watched.time));
  for (std::size_t i = 0; i < watched.utilizations.size(); ++i)
    sensors.utilizations.push_back(line_of(watched.utilizations[i], watched.first[i], watched.last[i]));
  sensors.software = {watched.machine.software().begin(), watched.machine.software().end()};
  for (const auto& [driver, diagnostic] : watched.diagnostics)
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
  const Sensors found = inventory_lines(watch(options.root, *site, {kUtilizationSample, kLongestUtilizationSample}));
  return print(options.output,
               options.json ? make_sensors_json(found) : make_sensors_text(found, style_for(STDOUT_FILENO)));
}

int doctor(const SensorsOptions& options) {
  const auto site = find_site(options.config, options.root);
  if (!site) return error_exit(site.error().what);
  if (const std::string left = restore_left_limits(options.root); !left.empty()) error_exit(left);
  const Sensors found = inventory_lines(watch(options.root, *site, {kWatch, kLongestWatch}));
  return print(options.output,
               options.json ? make_sensors_json(found) : make_doctor_text(found, style_for(STDOUT_FILENO)));
}

}  // namespace nw::cli
