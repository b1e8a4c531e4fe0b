// nodewatt calibrate response: how the node's own sensor answers to a load that is known.
//
// All CPUs work and rest in turn, for times that are not alike, so that every window and delay that the sensor may have
// gives other readings. It is measured as a run is (RunAccounting), so that what is learned is what runs use; that is
// kept for them, and printed as rules for the site file.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "accounting/run_accounting.h"
#include "apps/cli/calibrate.h"
#include "apps/cli/child.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/idle_conditions.h"
#include "apps/cli/node_history.h"
#include "base/parse.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "report/chart.h"
#include "sensor/monitor.h"
#include "site/site_file.h"

#include <unistd.h>

namespace nw::cli {

namespace {
constexpr Nanos kStep = millis(100), kLook = seconds(1), kShortest = seconds(60), kUsual = seconds(150);
constexpr std::int64_t kWindows = 4;                     // the longest that the sensor may have, at least so many times
constexpr int kWorkAndRest[] = {20, 10, 6, 14, 30, 20};  // s of work, then of rest, and again
constexpr double kEnough = 3;                            // windows seen, before anything is printed

// Threads that work while they are told to, one a CPU.
class Load {
 public:
  Load() {
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
      threads_.emplace_back([this] { work(); });
  }
  ~Load() {
    ended_ = true;
    set(true);
    for (std::thread& thread : threads_) thread.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  void set(bool works) {
    works_ = works;
    works_.notify_all();
  }

 private:
  void work() {
    double value = 1;
    while (!ended_) {
      works_.wait(false);
      for (int i = 0; i < 100'000; ++i) value = value * 1.0000001 + 1e-9;
      sink_.store(value, std::memory_order_relaxed);
    }
  }

  std::atomic<bool> works_ = false, ended_ = false;
  std::atomic<double> sink_ = 0;
  std::vector<std::thread> threads_;
};

// Whether the load works at this time since the begin.
bool works_at(Nanos since) {
  double left = to_seconds(since);
  for (std::size_t i = 0;; ++i) {
    left -= kWorkAndRest[i % std::size(kWorkAndRest)];
    if (left < 0) return i % 2 == 0;
  }
}

void show_progress(double part, bool& shown) {
  if (::isatty(STDERR_FILENO) == 0) return;
  constexpr int kWidth = 40;
  const int full = static_cast<int>(part * kWidth);
  fmt::print(stderr, "\rcalibrate response [{:#<{}}{:.<{}}] {:3.0f} %", "", full, "", kWidth - full, part * 100);
  std::fflush(stderr);
  shown = true;
}

// False where it was told to end.
bool play(NodeMonitor& node, RunAccounting& accounting, const Signals& signals, Nanos length) {
  Host& host = node.host();
  const Nanos begin = host.now();
  accounting.begin(begin);
  Load load;
  bool told = false, shown = false;
  std::uint64_t phase = 0;
  bool worked = false;
  node.read_every(kStep, [&](const SampleSet& samples) {
    const Nanos now = host.now(), since = now - begin;
    const bool works = works_at(since);
    if (phase == 0 || works != worked) {
      if (phase > 0) accounting.add(ProgramEvent{ProgramEvent::Kind::end, now, phase, 1, 1, "", "", 0});
      accounting.add(ProgramEvent{ProgramEvent::Kind::begin, now, ++phase, 1, 1, works ? "work" : "rest", "", 0});
      load.set(works);
      worked = works;
    }
    accounting.add(samples);
    show_progress(std::min(to_seconds(since) / to_seconds(length), 1.0), shown);
    told = signals.take_pending().has_value();
    return !told && since < length;
  });
  if (shown) fmt::print(stderr, "\r{:70}\r", "");
  accounting.end(host.now());
  return !told;
}

std::string timing_words(const Timing& timing) {
  return timing.is_exact() ? fmt::format("{:g} s", to_seconds(timing.value))
                           : fmt::format("{:g} s, at most {:g} s", to_seconds(timing.value), to_seconds(timing.most));
}

std::string words_of(const NodeHistory& history, bool accelerators) {
  const NodeResponse& response = history.response;
  const NodeResponse::Filter& best = *response.best();
  std::string text =
      fmt::format("{}\n  a new value every  {:.2g} s\n  mean over          {}\n  shown after        {}\n",
                  history.sensor, response.renewal, timing_words(response.window()), timing_words(response.delay()));
  text += fmt::format("  the node's power   {:.3f} +- {:.3f} x processors and memory, ", best.state[0],
                      1.96 * std::sqrt(best.covariance[0]));
  if (accelerators)
    text += fmt::format("{:.3f} +- {:.3f} x accelerators, ", best.state[1], 1.96 * std::sqrt(best.covariance[3]));
  return text + fmt::format("{:.0f} +- {:.0f} W\n  which is wrong by  {:.1f} W (root mean square, of its readings)\n",
                            best.state[2], 1.96 * std::sqrt(best.covariance[5]), std::sqrt(response.error));
}

std::string rule_of(const NodeHistory& history, std::int64_t wall_ns) {
  const NodeResponse& response = history.response;
  return fmt::format("# The response of {0}, by nodewatt " NODEWATT_VERSION
                     "; for the site file.\n[sensors.\"{0}\"]\n"
                     "update_interval = \"{1:.2g}s\"\naveraging_window = \"{2:g}s\"\ndelay = \"{3:g}s\"\n"
                     "source = \"nodewatt calibrate response\"\ndate = \"{4}\"\n",
                     history.sensor, response.renewal, to_seconds(response.window().value),
                     to_seconds(response.delay().value), utc_text(wall_ns).substr(0, 10));
}

std::string why_busy(NodeMonitor& node) {
  Host& host = node.host();
  const auto first = read_cpu_ticks(host);
  host.sleep_until(host.now() + kLook);
  Conditions now = read_conditions(host);
  now.busy = busy_between(first, read_cpu_ticks(host));
  now.device = busy_device(node.utilizations());
  return why_not_idle(now);
}
}  // namespace

int calibrate_response(const CalibrateOptions& options) {
  auto length = parse_length(options.duration, kShortest, kUsual);
  if (!length) return error_exit(length.error().what, 2);
  const auto site = find_site(options.config, options.root);
  if (!site) return error_exit(site.error().what);
  const Signals signals;
  const auto host = make_real_host(options.root);
  NodeMonitor node(*host, *site);
  const auto& infos = node.infos();
  const auto slow = std::find_if(infos.begin(), infos.end(), [](const SensorInfo& info) {
    return info.part.domain == Domain::node && info.is_slow();
  });
  if (slow == infos.end()) return error_exit("this node has no slow sensor of its own: there is nothing to learn");
  if (options.duration.empty())
    length = std::max(*length, Nanos::of(kWindows * (slow->averaging_window.most + slow->delay.most).count()));
  if (const auto why = why_busy(node); !why.empty() && !options.force)
    return error_exit("this node is not idle: " + why + "; wait, or go on all the same with --force");

  RunAccounting accounting(infos, kStep);
  if (!play(node, accounting, signals, *length)) return error_exit("told to end: nothing was kept");

  // From here nothing touches hardware.
  const auto history = accounting.history();
  if (!history || history->response.readings < kEnough)
    return error_exit(
        "too little was learned: the sensor was read too seldom, or no fast parts are inside it (nodewatt sensors); a "
        "longer --duration may help");
  keep_history(accounting, *host);
  pb::Record record;
  accounting.write(record);
  const TextStyle style = style_for(STDERR_FILENO);
  const bool accelerators =
      std::any_of(infos.begin(), infos.end(), [](const SensorInfo& info) { return info.part.domain == Domain::gpu; });
  fmt::print(stderr, "{}\n{}\n", make_chart(record, style.width, style.utf8), words_of(*history, accelerators));
  const auto done = write_out(options.output, rule_of(*history, host->wall_ns()));
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
