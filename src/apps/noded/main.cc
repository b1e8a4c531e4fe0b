// nodewattd: the node daemon. Only its options are here; the rest is daemon.cc.
#include <cstdio>
#include <exception>

#include <google/protobuf/stubs/logging.h>
#include <CLI/CLI.hpp>

#include "apps/noded/daemon.h"
#include "base/parse.h"
#include "base/visible.h"

namespace {
using namespace nw;

int error_exit(const std::string& what, int code) {
  std::fprintf(stderr, "nodewattd: %s\n", visible(what).c_str());
  return code;
}

void declare(CLI::App& app, noded::DaemonOptions& options, std::string& period, std::vector<std::uint32_t>& admins) {
  app.set_version_flag("--version", "nodewattd " NODEWATT_VERSION);
  app.add_option("--config", options.config, "the site file")->type_name("FILE");
  app.add_option("--state", options.state, "where checkpoint and records are kept")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--socket", options.socket, "where users ask")->capture_default_str()->type_name("PATH");
  app.add_option("--metrics", options.metrics, "serve OpenMetrics there: 127.0.0.1:9753, [::1]:9753")
      ->type_name("ADDR:PORT");
  app.add_option("--period", period, "between two readings of all sensors")->capture_default_str()->type_name("T");
  app.add_option("--user", options.user, "become this user when everything is open")->type_name("NAME");
  app.add_option("--admin", admins, "uid that sees all jobs and may send events, beside root and the daemon's own")
      ->type_name("UID");
  app.add_option("--cluster", options.cluster, "its name, for jobs whose prolog does not say it")->type_name("NAME");
  app.add_option("--slurmd", options.slurmd, "where several slurmd share this machine: the node whose jobs to measure")
      ->type_name("NODE");
  app.add_option("--root", options.root.path, "read the sensors of the machine below this folder")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_flag("--root-libraries", options.root.runs_libraries,
               "open the vendor libraries in that folder too: this runs their code");
  app.add_option("--cgroup", options.cgroup, "where cgroups are mounted")->capture_default_str()->type_name("DIR");
}
}  // namespace

int main(int argc, char** argv) {
  google::protobuf::SetLogHandler(nullptr);  // we report faults in the checkpoint ourselves
  CLI::App app(
      "nodewattd reads the energy sensors of a node once for everybody, and attributes it to Slurm's jobs and steps.");
  noded::DaemonOptions options;
  std::string period = "1s";
  std::vector<std::uint32_t> admins;
  declare(app, options, period, admins);
  try {
    app.parse(argc, argv);
    options.admins.insert(admins.begin(), admins.end());
    const auto ns = parse_duration_ns(period);
    if (!ns || *ns < millis(100).count() || *ns > seconds(60).count())
      return error_exit("--period " + period + ": not a duration of 100ms to 60s", 2);
    options.period = Nanos::of(*ns);
    const auto daemon = noded::Daemon::start(options);
    if (!daemon) return error_exit(daemon.error().what, 1);
    const Done done = (*daemon)->run();
    return done ? 0 : error_exit(done.error().what, 1);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error)
                                      : error_exit(std::string(error.what()) + "; see nodewattd --help", 2);
  } catch (const std::exception& foreign) {  // out of memory or threads
    return error_exit(foreign.what(), 1);
  }
}
