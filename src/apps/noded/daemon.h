// Daemon: the node's sensors read once for everybody, and the books of it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "accounting/energy_accounting.h"
#include "apps/noded/metrics.h"
#include "apps/noded/metrics_server.h"
#include "apps/noded/request_handler.h"
#include "apps/noded/socket_server.h"
#include "apps/noded/watch.h"
#include "base/root.h"
#include "base/token_bucket.h"
#include "consumer/cgroup_scanner.h"
#include "sensor/monitor.h"
#include "sensor/search.h"
#include "store/checkpoint_file.h"
#include "store/deferred.h"

namespace nw::noded {

struct DaemonOptions {
  Root root;                              // below which sensors are
  std::string config;                     // the site file; "": the machine's own
  std::string cgroup = "/sys/fs/cgroup";  // always of this machine
  std::string slurmd;                     // of several slurmd on this machine, this one's jobs alone
  std::string cluster;
  std::string state = "/var/lib/nodewatt";
  std::string socket = kDaemonSocket;
  std::string metrics;  // ADDR:PORT; "": none
  std::string user;     // whom to become when all is opened; "": stay
  Nanos period = seconds(1);
  std::set<std::uint32_t> admins;
};

// What goes wrong at each tick is said once, and that it is over too.
class SaidOnce {
 public:
  void log(const std::string& what);
  void clear(const std::string& what);

 private:
  std::string said_;
};

class Daemon {
 public:
  // Finds the sensors, opens everything that needs rights, and gives those up. What an earlier process left is taken
  // on.
  static Result<std::unique_ptr<Daemon>> start(const DaemonOptions& options);

  // Until a signal ends it (SIGTERM, SIGINT).
  Done run();

 private:
  Daemon(const DaemonOptions& options, Site site);
  Done open();
  void resume();
  std::string keep_aside() const;
  void take_sampling_point(bool tick);
  void look_at_edge();
  void keep_ended();
  void adopt_found();
  void note_missing() const;
  void write_checkpoint(bool for_good);
  void look_at_devices();
  void set_gpus(bool held);
  void publish_metrics();
  std::vector<Answer> answer(const Peer& peer, const Request& request);
  Nanos period() const;

  DaemonOptions options_;
  std::shared_ptr<Host> host_;  // of the sensors
  std::unique_ptr<Host> jobs_;  // of cgroups and processes
  NodeMonitor node_;            // with the utilizations of accelerators alone
  SensorSearch search_;         // for sensors that come later
  CgroupScanner cgroup_scanner_;
  EnergyAccounting accounting_;
  std::string boot_id_;

  std::optional<CheckpointFile> checkpoint_file_;
  std::unique_ptr<DeferredStore> store_;
  std::optional<SocketServer> socket_server_;
  std::optional<MetricsServer> metrics_server_;
  PublishedMetrics published_metrics_;
  std::unique_ptr<RequestHandler> request_handler_;
  Watch watch_;
  Fd signals_;

  SampleSet sample_set_;
  CgroupSnapshot cgroups_;
  std::vector<UtilizationSample> utilization_samples_;
  Nanos last_sampling_point_{}, next_tick_{}, last_look_{}, last_kept_{}, last_published_{};
  TokenBucket edges_;
  bool edge_ = false;  // a job came or went since the last moment, or a hint was given
  bool gpus_held_ = true;
  SaidOnce unkept_, unwritten_;
};

}  // namespace nw::noded
