// nodewatt: the command line. Options become structs here; what they do is in the file of each command's name.
#include <algorithm>

#include <google/protobuf/stubs/logging.h>

#include <CLI/CLI.hpp>

#include "apps/cli/command.h"

namespace {
using namespace nw::cli;

constexpr const char* kAbout =
    "nodewatt measures the energy of AI workloads on compute nodes: the whole node, by component, with an uncertainty "
    "and a word on "
    "every figure that says how it is known.";

// Whether this word is an option of `app` whose value is the next word.
bool takes_next(CLI::App& app, const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || word.find('=') != std::string::npos) return false;
  const auto* option = app.get_option_no_throw(word[1] == '-' ? word : word.substr(0, 2));
  return option != nullptr && option->get_items_expected_max() > 0 && (word[1] == '-' || word.size() == 2);
}

// The first word from `at` on that is neither an option of `app` nor an option's value; a "--" counts as such.
std::size_t skip_options(CLI::App& app, const std::vector<std::string>& words, std::size_t at) {
  while (at < words.size() && words[at] != "--" && words[at].size() > 1 && words[at][0] == '-')
    at += takes_next(app, words[at]) ? 2 : 1;
  return std::min(at, words.size());
}

// Cuts the command to be run off the words, for the subcommands that take one, so that nothing of it is ever taken for
// an option or a subcommand of ours: nodewatt run python train.py --json.
std::vector<std::string> cut_command(CLI::App& app, std::vector<std::string>& words) {
  const std::size_t verb = skip_options(app, words, 0);
  if (verb >= words.size() || (words[verb] != "run" && words[verb] != "record")) return {};
  std::size_t at = skip_options(*app.get_subcommand(words[verb]), words, verb + 1);
  const std::size_t options_end = at;
  if (at < words.size() && words[at] == "--") ++at;
  std::vector<std::string> command(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  words.resize(options_end);
  return command;
}

void add_root(CLI::App& app, std::string& root) {
  app.add_option("--root", root, "read the machine from this directory instead of / (a captured or invented tree)")
      ->type_name("DIR");
}

void add_config(CLI::App& app, std::string& config) {
  app.add_option("--config", config,
                 "the site file; default: $NODEWATT_CONFIG, else /etc/nodewatt/nodewatt.toml if it is there")
      ->type_name("FILE");
}

void add_machine_options(CLI::App& app, std::string& root, std::string& config) {
  add_root(app, root);
  add_config(app, config);
}

void add_print(CLI::App& app, PrintOptions& print, const std::string& formats) {
  app.add_option("-f,--format", print.format, formats)->capture_default_str();
  app.add_flag_callback(
      "--json", [&print] { print.format = "json"; }, "same as --format json");
  app.add_flag_callback(
      "--csv", [&print] { print.format = "csv"; }, "same as --format csv");
  app.add_option("-o,--output", print.output, "write to this file instead of standard output")->type_name("FILE");
  app.add_option("--units", print.units, "auto, J, kJ, MJ, Wh, kWh or MWh")
      ->check(CLI::IsMember({"auto", "J", "kJ", "MJ", "Wh", "kWh", "MWh"}))
      ->capture_default_str();
  app.add_option("--color,--colour", print.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_flag("--precise", print.precise, "print every digit that the uncertainty allows");
}

// One function a command: its options, and what to call when it was asked for.
struct Cli {
  CLI::App app{kAbout, "nodewatt"};
  RunOptions run_options;
  RunsOptions runs_options;
  PrintOptions report_options, compare_options;
  SensorsOptions sensors_options;
  RecordOptions record_options;
  ReplayOptions replay_options;
  PhaseOptions phase_options;
  TransferOptions transfer_options;
  BenchOptions bench_options;
  ConfigOptions config_options;
  CalibrateOptions calibrate_options;
  std::string root, config;          // given before the command
  std::vector<std::string> command;  // of run and record
  int code = 0;

  // --root and --config may stand before the command or among its own options.
  template <class Options>
  void settle(Options& own) const {
    if (own.root == "/" && !root.empty()) own.root = root;
    settle_config(own);
  }
  template <class Options>
  void settle_config(Options& own) const {
    if (own.config.empty()) own.config = config;
  }

  void add_run() {
    auto* run = app.add_subcommand("run", "run a command and report the energy of the node while it ran");
    auto& o = run_options;
    run->footer(
        "COMMAND and its arguments follow the options. The report goes to standard error; streams, signals and exit "
        "code are the command's own.");
    run->add_option("--repeat", o.repeat, "measure the command so many times")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
    run->add_option("--warmup", o.warmup, "run it so many times before, unreported")
        ->check(CLI::Range(0, 1000))
        ->type_name("N");
    run->add_option("--name", o.name, "name of the run; default: the command's");
    run->add_option("--label", o.labels, "KEY=VALUE, kept with the record")->expected(1)->take_all()->type_name("K=V");
    run->add_option("--period", o.period,
                    "how often sensors are read (100ms, 1s); default: 100ms in the first minute, then 1s")
        ->type_name("T");
    run->add_option("--json", o.json, "write the record as JSON to this file")->type_name("FILE");
    run->add_option("-o,--output", o.output, "write the report to this file instead of standard error")
        ->type_name("FILE");
    run->add_flag("--append", o.append, "append to the files");
    run->add_flag("-q,--quiet", o.quiet, "print no report");
    run->add_flag("-1,--oneline", o.oneline, "print one line: energy, time, power, boundary, kind");
    run->add_flag("--record-command", o.record_command,
                  "keep the whole command line in the record, not the program's name alone");
    run->add_flag("--no-phases", o.no_phases, "leave the command's environment untouched: no phases");
    run->add_flag("--strict", o.strict, "do not start when no sensor of the node can be read");
    add_machine_options(*run, o.root, o.config);
    run->callback([this] {
      run_options.command = command;
      settle(run_options);
      code = nw::cli::run(run_options);
    });
  }

  void add_queries() {
    auto* runs = app.add_subcommand("runs", "list the runs that are kept");
    runs->add_option("--name", runs_options.name, "of this name");
    runs->add_option("--label", runs_options.labels, "with this label")->expected(1)->take_all()->type_name("K=V");
    runs->add_option("--limit", runs_options.limit, "at most so many, newest first; 0: all")->capture_default_str();
    add_print(*runs, runs_options.print, "text, json, csv");
    runs->callback([this] { code = nw::cli::runs(runs_options); });

    auto* report = app.add_subcommand("report", "print one run, or several");
    report->add_option("ID", report_options.ids, "id of a run (@7f3k2), or last");
    add_print(*report, report_options, "text, short, json, csv, markdown, html, svg");
    report->callback([this] { code = nw::cli::report(report_options); });

    auto* compare = app.add_subcommand("compare", "set runs beside each other");
    compare->add_option("ID", compare_options.ids, "ids of runs or groups")->required();
    add_print(*compare, compare_options, "text");
    compare->callback([this] { code = nw::cli::compare(compare_options); });
  }

  void add_machine() {
    auto* sensors = app.add_subcommand("sensors", "what of this node can be read, and how well");
    add_machine_options(*sensors, sensors_options.root, sensors_options.config);
    sensors->add_flag("--json", sensors_options.json, "as JSON");
    sensors->callback([this] {
      settle(sensors_options);
      code = nw::cli::sensors(sensors_options);
    });

    auto* doctor = app.add_subcommand("doctor", "what cannot be read, why, and what mends it");
    add_machine_options(*doctor, sensors_options.root, sensors_options.config);
    doctor->add_flag("--json", sensors_options.json, "as JSON");
    doctor->callback([this] {
      settle(sensors_options);
      code = nw::cli::doctor(sensors_options);
    });

    auto* record = app.add_subcommand("record", "record this machine's sensors on a tape");
    auto& o = record_options;
    record->add_option("-o,--output", o.output, "the tape")->required()->type_name("TAPE");
    record->add_option("--period", o.period, "between two sweeps")->capture_default_str()->type_name("T");
    record->add_option("--duration", o.duration, "how long; default 10s, or as long as the command runs")
        ->type_name("T");
    add_machine_options(*record, o.root, o.config);
    record->callback([this] {
      record_options.command = command;
      settle(record_options);
      code = record_tape(record_options);
    });

    auto* replay = app.add_subcommand("replay", "the energies of a tape");
    replay->add_option("TAPE", replay_options.tape, "made by record, or invented")->required();
    replay->add_option("-f,--format", replay_options.format, "text, json, csv, markdown, html")->capture_default_str();
    replay->add_flag("--keep", replay_options.keep, "keep the record");
    add_config(*replay, replay_options.config);
    replay->callback([this] {
      settle_config(replay_options);
      code = nw::cli::replay(replay_options);
    });
  }

  void add_phase() {
    auto* phase = app.add_subcommand("phase", "mark phases from a script inside `nodewatt run`");
    phase->require_subcommand(1);
    auto& o = phase_options;
    for (const char* verb : {"begin", "end"}) {
      auto* sub = phase->add_subcommand(verb, std::string(verb) + " a phase");
      sub->add_option("NAME", o.name, "of the phase")->required();
      sub->callback([this, verb] { phase_options.verb = verb; });
    }
    auto* work = phase->add_subcommand("work", "count work done in the innermost phase");
    work->add_option("COUNT", o.count, "how much")->required();
    work->add_option("UNIT", o.unit, "of what: sample, epoch, token")->required();
    work->add_option("--phase", o.name, "in the innermost phase of this name");
    work->callback([this] { phase_options.verb = "work"; });
    phase->callback([this] { code = nw::cli::phase(phase_options); });
  }

  void add_transfer() {
    auto* out = app.add_subcommand("export", "write records to a file for another machine");
    out->add_option("FILE", transfer_options.path, "- is standard output")->required();
    out->add_option("ID", transfer_options.ids, "which; default: all");
    out->callback([this] { code = export_runs(transfer_options); });
    auto* in = app.add_subcommand("import", "take in records that export wrote");
    in->add_option("FILE", transfer_options.path, "- is standard input")->required();
    in->callback([this] { code = import_runs(transfer_options); });
  }

  void add_bench() {
    auto* bench =
        app.add_subcommand("bench", "measure segmentation and forecasting, in training and in inference, on this node");
    auto& o = bench_options;
    bench->add_option("--scale", o.scale, "small, paper or tiny")
        ->check(CLI::IsMember({"tiny", "small", "paper"}))
        ->capture_default_str();
    bench->add_option("--repeat", o.repeat, "runs of each")->check(CLI::Range(1, 100))->capture_default_str();
    bench->add_option("--device", o.devices, "cpu, cuda:0; default: what is found")->take_all();
    bench->add_option("--application", o.applications, "segmentation, forecasting; default: both")->take_all();
    bench->add_option("--threads", o.threads, "of the applications; default: as many as CPUs");
    bench->add_option("--epochs", o.epochs, "of the trainings; default: the scale's own");
    bench->add_option("-o,--output", o.output, "directory for page, table and records; default: nodewatt-bench")
        ->type_name("DIR");
    add_machine_options(*bench, o.root, o.config);
    bench->callback([this] {
      settle(bench_options);
      code = nw::cli::bench(bench_options);
    });
  }

  void add_site() {
    auto* site = app.add_subcommand("config", "the site file: what is wrong in it, and what is in force");
    site->require_subcommand(1);
    auto& o = config_options;
    auto* check = site->add_subcommand("check", "name everything that is wrong in it");
    check->add_option("FILE", o.config, "default: the one that would be used");
    auto* show = site->add_subcommand("show", "every value that is in force");
    show->add_flag("--origin", o.origin, "and where it comes from");
    for (auto* sub : {check, show}) add_machine_options(*sub, o.root, o.config);
    check->callback([this] {
      settle(config_options);
      code = config_check(config_options);
    });
    show->callback([this] {
      settle(config_options);
      code = config_show(config_options);
    });
  }

  void add_calibrate() {
    auto* calibrate = app.add_subcommand("calibrate", "measure this node's idle power, or a sensor against a meter");
    calibrate->require_subcommand(1);
    auto& o = calibrate_options;
    auto* idle = calibrate->add_subcommand("idle", "mean power of every sensor while nothing runs");
    idle->add_flag("--force", o.force, "measure though the node is not idle");
    auto* against =
        calibrate->add_subcommand("against", "factor and bias of a sensor, from a reference meter's readings");
    against
        ->add_option("FILE", o.reference,
                     "CSV: time (RFC 3339 or seconds since 1970), watts; or sensor:ID, another sensor of this node (a "
                     "PDU's outlet)")
        ->required();
    against->add_option("--sensor", o.sensor, "id of the sensor: nodewatt sensors --json")->required();
    against->add_option("--tape", o.tape, "the sensor's readings, made by record; default: read it now")
        ->type_name("TAPE");
    against->add_option("--reference-tolerance", o.reference_tolerance, "of the meter, relative, one sigma (0.002)")
        ->check(CLI::Range(0.0, 0.5));
    for (auto* sub : {idle, against}) {
      sub->add_option("--duration", o.duration, "how long")->capture_default_str()->type_name("T");
      sub->add_option("-o,--output", o.output, "write to this file instead of standard output")->type_name("FILE");
      add_machine_options(*sub, o.root, o.config);
    }
    idle->callback([this] {
      settle(calibrate_options);
      code = calibrate_idle(calibrate_options);
    });
    against->callback([this] {
      settle(calibrate_options);
      code = calibrate_against(calibrate_options);
    });
  }

  int parse(int argc, char** argv) {
    app.set_version_flag("--version", "nodewatt " NODEWATT_VERSION);
    app.require_subcommand(1);
    add_machine_options(app, root, config);
    add_run();
    add_queries();
    add_machine();
    add_phase();
    add_transfer();
    add_bench();
    add_site();
    add_calibrate();
    std::vector<std::string> words(argv + 1, argv + argc);
    command = cut_command(app, words);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    try {
      app.parse(words);
    } catch (const CLI::ParseError& error) {
      const bool wraps = argc > 1 && (std::string_view(argv[1]) == "run" || std::string_view(argv[1]) == "record");
      const int parsed = app.exit(error);
      return parsed == 0 ? 0 : wraps ? 125 : 2;
    }
    return code;
  }
};
}  // namespace

int main(int argc, char** argv) {
  google::protobuf::SetLogHandler(nullptr);  // what is wrong with a record is said by us
  Cli cli;
  return cli.parse(argc, argv);
}
