// ClientMonitor: runs that the node's daemon measures; the counterpart of RunMonitor, which measures in this process.
#pragma once

#include <memory>
#include <string>

#include "apps/cli/child.h"
#include "apps/cli/command.h"
#include "apps/cli/daemon_run.h"
#include "apps/cli/run_monitor.h"

namespace nw::cli {

class ClientMonitor {
 public:
  // What a run outside every job is: this process and its descendants, or nothing that a daemon could measure (a
  // sampler of ranks is no ancestor of theirs).
  enum class OutsideJob : unsigned char { process_tree, nothing };
  // Null when this process is to measure: it was told to, or no daemon listens, or one refuses, which is printed.
  static std::unique_ptr<ClientMonitor> make(const RunOptions& options, OutsideJob outside = OutsideJob::process_tree);

  Result<pb::Record> begin_record(const RunOptions& options) const;
  // As RunMonitor::run. Where the daemon was lost the record says so.
  RunResult run(const RunOptions& options, pb::Record record);
  RunResult measure(const RunOptions& options, pb::Record record, const MeasuredWork& work);

 private:
  ClientMonitor(std::string socket, OutsideJob outside, bool strict)
      : socket_(std::move(socket)), outside_(outside), strict_(strict) {}
  Result<std::unique_ptr<DaemonRun>> begin() const;

  Signals signals_;  // first: a run has a thread
  std::string socket_;
  OutsideJob outside_;
  bool strict_;
  std::unique_ptr<DaemonRun> next_;  // begun already
};

}  // namespace nw::cli
