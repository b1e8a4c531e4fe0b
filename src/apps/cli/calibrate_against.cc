// nodewatt calibrate against: compares a sensor of this node, or of a tape, with a reference meter's readings of the
// same time.
//
// The sensor is read without the site file's factor and bias, since the resulting rule replaces them. Its monotonic
// times are converted to wall times by one reading of both clocks; the calibration finds the remaining clock difference
// itself.
#include <algorithm>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "apps/cli/calibrate.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "base/host_tape.h"
#include "base/parse.h"
#include "base/wall_time.h"
#include "energy/calibration.h"
#include "energy/meter.h"
#include "sensor/monitor.h"
#include "site/site_file.h"

namespace nw::cli {

namespace {
constexpr Nanos kStep = millis(100);
constexpr Nanos kFirstRound = seconds(3);
constexpr std::string_view kSensorPrefix = "sensor:";
constexpr double kHalfOf95 = 1.96;  // half the 95 % interval over the standard uncertainty
constexpr std::size_t kMostReadings = 10'000'000, kLongestLine = 4096;

// Lines of time and watts; a first line of words is a heading.
Result<std::vector<PowerReading>> read_reference(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorKind::absent, path + ": cannot be read");
  std::vector<PowerReading> readings;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const auto text = trim(line);
    if (text.empty() || text[0] == '#') continue;
    const auto words = split(text, ',');
    const auto stamp = trim(words[0]);
    const auto plain = parse_double(stamp);
    const auto moment = plain ? std::nullopt : parse_wall_ns(stamp);
    const auto at = moment ? std::optional(static_cast<double>(*moment) * 1e-9) : plain;
    const auto watts = words.size() > 1 ? parse_double(words[1]) : std::nullopt;
    if (at && watts && readings.size() < kMostReadings)
      readings.push_back({*at, *watts});
    else if (number > 1 || line.size() > kLongestLine)
      return fail(ErrorKind::malformed, fmt::format("{}:{}: not a time and watts: {}", path, number, quote(text)));
  }
  return readings;
}

// The sensor with this id, with the site's factor and bias or without.
Result<Sensor> find_sensor(Host& host, Site site, const std::string& id, bool as_calibrated) {
  for (SensorRule& rule : site.rules) {
    rule.use.reset();
    if (!as_calibrated) rule.factor.reset(), rule.bias.reset();
  }
  Inventory inventory = make_inventory(host, site);
  const auto found = std::find_if(inventory.sensors.begin(), inventory.sensors.end(),
                                  [&](const Sensor& sensor) { return sensor.source && sensor.info.id == id; });
  if (found == inventory.sensors.end())
    return fail(ErrorKind::absent, fmt::format("no sensor {}; nodewatt sensors --json lists their ids", quote(id, 80)));
  return std::move(*found);
}

// The energies of these sensors on the wall clock, until `length` or the end of the tape. The first is the one to be
// calibrated, and is read uncorrected; a second is the reference, and is read with the site's calibration.
Result<std::vector<std::vector<EnergyPoint>>> read_sensors(Host& host, const Site& site,
                                                           const std::vector<std::string>& ids, Nanos length,
                                                           bool live) {
  std::vector<Sensor> sensors;
  for (const std::string& id : ids) sensors.push_back(NW_TRY(find_sensor(host, site, id, !sensors.empty())));
  NodeMonitor node(host, std::move(sensors));
  if (live) node.reader().await_buses(kFirstRound);
  std::vector<Meter> meters;
  for (const SensorInfo& info : node.infos()) meters.emplace_back(info, kStep);
  const double wall = static_cast<double>(host.wall_ns()) * 1e-9 - to_seconds(host.now());
  std::vector<std::vector<EnergyPoint>> points(meters.size());
  const Nanos end = host.now() + length;
  node.read_every(kStep, [&](const SampleSet& samples) {
    for (std::size_t i = 0; i < meters.size(); ++i) {
      meters[i].add(samples[i]);
      if (samples[i].status != Status::ok) continue;
      const double at = wall + to_seconds(samples[i].at());
      if (points[i].empty() || at > points[i].back().at)
        points[i].push_back({at, to_joules(meters[i].at(samples[i].at()).energy)});
    }
    return host.now() < end;
  });
  return points;
}

std::string make_rule(const CalibrateOptions& options, const Calibration& found, std::int64_t wall_ns) {
  const double tolerance = std::hypot(found.relative(), options.reference_uncertainty);
  const bool is_sensor = options.reference.starts_with(kSensorPrefix);
  const std::string file =
      options.reference.substr(is_sensor ? kSensorPrefix.size() : options.reference.rfind('/') + 1);
  std::string text = fmt::format(
      "# {} windows of {:.3g} s, {:.4g} to {:.4g} W; reading = gain x truth + offset:\n"
      "# gain {:.5f} +- {:.5f}, offset {:.3f} W +- {:.3f} W (half the 95 % interval each), residuals {:.3g} W rms;\n"
      "# the reference's clock was ahead by {:.2f} s +- {:.2f} s.\n",
      found.windows, found.window_s, found.least_w, found.most_w, found.gain, kHalfOf95 * found.u_gain, found.offset_w,
      kHalfOf95 * found.u_offset_w, found.residual_rms_w, found.clock_s, kHalfOf95 * found.u_clock_s);
  if (options.reference_uncertainty == 0)
    text += "# The reference's own uncertainty is not in the tolerance: --reference-uncertainty puts it in.\n";
  std::string source;
  for (const char c : file) source += c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return text + fmt::format(
                    "[sensors.\"{}\"]\nfactor = {:.6f}\nbias_w = {:.3f}\ntolerance = {:.5f}\ntolerance_shape = "
                    "\"sigma\"\nsource = \"calibrated against {}\"\ndate = \"{}\"\n",
                    options.sensor, found.gain, found.bias_w(), tolerance, source, utc_text(wall_ns).substr(0, 10));
}
}  // namespace

int calibrate_against(const CalibrateOptions& options) {
  const auto length = parse_length(options.duration, seconds(10));
  if (!length) return error_exit(length.error().what, 2);
  const auto site = find_site(options.config, options.root, options.tape.empty());
  if (!site) return error_exit(site.error().what);
  std::unique_ptr<Host> host;
  Nanos time = *length;
  if (options.tape.empty()) {
    host = make_real_host(options.root);
  } else {
    auto tape = read_tape(options.tape);
    if (!tape) return error_exit(tape.error());
    host = std::make_unique<TapedHost>(std::move(*tape));
    time = seconds(1'000'000'000);
  }
  // The reference is a file, or another sensor of this node: a PDU outlet.
  const bool is_sensor = options.reference.starts_with(kSensorPrefix);
  std::vector<std::string> ids{options.sensor};
  if (is_sensor) ids.push_back(options.reference.substr(kSensorPrefix.size()));
  if (is_sensor && ids[0] == ids[1]) return error_exit(ids[0] + ": a sensor is no reference for itself", 2);
  auto sensors = read_sensors(*host, *site, ids, time, options.tape.empty());
  if (!sensors) return error_exit(sensors.error());
  const auto readings = is_sensor ? Result<std::vector<PowerReading>>() : read_reference(options.reference);
  if (!readings) return error_exit(readings.error());

  // From here nothing touches hardware.
  const auto found = compute_calibration(is_sensor ? (*sensors)[1] : integrate(*readings), (*sensors)[0]);
  if (!found) return error_exit(found.error().what);
  const auto done = write_out(options.output, make_rule(options, *found, host->wall_ns()));
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
