// nodewatt calibrate idle: what every sensor of this node reads while nothing runs, and under which conditions.
//
// The figure is the mean of ten equal intervals and its standard uncertainty their scatter, which includes slow drift
// that neighbouring readings do not show. A node that is not idle before and after is refused: a baseline that includes
// another job is worse than none.
#include "apps/cli/calibrate.h"

#include <array>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

#include "apps/cli/baseline.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/idle_conditions.h"
#include "base/parse.h"
#include "energy/meter.h"
#include "record/idle.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "sensor/monitor.h"
#include "sensor/utilization.h"
#include "site/site_file.h"
#include "store/paths.h"

namespace nw::cli {

namespace {
constexpr Nanos kUtilizationSample = seconds(1), kStep = millis(100);
constexpr int kIntervals = kBaselineIntervals;

pb::Node read_node(Host& host) {
  pb::Node node;
  write_node(host, node);
  return node;
}

struct Idle {
  std::string id;
  double watts = 0, error = 0;
};

// For each sensor that was read in every interval.
std::vector<Idle> measure(NodeMonitor& node, Nanos length) {
  Host& host = node.host();
  std::vector<Meter> meters;
  for (const SensorInfo& info : node.infos()) meters.emplace_back(info, kStep);
  std::vector<std::vector<double>> means(meters.size());
  std::vector<CumulativeEnergy> last(meters.size());
  const Nanos begin = host.now();
  Nanos from = begin;
  for (int interval = -1; interval < kIntervals; ++interval) {
    const Nanos end = begin + Nanos::of(length.count() / kIntervals * (interval + 1));
    node.read_every(kStep, [&](const SampleSet& samples) {
      for (std::size_t i = 0; i < meters.size(); ++i) meters[i].add(samples[i]);
      return host.now() < end;
    });
    const Nanos now = host.now();
    for (std::size_t i = 0; i < meters.size(); ++i) {
      const CumulativeEnergy cumulative = meters[i].at(now);
      if (interval >= 0 && cumulative.covered > last[i].covered)
        means[i].push_back(to_joules(cumulative.energy - last[i].energy) / to_seconds(now - from));
      last[i] = cumulative;
    }
    from = now;
  }
  std::vector<Idle> all;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const auto count = static_cast<double>(means[i].size());
    if (means[i].size() < kIntervals || meters[i].unresponsive() || meters[i].info().provenance != Provenance::measured)
      continue;
    Idle one{meters[i].info().id, 0, 0};
    for (const double watts : means[i]) one.watts += watts / count;
    for (const double watts : means[i]) one.error += (watts - one.watts) * (watts - one.watts);
    one.watts -= to_watts(meters[i].info().bias);  // as from every figure of a run
    one.error = std::sqrt(one.error / (count - 1) / count);
    all.push_back(std::move(one));
  }
  return all;
}

std::string make_snippet(Host& host, const Conditions& now, Nanos length, const std::vector<Idle>& found) {
  const pb::Node node = read_node(host);
  std::string text =
      fmt::format("# Idle power of {}, by nodewatt " NODEWATT_VERSION "; for the site file.\n[baseline]\n",
                  node.host().empty() ? "this node" : node.host());
  text += fmt::format("date = \"{}\"\nduration = \"{:g}s\"\n", utc_text(host.wall_ns()), to_seconds(length));
  if (node.host().find_first_of("\"\\") == std::string::npos && !node.host().empty())  // otherwise not a host name
    text += fmt::format("host = \"{}\"\n", node.host());
  if (!node.kernel().empty()) text += fmt::format("kernel = \"{}\"\n", node.kernel());
  if (now.load) text += fmt::format("load_average = {:.2f}\n", *now.load);
  if (now.busy) text += fmt::format("cpu_busy = {:.4f}\n", *now.busy);
  if (now.processes) text += fmt::format("processes = {}\n", *now.processes);
  if (now.temperature_c) text += fmt::format("temperature_c = {:.1f}\n", *now.temperature_c);
  for (const Idle& one : found)
    text += fmt::format("\n[baseline.sensors.\"{}\"]\npower_w = {:.4f}\nstandard_error_w = {:.4f}\n", one.id, one.watts,
                        one.error);
  return text;
}

Done keep(const std::string& host, const std::string& text) {
  NW_CHECK(make_private_dir(NW_TRY(data_dir())));
  return write_out(NW_TRY(baseline_path(host)), text);
}
}  // namespace

Result<Nanos> parse_length(const std::string& text, Nanos least, Nanos usual) {
  if (text.empty()) return usual;
  const auto ns = parse_duration_ns(text);
  if (!ns || *ns < least.count())
    return fail(ErrorKind::malformed,
                fmt::format("--duration {}: not a duration of {:g}s or more", quote(text), to_seconds(least)));
  return Nanos::of(*ns);
}

std::string utc_text(std::int64_t wall_ns) {
  const std::time_t now = static_cast<std::time_t>(wall_ns / kNanosPerSecond);
  std::tm utc{};
  std::array<char, 32> text{};
  if (::gmtime_r(&now, &utc) == nullptr || std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
    return "1970-01-01T00:00:00Z";
  return text.data();
}

int calibrate_idle(const CalibrateOptions& options) {
  const auto length = parse_length(options.duration, seconds(1));
  if (!length) return error_exit(length.error().what, 2);
  const auto site = find_site(options.config, options.root);
  if (!site) return error_exit(site.error().what);
  const auto host = make_real_host(options.root);
  NodeMonitor node(*host, *site);
  const auto first = read_cpu_ticks(*host);
  host->sleep_until(host->now() + kUtilizationSample);
  Conditions now = read_conditions(*host);
  const auto start = read_cpu_ticks(*host);
  now.busy = busy_between(first, start);
  now.device = busy_device(node.utilizations());
  if (const auto why = why_not_idle(now); !why.empty() && !options.force)
    return error_exit("this node is not idle: " + why + "; wait, or measure all the same with --force");

  const auto found = measure(node, *length);
  now.busy = busy_between(start, read_cpu_ticks(*host));
  now.device = busy_device(node.utilizations());
  if (const auto why = why_not_idle(now); !why.empty() && !options.force)
    return error_exit("this node did not stay idle: " + why + "; nothing was kept");
  if (found.empty()) return error_exit("no sensor of this node was measured: nodewatt doctor says why");

  // From here nothing touches hardware.
  const std::string text = make_snippet(*host, now, *length, found);
  if (const auto done = keep(read_node(*host).host(), text); !done)
    error_exit("the baseline was not kept: " + done.error().what);
  const auto done = write_out(options.output, text);
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
