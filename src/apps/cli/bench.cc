// nodewatt bench: the two applications, in training and in inference, on every device of this node, as one table.
//
// On a node with accelerators the CPU is measured too, with the accelerators idle: their joules are part of the node's
// energy, which runtime alone never shows. The applications are separate programs beside this one, or on the PATH.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/run_monitor.h"
#include "record/record.pb.h"
#include "site/site_file.h"
#include "store/transfer.h"
#include "store/uid.h"
#include "study/findings.h"

namespace nw::cli {

namespace {
struct Case {
  std::string application, verb, device, configuration;
  std::vector<std::unique_ptr<pb::Record>> records;
};

// The application's program: beside this executable, else by the PATH.
std::string program_of(const std::string& application) {
  std::array<char, 4096> self{};
  const ssize_t n = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  std::string name = "nodewatt-" + application;
  if (n <= 0) return name;
  const std::string path(self.data(), static_cast<std::size_t>(n));
  const std::string beside = path.substr(0, path.rfind('/') + 1) + name;
  return ::access(beside.c_str(), X_OK) == 0 ? beside : name;
}

std::vector<std::string> devices_of(const BenchOptions& options, const RunMonitor& monitor) {
  if (!options.devices.empty()) return options.devices;
  std::vector<std::string> devices{"cpu"};
  for (const auto& info : monitor.infos())
    if (info.part.domain == Domain::gpu && info.source.find("NVML") != std::string::npos) return {"cpu", "cuda:0"};
  return devices;
}

std::string configuration_of(const std::string& device, bool idle_gpus, unsigned threads) {
  std::string text = device == "cpu" ? fmt::format("cpu, {} threads", threads) : device;
  return device == "cpu" && idle_gpus ? text + ", GPUs idle" : text;
}

std::vector<std::string> command_of(const BenchOptions& options, const Case& one, unsigned threads,
                                    const std::string& checkpoint) {
  std::vector<std::string> command{
      program_of(one.application), one.verb,       "--device", one.device, "--scale", options.scale, "--threads",
      std::to_string(threads),     "--checkpoint", checkpoint};
  if (one.verb == "train" && options.epochs > 0) {
    command.emplace_back("--epochs");
    command.push_back(std::to_string(options.epochs));
  }
  return command;
}

// Runs one case once. False when the application failed.
bool measure(const BenchOptions& options, RunMonitor& monitor, Case& one, unsigned threads, unsigned repeat,
             const std::string& group) {
  RunOptions run;
  run.command =
      command_of(options, one, threads, fmt::format("{}/{}-{}.ckpt", options.output, one.application, repeat));
  run.name = one.application + " " + one.verb;
  run.labels = {"bench.application=" + one.application, "bench.phase=" + one.verb, "bench.device=" + one.device,
                "bench.scale=" + options.scale};
  std::fprintf(stderr, "\n== %s, %s on %s (%u of %u)\n", one.application.c_str(), one.verb.c_str(),
               one.configuration.c_str(), repeat, options.repeat);
  auto record = monitor.begin_record(run);
  if (!record) return error_exit(record.error()) == 0;
  if (options.repeat > 1) record->set_group(group);
  record->set_repeat(options.repeat > 1 ? repeat : 0);
  RunResult outcome = monitor.run(run, std::move(*record));
  if (outcome.not_started) {
    error_exit("cannot start " + outcome.not_started->what + ": is LibTorch there, and were the applications built?");
    return false;
  }
  if (outcome.end.exit_code.value_or(1) != 0) {
    error_exit(fmt::format("{} {} on {} failed", one.application, one.verb, one.device));
    return false;
  }
  one.records.push_back(std::make_unique<pb::Record>(std::move(outcome.record)));
  return true;
}

std::vector<BenchRow> rows_of(const std::vector<Case>& cases) {
  std::vector<BenchRow> rows;
  for (const Case& one : cases) {
    BenchRow row{one.application, one.verb, one.configuration, {}};
    for (const auto& record : one.records) row.repeats.push_back(record.get());
    if (!row.repeats.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

Findings findings_of(const std::vector<BenchRow>& rows) {
  std::vector<const pb::Record*> records;
  for (const BenchRow& row : rows) records.insert(records.end(), row.repeats.begin(), row.repeats.end());
  return compute_findings(records);
}

// The energy of the phase with the case's name: of the node as far as measured, or the estimate.
std::optional<double> phase_joules(const pb::Record& record, const std::string& path) {
  for (const auto& phase : record.phases())
    if (phase.path() == path && phase.resolved() && phase.energy().has_energy_uj())
      return static_cast<double>(phase.energy().energy_uj()) * 1e-6;
  return std::nullopt;
}

// The last line: one JSON object, goal name to figure.
std::string goals_of(const std::vector<Case>& cases) {
  std::string json;
  for (const Case& one : cases) {
    double sum = 0;
    std::size_t count = 0;
    for (const auto& record : one.records)
      if (const auto joules = phase_joules(*record, one.verb)) sum += *joules, ++count;
    const std::string figure = count == 0 ? "null" : fmt::format("{:.3f}", sum / static_cast<double>(count));
    json += fmt::format("{}\"{}_{}_{}_energy_j\": {}", json.empty() ? "" : ", ", one.application, one.verb, one.device,
                        figure);
    for (const auto& record : one.records)
      if (record == one.records.back())
        for (const auto& value : record->figures())
          json += fmt::format(", \"{}_{}_{}_{}\": {:.5g}", one.application, one.verb, one.device, value.name(),
                              value.value());
  }
  return "{" + json + "}\n";
}

Done write_results(const BenchOptions& options, const std::vector<Case>& cases) {
  const auto rows = rows_of(cases);
  std::vector<pb::Record> records;
  for (const Case& one : cases)
    for (const auto& record : one.records) records.push_back(*record);
  NW_CHECK(write_out(options.output + "/bench.html", make_bench_html(rows, "nodewatt bench")));
  NW_CHECK(write_out(options.output + "/bench.md",
                     make_bench_markdown(rows) + '\n' + make_findings_markdown(findings_of(rows))));
  return export_records(options.output + "/bench.records", records);
}

Result<BenchOptions> prepare(BenchOptions options) {
  if (options.output.empty()) options.output = "nodewatt-bench";
  if (::mkdir(options.output.c_str(), 0755) != 0 && errno != EEXIST)
    return tl::make_unexpected(system_error(errno, options.output));
  if (options.applications.empty()) options.applications = {"segmentation", "forecasting"};
  return options;
}
}  // namespace

int bench(const BenchOptions& given) {
  const auto options = prepare(given);
  if (!options) return error_exit(options.error());
  auto site = find_site(options->config, options->root);
  if (!site) return error_exit(site.error().what);
  RunMonitor monitor(options->root, std::nullopt, std::move(*site));
  const auto devices = devices_of(*options, monitor);
  const bool has_gpus = devices.size() > 1;
  const unsigned threads = options->threads > 0 ? options->threads : std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));

  std::vector<Case> cases;
  for (const auto& application : options->applications)
    for (const auto& device : devices)
      for (const char* verb : {"train", "infer"})
        cases.push_back({application, verb, device, configuration_of(device, has_gpus, threads), {}});
  bool whole = true;
  std::map<std::string, std::string> groups;
  for (unsigned repeat = 1; repeat <= options->repeat; ++repeat)
    for (Case& one : cases) {
      auto& group = groups[one.application + one.verb + one.device];
      if (group.empty()) group = make_uid().value_or(std::string());
      whole &= measure(*options, monitor, one, threads, repeat, group);
    }

  const auto rows = rows_of(cases);
  const TextStyle style = style_for(STDOUT_FILENO);
  std::printf("\n%s\n%s\n", make_bench_table(rows, style).c_str(), make_findings(findings_of(rows), style).c_str());
  const auto done = write_results(*options, cases);
  if (!done) error_exit(done.error());
  std::printf(
      "page     %s/bench.html\ntable    %s/bench.md\nrecords  %s/bench.records (nodewatt import), and in the store: "
      "nodewatt runs\n%s",
      options->output.c_str(), options->output.c_str(), options->output.c_str(), goals_of(cases).c_str());
  return whole && done ? 0 : 1;
}

}  // namespace nw::cli
