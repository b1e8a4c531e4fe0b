// `nodewatt-sim live`: simulates a machine in real time below DIR.
//
//   DIR/root    the tree (file_tree.h, live_view.h), with the stand-ins for vendors' libraries in their usual folder
//   DIR/start   CLOCK_MONOTONIC at scenario time 0, in nanoseconds: how `truth --dir DIR --between` knows where it is
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "sim/commands.h"
#include "sim/live/file_tree.h"
#include "sim/live/live_view.h"

namespace nw::sim {

namespace {
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void stop_at_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop = true; };
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

struct LiveOptions {
  std::shared_ptr<Choice> choice;
  std::string dir;
  bool honest = false;
};

// The stand-in libraries built with this program: bin/nodewatt-sim and lib/sim/, in the build and when installed.
std::map<std::string, std::string> libraries(const View& view) {
  std::map<std::string, std::string> passed;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
#ifdef __aarch64__
  const std::string folder = "/usr/lib/aarch64-linux-gnu/";
#else
  const std::string folder = "/usr/lib/x86_64-linux-gnu/";
#endif
  const auto built = self.parent_path().parent_path() / "lib/sim";
  const auto pass = [&](const char* family, const char* file, const std::string& path) {
    if (view.files.contains(fmt::format("/{}/count", family)) && std::filesystem::exists(built / file, error))
      passed[path] = built / file;
  };
  for (const char* name : {"libnvidia-ml.so.1", "libnvidia-ml.so"}) pass("nvml", "libnvidia-ml.so.1", folder + name);
  pass("nvml", "nvidia-smi", "/usr/bin/nvidia-smi");
  pass("rocm", "libamd_smi.so", folder + "libamd_smi.so");
  return passed;
}

Done write_start(const std::string& dir, Nanos start) {
  return replace_file(dir + "/start", fmt::format("{}\n", start.count()));
}

Nanos now_by(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return seconds(now.tv_sec) + Nanos::of(now.tv_nsec);
}

Done play(const LiveOptions& options) {
  stop_at_signals();
  std::error_code error;
  const std::string root = options.dir + "/root";
  std::filesystem::create_directories(root, error);
  if (error && error != std::errc::not_connected) return fail(ErrorKind::failed, root + ": " + error.message());
  const Nanos start = monotonic_now();
  const std::int64_t wall = now_by(CLOCK_REALTIME).count();
  const Machine machine = NW_TRY(make_machine(*options.choice, [&](Scenario& scenario) {
    scenario.wall_ns = wall;
    if (options.honest) make_honest(scenario);
  }));
  // The host's own uptime, so that processes of this host are as old in the node as they are.
  View view = make_live_view(machine, now_by(CLOCK_BOOTTIME));
  auto passed = libraries(view);
  const auto tree = NW_TRY(mount_tree({std::move(view), std::move(passed), start}, root));
  NW_CHECK(write_start(options.dir, start));
  std::puts("ready");
  std::fflush(stdout);
  return tree->serve(start + machine.end(), stop);
}
}  // namespace

void declare_live(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("live", "simulates the node in real time: its files below DIR/root");
  auto options = std::make_shared<LiveOptions>();
  options->choice = add_choice(*command);
  command->add_option("--dir", options->dir, "where; DIR/root is mounted, DIR/start says when time 0 was")->required();
  command->add_flag("--honest", options->honest, "sensors without gain errors, offsets and noise of their own");
  command->callback([options, &exit_code] {
    const Done done = play(*options);
    exit_code = done ? 0 : error_exit(done.error());
  });
}

}  // namespace nw::sim
