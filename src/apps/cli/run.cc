// nodewatt run: runs a command, and measures the energy of the node while it runs.
//
// Where the node's daemon answers, it measures (client_monitor.h); else this process does:
// The steps: find the sensors -> read them -> start the command -> sample until its last descendant has ended -> read
// them again -> from here nothing touches hardware -> compute -> store the record -> print. Whatever fails in
// measuring, the command still runs and its exit code is ours. One of several ranks on a node is handled differently:
// ranks.h.
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/client_monitor.h"
#include "apps/cli/command.h"
#include "apps/cli/instrumented_command.h"
#include "apps/cli/ranks.h"
#include "apps/cli/run_monitor.h"
#include "record/record.pb.h"
#include "site/site_file.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
std::string json_of(const std::vector<const pb::Record*>& records) {
  std::string json;
  for (const pb::Record* record : records) json += make_json(*record) + (records.size() > 1 ? "\n" : "");
  return json;
}
}  // namespace

void print_run(const RunOptions& options, const std::vector<pb::Record>& records, const TextStyle& style) {
  std::vector<const pb::Record*> pointers;
  for (const auto& record : records)
    if (!record.warmup() || records.size() == 1) pointers.push_back(&record);
  std::string text;
  const std::string json = options.as_json || !options.json.empty() ? json_of(pointers) : "";
  if (options.as_json) text = json;
  for (const pb::Record* record : pointers)
    if (!options.as_json) text += options.oneline ? make_short(*record) : make_text(*record, style);
  if (pointers.size() > 1 && !options.oneline && !options.as_json) text += "\n" + make_compare(pointers, style);
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (!options.output.empty()) {
    if (const auto done = write_out(options.output, text, options.append); !done) error_exit(done.error().what);
  } else if (!options.quiet || options.oneline) {
    std::fputs(text.c_str(), stderr);
  }
  if (options.json.empty()) return;
  if (const auto done = write_out(options.json, json, options.append); !done) error_exit(done.error().what);
}

int not_started(const Error& error, const RunOptions& options) {
  error_exit("cannot start " + error.what);
  const std::string& word = options.command[0];  // perhaps the value of an option that takes it only after "="
  if (options.nvtx == "*") error_exit(fmt::format("a value of --nvtx is written as --nvtx='{}'", word));
  if (options.as_json) error_exit(fmt::format("a file for JSON is written as --json={}", word));
  return error.kind == ErrorKind::absent ? kNotFound : kNotExecutable;
}

namespace {
// `monitor`: a RunMonitor or a ClientMonitor.
template <class Monitor>
int run_rounds(Monitor& monitor, const RunOptions& options, const LauncherInfo& launcher_info) {
  std::vector<pb::Record> records;
  const unsigned rounds = options.warmup + options.repeat;
  const auto group = rounds > 1 ? make_uid() : Result<std::string>(std::string());
  ChildEnd end;
  for (unsigned round = 0; round < rounds; ++round) {
    auto record = monitor.begin_record(options);
    if (!record) return error_exit(record.error().what, kOurFailure);
    write_launcher_info(launcher_info, *record);
    if (rounds > 1 && group) record->set_group(*group);
    record->set_warmup(round < options.warmup);
    if (rounds > 1 && round >= options.warmup) record->set_repeat(round - options.warmup + 1);
    RunResult outcome = monitor.run(options, std::move(*record));
    if (outcome.not_started) return not_started(*outcome.not_started, options);
    records.push_back(std::move(outcome.record));
    end = outcome.end;
    if (end.signal || end.exit_code.value_or(1) != 0) break;  // further repeats of a failing command add nothing
  }
  print_run(options, records, style_for(STDERR_FILENO));
  return end_like(end);
}
}  // namespace

int run(const RunOptions& given) {
  RunOptions options = given;
  for (std::string* path : {&options.output, &options.json}) *path = with_host(*path);
  if (options.command.empty()) return error_exit("run: no command given", kOurFailure);
  const auto period = parse_period(options.period);
  if (!period) return error_exit(period.error().what, kOurFailure);
  if (const auto checked = check_phases(options); !checked) return error_exit(checked.error().what, kOurFailure);
  const LauncherInfo launcher_info = find_launcher_info(options);
  if (shares_node(launcher_info, options)) return run_rank(options, launcher_info);
  if (const auto client = ClientMonitor::make(options)) return run_rounds(*client, options, launcher_info);
  RunMonitor monitor(options.root, *period, find_site_or_warn(options.config, options.root));
  if (options.strict && !monitor.measures())
    return error_exit("--strict: no sensor of this node can be read; `nodewatt doctor` says why", kOurFailure);
  return run_rounds(monitor, options, launcher_info);
}

}  // namespace nw::cli
