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
  // Null when this process is to measure: it was told to, or no daemon listens, or one refuses, which is printed.
  static std::unique_ptr<ClientMonitor> make(const RunOptions& options);

  Result<pb::Record> begin_record(const RunOptions& options) const;
  // As RunMonitor::run. Where the daemon was lost the record says so.
  RunResult run(const RunOptions& options, pb::Record record);

 private:
  explicit ClientMonitor(std::string socket) : socket_(std::move(socket)) {}

  Signals signals_;  // first: a run has a thread
  std::string socket_;
  std::unique_ptr<DaemonRun> next_;  // begun already
};

}  // namespace nw::cli
