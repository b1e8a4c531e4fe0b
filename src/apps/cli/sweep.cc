// nodewatt sweep: the same command over a grid of settings, and which of them takes the least energy.
//
// The steps: plan -> check permission for power limits -> lock the directory, write the state -> find the sensors ->
// for each run, in random order: limit, warm-up, cool-down, run, state -> restore the limits -> from here nothing
// touches hardware -> compare -> write and print. Interrupted at any time, it continues with `--resume`.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/instrumented_command.h"
#include "apps/cli/power_limit_note.h"
#include "apps/cli/sweep_dir.h"
#include "apps/cli/sweep_result.h"
#include "apps/cli/sweep_turns.h"
#include "base/parse.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "site/site_file.h"

namespace nw::cli {

namespace {
constexpr int kUsage = 2;
constexpr const char* kDefaultDir = "nodewatt-sweep";

std::string host_name(const std::string& root) {
  pb::Node node;
  write_node(*make_real_host(root), node);
  return node.host();
}

std::uint64_t random_seed() {
  std::random_device device;
  return device() % 1'000'000;  // short enough to be typed again
}

// The dimensions that the options name; none where they name none.
Result<std::vector<Dimension>> make_dimensions(const SweepOptions& options) {
  std::vector<Dimension> dimensions;
  const auto add = [&](const std::string& name, const std::string& values) -> Done {
    auto dimension = NW_TRY(parse_dimension(name, values));
    dimensions.push_back(std::move(dimension));
    return {};
  };
  if (!options.threads.empty()) NW_CHECK(add("threads", options.threads));
  if (!options.batch_size.empty()) NW_CHECK(add("batch_size", options.batch_size));
  if (!options.device.empty()) NW_CHECK(add("device", options.device));
  if (!options.power_limit.empty()) NW_CHECK(add(std::string(kPowerLimit), options.power_limit));
  for (const std::string& set : options.sets) {
    const auto at = set.find('=');
    if (at == std::string::npos)
      return fail(ErrorKind::malformed, "--set " + quote(set) + ": not of the form NAME=V1,V2");
    NW_CHECK(add(set.substr(0, at), set.substr(at + 1)));
  }
  return dimensions;
}

Done check_words(const SweepPlan& plan) {
  if (plan.command.empty()) return fail(ErrorKind::malformed, "no command given");
  if (plan.grid.dimensions().empty())
    return fail(ErrorKind::malformed,
                fmt::format("nothing is varied: --threads, --batch-size, --device, --power-limit or --set before the "
                            "command {} say what is (nodewatt run --repeat measures one command again and again)",
                            quote(plan.command[0])));
  for (const std::string& variable : plan.environment)
    if (const auto at = variable.find('='); at == std::string::npos || at == 0)
      return fail(ErrorKind::malformed, "--env " + quote(variable) + ": not of the form NAME=VALUE");
  for (const std::string& label : plan.labels)
    if (const auto at = label.find('='); at == std::string::npos || at == 0)
      return fail(ErrorKind::malformed, "--label " + quote(label) + ": not of the form KEY=VALUE");
  std::vector<std::string> texts = plan.command;
  texts.insert(texts.end(), plan.environment.begin(), plan.environment.end());
  return plan.grid.check_use(texts);
}

// The sampling options of the runs, stored in the plan and as options of `run`.
SweptWatch make_watch(const SweepOptions& options, SweptWatch watch) {
  const RunOptions& run = options.run;
  if (!run.phase_regex.empty()) watch.phase_regex = run.phase_regex;
  if (!run.phase_end_regex.empty()) watch.phase_end_regex = run.phase_end_regex;
  if (!run.work_regex.empty()) watch.work_regex = run.work_regex;
  if (run.nvtx) watch.nvtx = run.nvtx;
  if (run.nvtx_depth) watch.nvtx_depth = run.nvtx_depth;
  if (!run.period.empty()) watch.period = run.period;
  watch.no_phases |= run.no_phases;
  watch.record_command |= run.record_command;
  watch.show_output |= options.show_output;
  return watch;
}

void use_watch(const SweptWatch& watch, SweepOptions& options) {
  RunOptions& run = options.run;
  run.phase_regex = watch.phase_regex;
  run.phase_end_regex = watch.phase_end_regex;
  run.work_regex = watch.work_regex;
  run.nvtx = watch.nvtx;
  run.nvtx_depth = watch.nvtx_depth;
  run.period = watch.period;
  run.no_phases = watch.no_phases;
  run.record_command = watch.record_command;
  options.show_output = watch.show_output;
}

// Applies the options to a plan: what they do not set stays.
Result<SweepPlan> make_plan(const SweepOptions& options, SweepPlan plan) {
  auto dimensions = NW_TRY(make_dimensions(options));
  if (!dimensions.empty()) plan.grid = NW_TRY(Grid::make(std::move(dimensions)));
  if (!options.run.command.empty()) plan.command = options.run.command;
  if (!options.run.name.empty()) plan.name = options.run.name;
  if (!options.run.labels.empty()) plan.labels = options.run.labels;
  if (!options.environment.empty()) plan.environment = options.environment;
  if (!options.gpus.empty()) plan.gpus = options.gpus;
  plan.repeat = options.repeat.value_or(plan.repeat);
  plan.warmup = options.warmup.value_or(plan.warmup);
  plan.seed = options.seed.value_or(plan.seed);
  plan.host = host_name(options.run.root);
  plan.watch = make_watch(options, plan.watch.value_or(SweptWatch()));
  if (options.cool_down) {
    const auto longest = parse_duration_ns(*options.cool_down);
    if (!longest)
      return fail(ErrorKind::malformed, "--cool-down=" + quote(*options.cool_down) + ": not a duration (like 60s)");
    plan.cool_down = Nanos::of(*longest);
  }
  if (plan.cool_down && !plan.command.empty() && parse_duration_ns(plan.command[0]))
    return fail(ErrorKind::malformed, fmt::format("{} was taken as the command; write --cool-down={}",
                                                  quote(plan.command[0]), plan.command[0]));
  NW_CHECK(check_words(plan));
  return plan;
}

Done check_unused(const std::string& dir) {
  const auto old = load_state(dir);
  if (!old && old.error().kind == ErrorKind::absent) return {};
  return fail(ErrorKind::busy, fmt::format("{0} holds a sweep: go on with it (nodewatt sweep --resume {0}), or name "
                                           "another directory with -o",
                                           dir));
}

Result<SweepState> begin_state(const SweepOptions& options, const std::string& dir) {
  SweepPlan plan;
  plan.seed = random_seed();
  plan = NW_TRY(make_plan(options, std::move(plan)));
  NW_CHECK(check_unused(dir));
  return SweepState::make(std::move(plan));
}

Result<SweepState> resume_state(const SweepOptions& options, const std::string& dir) {
  SweepState state = NW_TRY(load_state(dir));
  const SweepPlan asked = NW_TRY(make_plan(options, state.plan));
  std::string changes;
  for (const std::string& change : compute_changes(state.plan, asked)) changes += "\n  " + change;
  if (!changes.empty())
    return fail(ErrorKind::malformed, fmt::format("{} is another sweep than this:{}", dir, changes));
  state.plan.watch = asked.watch;
  return state;
}

// The file that a command of a killed sweep still holds open. A warm-up is not in the state.
std::string what_still_runs(const SweepDir& dir, const SweepState& state) {
  if (dir.has_command()) return dir.path() + "/" + SweepDir::kCommandLock;
  if (state.running && dir.is_written(log_name(state.running->turn)))
    return dir.path() + "/" + log_name(state.running->turn);
  return "";
}

// A run that was under way when the sweep was killed: it counts when its record is complete, else it is repeated.
Done settle_running(const SweepDir& dir, SweepState& state) {
  if (const std::string holds = what_still_runs(dir, state); !holds.empty())
    return fail(ErrorKind::busy,
                fmt::format("a command that was under way when the sweep was killed still runs (it holds {0}; "
                            "fuser {0} names it): end it, or wait for it",
                            holds));
  if (!state.running) return {};
  Query query;
  query.labels = {{"sweep", state.id}};
  query.limit = 0;
  const auto store = NW_TRY(open_store());
  const auto records = NW_TRY(store->find(query));
  for (const pb::Record& record : records) {
    if (record.uid() != state.running->uid || record.state() != "finished") continue;
    SweptRun run{
        state.running->turn, record.uid(), static_cast<double>(record.duration_ns()) * 1e-9, {}, {}, "", false};
    if (record.has_exit_code()) run.exit_code = record.exit_code();
    if (record.has_signal()) run.signal = record.signal();
    state.runs.push_back(std::move(run));
  }
  state.running.reset();
  return {};
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// `gpus`: those whose power limits it sets.
std::string headline(const SweepState& state, const std::vector<GpuLimit>& gpus) {
  return fmt::format("sweep {}: {}, {} each, {} in random order, seed {}{}", state.id.substr(0, 8),
                     counted(state.plan.grid.size(), "configuration"), counted(state.plan.repeat, "run"),
                     counted(state.order.size(), "run"), state.plan.seed,
                     gpus.empty() ? "" : "; sets the power limit of " + gpu_words(gpus));
}

int dry_run(const SweepOptions& options, const SweepState& state) {
  const auto gpus = SweptGpus::check(state.plan.grid, state.plan.gpus, options.run.root);
  if (!gpus) return error_exit(gpus.error().what);
  std::string text = headline(state, *gpus) + "\n";
  std::size_t number = 0;
  for (const Turn& turn : state.order) {
    std::string command;
    for (const auto& words : {state.plan.environment, state.plan.command})
      for (const std::string& word : state.plan.grid.fill(words, turn.point)) command += " " + word;
    const bool done =
        std::any_of(state.runs.begin(), state.runs.end(), [&](const SweptRun& run) { return run.turn == turn; });
    text += fmt::format("{:4}  {} run {}{}:{}\n", ++number, state.plan.grid.label(turn.point), turn.repeat,
                        done ? " (done)" : "", command);
  }
  const auto written = write_out("", text);
  return written ? 0 : error_exit(written.error());
}

// Refuses a directory that another user owns; and to replace what may be the only copy of records that are not found.
Done write_result(const std::string& dir, const Swept& swept, const FoundRecords& found) {
  if (!found.trouble.empty())
    return fail(
        ErrorKind::failed,
        fmt::format("{} not found, and {}/sweep.records may hold what is the only copy ({}): nothing is written "
                    "into {}",
                    counted(found.missing, "record"), dir, found.trouble, dir));
  return SweepDir::check(dir) ? write_results(dir, swept, found.records) : Done();
}

// Compares the existing results, prints and writes them.
int print_result(const std::string& dir, const SweepState& state, const std::string& per) {
  const auto found = find_records(dir, state);
  if (!found) return error_exit(found.error());
  const Swept swept = make_swept(dir, state, found->records, per);
  if (const auto done = write_out("", make_swept_text(swept, style_for(STDOUT_FILENO))); !done)
    error_exit(done.error());
  if (const Done done = write_result(dir, swept, *found); !done) return error_exit(done.error().what);
  std::printf("page %s/sweep.html; also sweep.md, .csv, .json, .svg, .records and logs/ in %s\n", dir.c_str(),
              dir.c_str());
  std::fflush(stdout);
  const bool failed =
      std::any_of(state.runs.begin(), state.runs.end(), [](const SweptRun& run) { return run.failed(); });
  return failed || found->missing > 0 ? 1 : 0;
}

// For a new sweep: the directory is created after all other checks; another process may have been quicker.
Result<SweepDir> make_new_dir(const std::string& path) {
  SweepDir dir = NW_TRY(SweepDir::make(path));
  NW_CHECK(check_unused(path));
  return dir;
}

// `held`: the directory of a sweep that is resumed.
int measure(const SweepOptions& options, const std::string& path, SweepState& state, std::optional<SweepDir> held) {
  const auto site = find_site(options.run.config, options.run.root);
  if (!site) return error_exit(site.error().what);
  if (const auto store = open_store(); !store) return error_exit(store.error());
  if (const std::string left = restore_left_limits(options.run.root); !left.empty()) error_exit(left);
  auto gpus = SweptGpus::make(state.plan.grid, state.plan.gpus, options.run.root);
  if (!gpus) return error_exit(gpus.error().what);
  const auto dir = held ? Result<SweepDir>(std::move(*held)) : make_new_dir(path);
  if (!dir) return error_exit(dir.error().what);
  if (const Done done = settle_running(*dir, state); !done) return error_exit(done.error());
  if (const Done done = save_state(path, state); !done) return error_exit(done.error());
  const auto limited = *gpus ? (*gpus)->gpus() : std::vector<GpuLimit>();
  std::fprintf(stderr, "%s, in %s\n", headline(state, limited).c_str(), path.c_str());

  const TurnsEnd end = run_turns(options, *site, *dir, state, gpus->get());
  Done released;
  if (*gpus) released = (*gpus)->release();
  if (!released)
    error_exit("GPU power limits were not put back: " + released.error().what + ". As root: nodewatt doctor");

  // From here nothing touches hardware.
  const int code = state.runs.empty() ? 1 : print_result(path, state, options.per);
  if (end.told) return end_like({{}, end.told, false, {}});
  return end.given_up.value_or(released ? code : 1);
}

// A resumed sweep locks its directory before it reads the state there; a new one creates it later, after the checks.
Result<std::optional<SweepDir>> hold_dir(const std::string& path, bool resumed) {
  if (!resumed) {
    const Done may = SweepDir::check(path);
    if (!may && may.error().kind != ErrorKind::absent) return tl::make_unexpected(may.error());
    return std::nullopt;
  }
  NW_TRY(load_state(path));  // nothing is created where there is no sweep
  return NW_TRY(SweepDir::open(path));
}
}  // namespace

int sweep(const SweepOptions& given) {
  SweepOptions options = given;
  if (const auto checked = check_phases(options.run); !checked) return error_exit(checked.error().what, kUsage);
  if (!options.report.empty()) {
    const auto state = load_state(options.report);
    return state ? print_result(options.report, *state, options.per) : error_exit(state.error());
  }
  const bool resumed = !options.resume.empty();
  const std::string dir = resumed ? options.resume : options.output.empty() ? kDefaultDir : options.output;
  auto held = options.dry_run ? Result<std::optional<SweepDir>>() : hold_dir(dir, resumed);
  if (!held) return error_exit(held.error());
  auto state = resumed ? resume_state(options, dir) : begin_state(options, dir);
  if (!state) return error_exit(state.error().what, state.error().kind == ErrorKind::absent ? 3 : kUsage);
  use_watch(*state->plan.watch, options);
  if (const auto checked = check_phases(options.run); !checked) return error_exit(checked.error().what, kUsage);
  return options.dry_run ? dry_run(options, *state) : measure(options, dir, *state, std::move(*held));
}

}  // namespace nw::cli
