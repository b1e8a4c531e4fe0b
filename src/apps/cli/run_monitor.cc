#include "apps/cli/run_monitor.h"

#include <sys/resource.h>

#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

#include "accounting/allocation.h"
#include "accounting/utilization_summary.h"
#include "apps/cli/baseline.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/instrumented_command.h"
#include "apps/cli/node_history.h"
#include "apps/cli/program_name.h"
#include "apps/cli/sampling_thread.h"
#include "base/monotonic.h"
#include "base/parse.h"
#include "record/record.h"
#include "store/paths.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
// Of this process, or of its children that have been waited for, including theirs.
double cpu_seconds(int who) {
  rusage utilization_summary{};
  ::getrusage(who, &utilization_summary);
  const auto seconds_of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds_of(utilization_summary.ru_utime) + seconds_of(utilization_summary.ru_stime);
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

constexpr Nanos kFirstRound = millis(300);  // how long a run waits for a bus at the start

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::unique_ptr<Channel> make_channel() {
  auto made = Channel::create();
  if (made) return std::move(*made);
  error_exit("phases are not measured: " + made.error().what);
  return nullptr;
}
}  // namespace

RunMonitor::RunMonitor(const Root& root, std::optional<Nanos> period, Site site)
    : host_(make_real_host(root)), node_(*host_, std::move(site)), period_(period) {
  node_.reader().await_buses(kFirstRound);
}

double children_cpu_seconds() { return cpu_seconds(RUSAGE_CHILDREN); }

Result<pb::Record> make_record_header(const RunOptions& options, std::int64_t wall_ns) {
  pb::Record record;
  record.set_uid(NW_TRY(make_uid()));
  record.set_program(valid_utf8(options.command[0]));
  record.set_name(valid_utf8(options.name.empty() ? program_name(options.command) : options.name));
  if (options.record_command) record.set_command(valid_utf8(joined(options.command)));
  NW_CHECK(add_labels(options.labels, record));
  record.set_start_unix_ns(wall_ns);
  const std::time_t now = static_cast<std::time_t>(record.start_unix_ns() / kNanosPerSecond);
  std::tm local{};
  if (::localtime_r(&now, &local) != nullptr) record.set_utc_offset_s(static_cast<std::int32_t>(local.tm_gmtoff));
  record.set_version(NODEWATT_VERSION);
  return record;
}

void write_end(const ChildEnd& end, pb::Record& record) {
  if (end.exit_code) record.set_exit_code(*end.exit_code);
  if (end.signal) record.set_signal(*end.signal);
}

bool keep(const pb::Record& record) {
  const auto store = open_store();
  const auto kept = store ? (*store)->append(record) : Result<bool>(tl::make_unexpected(store.error()));
  if (!kept) error_exit("the record was not stored: " + kept.error().what);
  return kept.has_value();
}

Result<pb::Record> RunMonitor::begin_record(const RunOptions& options) {
  pb::Record record = NW_TRY(make_record_header(options, host_->wall_ns()));
  describe_node(node_, record);
  write_devices(node_.utilization_infos(), record);
  write_allocation(node_.utilization_infos(), variable, record);
  attach_idle(node_.site(), infos(), record);
  return record;
}

Result<CommandEnd> run_command(const RunOptions& options, const std::string& channel, const Signals& signals,
                               const std::function<void()>& begun, pb::Record& record) {
  const double before = children_cpu_seconds();
  auto child = NW_TRY(InstrumentedCommand::start(options, channel, signals));
  begun();
  const ChildEnd end = child.wait(signals);
  const Nanos at = monotonic();
  if (!end.left_some) record.set_child_cpu_s(children_cpu_seconds() - before);
  return CommandEnd{end, at};
}

RunResult RunMonitor::run(const RunOptions& options, pb::Record record) {
  return measure(
      options, std::move(record),
      [&](const std::string& channel, const std::function<void()>& begun, pb::Record& its) -> Result<CommandEnd> {
        return run_command(options, channel, signals_, begun, its);
      });
}

RunResult RunMonitor::measure(const RunOptions& options, pb::Record record, const MeasuredWork& work) {
  const double cpu_before = cpu_seconds(RUSAGE_SELF);
  const auto channel = options.takes_events() ? make_channel() : nullptr;
  std::optional<Journal> journal;
  if (const auto dir = journal_dir())
    if (auto made = Journal::create(*dir, record.uid())) journal.emplace(std::move(*made));

  const SamplingSchedule schedule(period_, infos());
  RunAccounting accounting(infos(), schedule.period(Nanos{}));
  if (!journal) accounting.note(Anomaly::journal_failed);
  use_history(accounting, *host_);
  UtilizationSummary utilization_summary(node_.utilization_infos());
  SamplingThread measurement(*host_, node_.reader(), accounting, channel.get(), journal ? &*journal : nullptr,
                             schedule);
  measurement.watch(node_.utilizations(), utilization_summary);
  measurement.begin(record);

  const auto ended = work(
      channel ? channel->path() : "", [&] { measurement.start(); }, record);
  if (!ended) {
    measurement.stop(host_->now(), record);
    if (journal) (void)journal->remove();
    return {std::move(record), {}, ended.error()};
  }
  const ChildEnd end = ended->end;
  write_end(end, record);
  measurement.stop(ended->at, record);

  // From here nothing touches hardware.
  keep_history(accounting, *host_);
  accounting.write(record);
  write_unread(node_.inventory(), record);
  utilization_summary.write(record);
  record.set_state("finished");
  record.set_monitor_cpu_s(cpu_seconds(RUSAGE_SELF) - cpu_before);

  // From here nothing is computed. The journal stays until the record is stored.
  if (keep(record) && journal) (void)journal->remove();
  return {std::move(record), end, std::nullopt};
}

Result<std::optional<Nanos>> parse_period(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto ns = parse_duration_ns(text);
  if (!ns || *ns < millis(1).count())
    return fail(ErrorKind::malformed, "--period " + text + ": not a duration of 1ms or more (like 100ms, 1s)");
  return Nanos::of(*ns);
}

}  // namespace nw::cli
