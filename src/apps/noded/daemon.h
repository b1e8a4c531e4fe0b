// Daemon: reads the node's sensors once for all clients, and keeps the node's energy accounting.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "accounting/energy_accounting.h"
#include "apps/noded/metrics.h"
#include "apps/noded/metrics_server.h"
#include "apps/noded/programs.h"
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
  Root root;                              // the root of the sensors' files
  std::string config;                     // the site file; "": the default one
  std::string cgroup = "/sys/fs/cgroup";  // always of this machine
  std::string slurmd;                     // with several slurmd on this machine, only this one's jobs
  std::string cluster;
  std::string state = "/var/lib/nodewatt";
  std::string socket = kDaemonSocket;
  std::string metrics;  // ADDR:PORT; "": none
  std::string user;     // the user to switch to when everything is open; "": none
  Nanos period = seconds(1);
  std::set<std::uint32_t> admins;
};

// Logs a failure that recurs at each tick only once, and once more when it is over.
class SaidOnce {
 public:
  void log(const std::string& what);
  void clear(const std::string& what);

 private:
  std::string said_;
};

class Daemon {
 public:
  // Finds the sensors, opens everything that needs privileges, and drops those. The checkpoint of an earlier process is
  // taken over.
  static Result<std::unique_ptr<Daemon>> start(const DaemonOptions& options);

  // Until SIGTERM or SIGINT.
  Done run();

 private:
  Daemon(const DaemonOptions& options, Site site);
  Done open();
  void resume();
  std::string keep_aside() const;
  void take_sampling_point(bool tick);
  void look_at_edge();
  void look_at_programs();
  void keep_ended();
  void adopt_found();
  void note_missing() const;
  void write_checkpoint(bool for_good);
  void look_at_devices();
  void set_gpus(bool held);
  void publish_metrics();
  std::vector<Answer> link(const Peer& peer, const Request& request, Handed& handed);
  std::vector<Answer> answer(const Peer& peer, const Request& request, Handed& handed);
  Nanos wait_from(Nanos now);
  Nanos period() const;

  DaemonOptions options_;
  std::shared_ptr<Host> host_;  // of the sensors
  std::unique_ptr<Host> jobs_;  // of cgroups and processes
  NodeMonitor node_;            // with the utilizations of accelerators alone
  SensorSearch search_;         // for sensors that appear later
  CgroupScanner cgroup_scanner_;
  ProcessTrees trees_;
  EnergyAccounting accounting_;
  Programs programs_;
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
  Nanos last_sampling_point_{}, next_tick_{}, last_look_{}, last_kept_{}, next_amendment_{}, last_published_{};
  TokenBucket edges_;
  bool edge_ = false;  // a job came or went since the last sampling point, or an event was received
  bool gpus_held_ = true;
  SaidOnce unkept_, unwritten_;
};

}  // namespace nw::noded
