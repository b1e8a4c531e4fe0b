#include "sim/commands.h"

#include <cstdio>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/parse.h"
#include "sim/presets.h"
#include "sim/tape_player.h"
#include "sim/views.h"

namespace nw::sim {

namespace {
Result<Nanos> duration_of(std::string_view option, const std::string& text) {
  const auto ns = text == "0s" ? 0 : parse_duration_ns(text);
  if (!ns)
    return fail(ErrorKind::malformed, fmt::format("{} {}: not a duration (like 500ms, 60s, 10h)", option, quote(text)));
  return Nanos::of(*ns);
}

// ---- tape

struct TapeOptions {
  std::shared_ptr<Choice> choice;
  std::string output, before, after, period;
};

Result<std::string> play_tape(const TapeOptions& options) {
  TapeSchedule schedule;
  if (!options.before.empty()) schedule.before = NW_TRY(duration_of("--before", options.before));
  if (!options.after.empty()) schedule.after = NW_TRY(duration_of("--after", options.after));
  if (!options.period.empty()) schedule.period = NW_TRY(duration_of("--period", options.period));
  if (schedule.period && *schedule.period < millis(1)) return fail(ErrorKind::malformed, "--period: at least 1ms");
  const Machine machine = NW_TRY(make_machine(*options.choice));
  const Scenario& scenario = machine.scenario();
  if (scenario.jobs.empty()) return fail(ErrorKind::malformed, scenario.name + ": has no job to watch");
  const Tape tape = make_tape(machine, schedule);
  NW_CHECK(write_tape(tape, options.output));
  return fmt::format("{}: {} sweeps of {} sources, {:.0f} s of {}", options.output, tape.sample_sets.size(),
                     tape.opened, to_seconds(scenario.jobs[0].end - scenario.jobs[0].start), scenario.name);
}

// ---- truth

struct Window {
  std::string name;
  Nanos from, to;
};

struct TruthOptions {
  std::shared_ptr<Choice> choice;
  std::string from, to, dir;
  std::vector<std::int64_t> between;
  bool honest = false;  // changes sensors, not the truth
  std::string json;     // where it goes; empty: text, to standard output
};

// The window between two times of CLOCK_MONOTONIC, for the machine that is (or was) simulated below a directory.
Result<Window> live_window(const TruthOptions& options) {
  if (options.dir.empty()) return fail(ErrorKind::malformed, "--between needs --dir");
  const std::string path = options.dir + "/start";
  std::ifstream file(path);
  std::int64_t start = 0;
  if (!(file >> start)) return fail(ErrorKind::absent, path + ": nothing is simulated there");
  return Window{"live", Nanos::of(options.between[0] - start), Nanos::of(options.between[1] - start)};
}

Result<Window> window_of(const TruthOptions& options, const Machine& machine) {
  const Scenario& scenario = machine.scenario();
  Window window{"scenario", {}, scenario.end};
  if (!scenario.jobs.empty()) window = {scenario.jobs[0].name, scenario.jobs[0].start, scenario.jobs[0].end};
  if (!options.between.empty()) window = NW_TRY(live_window(options));
  if (!options.from.empty()) window.from = NW_TRY(duration_of("--from", options.from));
  if (!options.to.empty()) window.to = NW_TRY(duration_of("--to", options.to));
  if (window.to <= window.from) return fail(ErrorKind::malformed, "the window must be forward in time");
  return window;
}

std::string truth_text(const Machine& machine, const Window& window) {
  const double length = to_seconds(window.to - window.from);
  std::string text = fmt::format("{}, {}: {:.3f} s to {:.3f} s\n{:24}{:>16}{:>14}\n", machine.scenario().name,
                                 window.name, to_seconds(window.from), to_seconds(window.to), "", "joules", "watts");
  const auto add = [&](std::string_view name, double joules) {
    text += fmt::format("{:24}{:16.3f}{:14.3f}\n", name, joules, joules / length);
  };
  const auto& components = machine.scenario().components;
  for (std::size_t i = 0; i < components.size(); ++i)
    add(components[i].name, machine.energy(i, window.from, window.to));
  add("node DC", machine.dc_energy(window.from, window.to));
  add("plug", machine.wall_energy(window.from, window.to));
  return text;
}

std::string truth_json(const Machine& machine, const Window& window) {
  nlohmann::ordered_json out;
  out["scenario"] = machine.scenario().name;
  out["job"] = window.name;
  out["from_s"] = to_seconds(window.from);
  out["to_s"] = to_seconds(window.to);
  out["components"] = nlohmann::ordered_json::array();
  const auto& components = machine.scenario().components;
  for (std::size_t i = 0; i < components.size(); ++i)
    out["components"].push_back({{"name", components[i].name},
                                 {"domain", components[i].domain},
                                 {"joules", machine.energy(i, window.from, window.to)}});
  out["node_dc_joules"] = machine.dc_energy(window.from, window.to);
  out["plug_joules"] = machine.wall_energy(window.from, window.to);
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<std::string> tell_truth(const TruthOptions& options) {
  const Machine machine = NW_TRY(make_machine(*options.choice));
  const Window window = NW_TRY(window_of(options, machine));
  return !options.json.empty() ? truth_json(machine, window) : truth_text(machine, window);
}

// ---- check

Result<std::string> check(const std::string& name_or_path) {
  const Scenario scenario = NW_TRY(find_scenario(name_or_path));
  const auto known = families();
  std::string text;
  for (const Instrument& instrument : scenario.instruments)
    if (std::find(known.begin(), known.end(), instrument.family) == known.end())
      text += fmt::format("note: sensor {}: nothing shows the family {}, it will not be seen\n", instrument.name,
                          quote(instrument.family));
  return text + fmt::format("{}: {} components, {} pieces, {} sensors, {} faults, {:.3f} s\n", scenario.name,
                            scenario.components.size(), scenario.pieces.size(), scenario.instruments.size(),
                            scenario.faults.size(), to_seconds(scenario.end));
}

int print(const Result<std::string>& text, std::FILE* where) {
  if (!text) return error_exit(text.error());
  std::fputs(text->c_str(), where);
  return std::fflush(where) == 0 ? 0 : 1;
}

// Writes to the file of that name; "" and "-" are standard output.
int print_to(const Result<std::string>& text, const std::string& path) {
  if (!text || path.empty() || path == "-") return print(text, stdout);
  std::ofstream file(path, std::ios::binary);
  if (file << *text << std::flush) return 0;
  return error_exit({ErrorKind::failed, path + ": cannot be written"});
}
}  // namespace

int error_exit(const Error& error) {
  std::fprintf(stderr, "nodewatt-sim: %s\n", error.what.c_str());
  return error.kind == ErrorKind::malformed ? 2 : 1;
}

std::shared_ptr<Choice> add_choice(CLI::App& command) {
  auto choice = std::make_shared<Choice>();
  command.add_option("SCENARIO", choice->scenario, "a file, or the name of a preset")->required();
  command.add_option("--workload", choice->workload,
                     fmt::format("in place of the scenario's own: {}", fmt::join(workloads(), ", ")));
  command.add_option("--duration", choice->duration, "how long the job is (60s)");
  command.add_option_function<std::uint64_t>(
      "--seed", [choice](const std::uint64_t& seed) { choice->seed = seed, choice->seeded = true; },
      "of everything random");
  return choice;
}

Result<Machine> make_machine(const Choice& choice, const std::function<void(Scenario&)>& change) {
  Scenario scenario = NW_TRY(find_scenario(choice.scenario));
  if (choice.seeded) scenario.seed = choice.seed;
  const auto length = choice.duration.empty() ? seconds(60) : NW_TRY(duration_of("--duration", choice.duration));
  if (!choice.workload.empty())
    NW_CHECK(set_workload(scenario, choice.workload, length));
  else if (!choice.duration.empty())
    NW_CHECK(set_length(scenario, length));
  if (change) change(scenario);
  return make_machine(std::move(scenario));
}

void declare_tape(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("tape", "the scenario's first job, as a tape for `nodewatt replay`");
  auto options = std::make_shared<TapeOptions>();
  options->choice = add_choice(*command);
  command->add_option("-o,--output", options->output, "the tape's file")->required();
  command->add_option("--period", options->period, "of the sweeps (100ms; otherwise as `nodewatt run` does)");
  command->add_option("--before", options->before, "how long to sweep before the job");
  command->add_option("--after", options->after, "how long to sweep after the job");
  command->callback([options, &exit_code] {
    const auto said = play_tape(*options);
    exit_code = print(said ? Result<std::string>("nodewatt-sim: " + *said + "\n") : said, stderr);
  });
}

void declare_truth(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("truth", "the true energies of the first job, by component, of the node and at the wall (AC)");
  auto options = std::make_shared<TruthOptions>();
  options->choice = add_choice(*command);
  command->add_option("--from", options->from, "of another window (10s)");
  command->add_option("--to", options->to, "of another window (70s)");
  command->add_option("--dir", options->dir,
                      "of a running simulation, with the options that `live` was given; for --between");
  command->add_option("--between", options->between, "the window, by two times of CLOCK_MONOTONIC, in nanoseconds")
      ->expected(2);
  command->add_flag("--honest", options->honest, "as `live` takes it; the truth is the same");
  command->add_flag("--json{-}", options->json, "as JSON. --json=FILE: into this file")->type_name("FILE");
  command->callback([options, &exit_code] { exit_code = print_to(tell_truth(*options), options->json); });
}

void declare_check(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("check", "whether a scenario can be simulated");
  auto scenario = std::make_shared<std::string>();
  command->add_option("SCENARIO", *scenario, "a file, or the name of a preset")->required();
  command->callback([scenario, &exit_code] { exit_code = print(check(*scenario), stdout); });
}

}  // namespace nw::sim
