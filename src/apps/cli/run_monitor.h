// One measured run of a command: what `run` and `bench` share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "apps/cli/child.h"
#include "apps/cli/command.h"
#include "record/record.pb.h"
#include "sensor/monitor.h"

namespace nw::cli {

struct RunResult {
  pb::Record record;
  ChildEnd end;
  std::optional<Error> not_started;
};

struct CommandEnd {
  ChildEnd end;
  Nanos at;  // monotonic
};

// What is measured: gets the channel's path (or ""), runs to its end, and calls `begun` when it has started. Until then
// no thread of the measurement runs. May add to the record.
using MeasuredWork =
    std::function<Result<CommandEnd>(const std::string& channel, const std::function<void()>& begun, pb::Record&)>;

// The sensors of this node, found once, and any number of measured runs.
class RunMonitor {
 public:
  RunMonitor(const Root& root, std::optional<Nanos> period, Site site);

  bool measures() const { return node_.measures(); }
  const std::vector<SensorInfo>& infos() const { return node_.infos(); }
  // For observing the node between two runs.
  Host& host() { return *host_; }
  Reader& reader() { return node_.reader(); }
  const Signals& signals() const { return signals_; }
  // The fields of a record that are known before the measurement.
  Result<pb::Record> begin_record(const RunOptions& options);
  // Runs the command to its end; afterwards the record is in the user's store (or an error was printed).
  RunResult run(const RunOptions& options, pb::Record record);
  // The same for any other work.
  RunResult measure(const RunOptions& options, pb::Record record, const MeasuredWork& work);

 private:
  Signals signals_;  // first: vendor libraries may start threads
  std::unique_ptr<Host> host_;
  NodeMonitor node_;
  std::optional<Nanos> period_;
};

// The work of `run`: the command, to its end.
Result<CommandEnd> run_command(const RunOptions& options, const std::string& channel, const Signals& signals,
                               const std::function<void()>& begun, pb::Record& record);
// What the options and the time say of a record, without the node.
Result<pb::Record> make_record_header(const RunOptions& options, std::int64_t wall_ns);
void write_end(const ChildEnd& end, pb::Record& record);
// The record goes into the user's store; false, and an error is printed, when that fails.
bool keep(const pb::Record& record);
// CPU time of this process's children that were waited for, in seconds.
double children_cpu_seconds();
// Parses --period; nothing for "".
Result<std::optional<Nanos>> parse_period(const std::string& text);

}  // namespace nw::cli
