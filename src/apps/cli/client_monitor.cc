#include "apps/cli/client_monitor.h"

#include "apps/cli/cli_common.h"
#include "base/anomalies.h"
#include "base/host.h"
#include "base/monotonic.h"
#include "record/record.h"

namespace nw::cli {

namespace {
constexpr Nanos kUnseen = seconds(1);  // a record that is shorter by this much lacks what the daemon did not see

// What the daemon measured, put under what this process knows of the run.
void add_measured(pb::Record measured, Nanos duration, pb::Record& record) {
  measured.clear_start_unix_ns();
  measured.clear_version();
  const Nanos seen = Nanos::of(measured.duration_ns());
  record.MergeFrom(measured);
  if (seen + kUnseen >= duration) return;
  record.set_duration_ns(duration.count());
  pb::Energy& energy = *record.mutable_energy();
  energy.set_coverage(energy.coverage() * to_seconds(seen) / to_seconds(duration));
  write_anomalies(counts_of(Anomaly::daemon_away), "", *record.mutable_anomalies());
}
}  // namespace

Result<std::unique_ptr<DaemonRun>> ClientMonitor::begin() const {
  std::map<std::string, std::string> wanted;
  if (outside_ == OutsideJob::process_tree) wanted["here"] = "1";
  if (strict_) wanted["strict"] = "1";
  return DaemonRun::begin(socket_, std::move(wanted));
}

std::unique_ptr<ClientMonitor> ClientMonitor::make(const RunOptions& options, OutsideJob outside) {
  const bool own = options.local || !options.period.empty() || !options.config.empty() || options.root.path != "/";
  if (own || daemon_socket().empty()) return nullptr;
  std::unique_ptr<ClientMonitor> monitor(new ClientMonitor(daemon_socket(), outside, options.strict));
  auto run = monitor->begin();
  if (run) {
    monitor->next_ = std::move(*run);
    return monitor;
  }
  if (run.error().kind != ErrorKind::absent)
    error_exit("the node's daemon does not measure this run, so this process does: " + run.error().what);
  return nullptr;
}

Result<pb::Record> ClientMonitor::begin_record(const RunOptions& options) const {
  return make_record_header(options, make_real_host()->wall_ns());
}

RunResult ClientMonitor::run(const RunOptions& options, pb::Record record) {
  return measure(
      options, std::move(record),
      [&](const std::string& channel, const std::function<void()>& begun, pb::Record& its) -> Result<CommandEnd> {
        return run_command(options, channel, signals_, begun, its);
      });
}

RunResult ClientMonitor::measure(const RunOptions& options, pb::Record record, const MeasuredWork& work) {
  std::unique_ptr<DaemonRun> run = std::move(next_);
  if (!run) {
    auto begun = begin();
    if (begun) run = std::move(*begun);
  }
  const Nanos begin_at = monotonic();
  const auto ended = work(
      run && options.takes_events() ? run->channel() : "", [] {}, record);
  if (!ended) return {std::move(record), {}, ended.error()};
  write_end(ended->end, record);
  auto measured =
      run ? run->end(ended->at) : tl::make_unexpected(Error{ErrorKind::absent, "nodewattd listens no more"});
  if (!measured) error_exit("this run's energy is not known: " + measured.error().what);
  add_measured(measured ? std::move(*measured) : pb::Record(), ended->at - begin_at, record);
  record.set_state("finished");
  keep(record);
  return {std::move(record), ended->end, std::nullopt};
}

}  // namespace nw::cli
