// The options of the commands that measure a program: run, bench, and the phases that a script marks inside a run.
#include "apps/cli/options.h"

namespace nw::cli {

void add_phases(CLI::App& run, RunOptions& o) {
  run.add_flag("--nvtx{*}", o.nvtx,
               "NVTX ranges of the program become phases. --nvtx=FILTER: those whose names fit, patterns of names or "
               "domain:name between commas, ! excludes (--nvtx='epoch*,train:*,!*:warm*')")
      ->type_name("FILTER");
  run.add_option("--nvtx-depth", o.nvtx_depth, "so many levels of nested NVTX ranges; default 3")
      ->check(whole_number(1, 16))
      ->type_name("N");
  const auto add = [&run](const char* name, std::vector<std::string>& rules, const char* format, const char* about) {
    run.add_option(name, rules, about)->expected(1)->take_all()->type_name(format);
  };
  add("--phase-regex", o.phase_regex, "NAME=REGEX",
      "a printed line with a match begins phase NAME ($1: a group) and ends the one that this rule began before");
  add("--phase-end-regex", o.phase_end_regex, "NAME=REGEX",
      "a line with a match ends what the rule of that NAME began");
  add("--work-regex", o.work_regex, "UNIT=REGEX",
      "a line with a match counts its first group, or 1, as work of UNIT in the phase before it");
}

namespace {
void add_run(CommandLine& line) {
  auto* run = line.app.add_subcommand("run", "run a command and report the energy of the node while it ran");
  auto& o = line.keep<RunOptions>();
  run->footer(
      "COMMAND and its arguments follow the options. The report goes to standard error; streams, signals and exit "
      "code are the command's own.\n"
      "Exit code: the command's; 125 where nodewatt refuses to start it, 126 where it cannot be executed, 127 where it "
      "is not found.");
  run->add_option("--repeat", o.repeat, "measure the command so many times")
      ->check(whole_number(1, 1000))
      ->type_name("N");
  run->add_option("--warmup", o.warmup, "run it so many times before, unreported")
      ->check(whole_number(0, 1000))
      ->type_name("N");
  run->add_option("--name", o.name, "name of the run; default: that of its script, else of its program");
  run->add_option("--label", o.labels, "KEY=VALUE, kept with the record")->expected(1)->take_all()->type_name("K=V");
  run->add_option("--period", o.period,
                  "how often sensors are read (100ms, 1s); default: 100ms in the first minute, then 1s")
      ->type_name("T");
  add_json(
      *run, [&o](const std::string& file) { file.empty() ? void(o.as_json = true) : void(o.json = file); },
      "the report as JSON. --json=FILE: JSON into this file, beside the report; %h in its name is the host's");
  run->add_option("-o,--output", o.output, "write the report to this file instead of standard error; %h likewise")
      ->type_name("FILE");
  run->add_flag("--append", o.append, "append to the files");
  run->add_flag("-q,--quiet", o.quiet, "print no report");
  run->add_flag("-1,--oneline", o.oneline, "print one line: energy, time, power, boundary, how known");
  run->add_flag("--record-command", o.record_command,
                "keep the whole command line in the record, not the program's name alone");
  run->add_flag("--no-phases", o.no_phases, kNoPhases);
  add_phases(*run, o);
  run->add_flag("--strict", o.strict, "do not start when no sensor of the node can be read");
  run->add_flag("--local", o.local, "measure in this process, also where the node's daemon could");
  run->add_option("--group-key", o.group_key,
                  "share one sampler with the ranks on this node that give the same KEY; default: what the launcher's "
                  "variables say")
      ->type_name("KEY");
  run->add_flag("--rank-alone", o.rank_alone, "measure as if no other rank were on this node")->excludes("--group-key");
  add_machine_options(*run, o.root, o.config);
  run->callback([&line, &o] {
    o.command = line.command;
    line.settle(o);
    line.code = nw::cli::run(o);
  });
}

void add_bench(CommandLine& line) {
  auto* bench = line.app.add_subcommand(
      "bench", "measure segmentation and forecasting, in training and in inference, on this node");
  auto& o = line.keep<BenchOptions>();
  bench->add_option("--scale", o.scale, "how large")
      ->check(CLI::IsMember({"tiny", "small", "paper"}))
      ->capture_default_str();
  bench->add_option("--repeat", o.repeat, "runs of each")->check(whole_number(1, 100))->capture_default_str();
  bench->add_option("--device", o.devices, "cpu, cuda:0; default: what is found")->take_all();
  bench->add_option("--application", o.applications, "default: both")
      ->check(CLI::IsMember({"segmentation", "forecasting"}))
      ->take_all();
  bench->add_option("--threads", o.threads, "of the applications; default: as many as CPUs");
  bench->add_option("--epochs", o.epochs, "of the trainings; default: the scale's own");
  bench->add_option("-o,--output", o.output, "directory for page, table and records; default: nodewatt-bench")
      ->type_name("DIR");
  add_machine_options(*bench, o.root, o.config);
  bench->callback([&line, &o] {
    line.settle(o);
    line.code = nw::cli::bench(o);
  });
}

void add_phase(CommandLine& line) {
  auto* phase = line.app.add_subcommand("phase", "mark phases from a script inside `nodewatt run`");
  phase->require_subcommand(1);
  auto& o = line.keep<PhaseOptions>();
  for (const char* verb : {"begin", "end"}) {
    auto* sub = phase->add_subcommand(verb, std::string(verb) + " a phase");
    sub->add_option("NAME", o.name, "of the phase")->required();
    sub->callback([&o, verb] { o.verb = verb; });
  }
  auto* work = phase->add_subcommand("work", "count work done in the innermost phase");
  work->add_option("COUNT", o.count, "how much")->required();
  work->add_option("UNIT", o.unit, "of what: sample, epoch, token")->required();
  work->add_option("--phase", o.name, "in the innermost phase of this name");
  work->callback([&o] { o.verb = "work"; });
  phase->callback([&line, &o] { line.code = nw::cli::phase(o); });
}
}  // namespace

void add_measuring(CommandLine& line) {
  add_run(line);
  add_bench(line);
  add_phase(line);
}

}  // namespace nw::cli
