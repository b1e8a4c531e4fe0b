#include "apps/cli/sweep_turns.h"

#include <unistd.h>

#include <cstdio>
#include <set>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/cool_down.h"
#include "apps/cli/progress.h"
#include "apps/cli/run_monitor.h"
#include "base/fd.h"
#include "record/record.pb.h"

namespace nw::cli {

namespace {
constexpr int kNotExecutable = 126, kNotFound = 127;

class Turns {
 public:
  Turns(const SweepOptions& options, const Site& site, std::optional<Nanos> period, const SweepDir& dir,
        SweepState& state, SweptGpus* gpus)
      : options_(options),
        dir_(dir),
        state_(state),
        plan_(state.plan),
        gpus_(gpus),
        monitor_(options.run.root, period, site),
        progress_(monitor_.host().now(), ::isatty(STDERR_FILENO) == 1 && !options.show_output) {}

  TurnsEnd run() {
    while (const auto turn = state_.next()) {
      if (const auto signal = monitor_.signals().take_ending(Nanos{})) return {signal, {}};
      if (const TurnsEnd end = take(*turn); end.told || end.given_up) return end;
      if (options_.stop_on_failure && state_.runs.back().failed()) {
        progress_.clear();
        return {{},
                error_exit(fmt::format("stopped: {} failed: {}", plan_.grid.label(turn->point),
                                       failure_words(state_.runs.back())))};
      }
    }
    return {monitor_.signals().take_ending(Nanos{}), {}};
  }

 private:
  // One measured run with everything that comes before it.
  TurnsEnd take(const Turn& turn) {
    const Nanos begin = monitor_.host().now();
    if (gpus_ != nullptr)
      if (const Done done = gpus_->set(plan_.grid.value(turn.point, kPowerLimit)); !done) return give_up(done.error());
    if (const TurnsEnd end = warm_up(turn); end.told || end.given_up) return end;
    SweptRun run{turn, "", 0, {}, {}, "", false};
    if (plan_.cool_down) {
      std::optional<int> told;
      run.is_warm = !cool(turn, *plan_.cool_down, told);
      if (told) return {told, {}};
    }
    const TurnsEnd end = measure(turn, run);
    if (end.told || end.given_up) return end;
    run.seconds = to_seconds(monitor_.host().now() - begin);
    progress_.took(monitor_.host().now() - begin);
    state_.running.reset();
    state_.runs.push_back(std::move(run));
    return keep();
  }

  TurnsEnd keep() {
    const Done done = save_state(dir_.path(), state_);
    return done ? TurnsEnd{} : give_up(done.error());
  }

  TurnsEnd give_up(const Error& error) {
    progress_.clear();
    return {{}, error_exit("the sweep cannot go on: " + error.what)};
  }

  void show(const Turn& turn, std::string_view what) {
    progress_.show(fmt::format("{}, repeat {} of {}{}", plan_.grid.label(turn.point), turn.repeat, plan_.repeat, what),
                   state_.runs.size(), state_.left(), monitor_.host().now());
  }

  // Before a point's first run in this process: what it warms up (files in memory) may be gone when a sweep is resumed.
  TurnsEnd warm_up(const Turn& turn) {
    if (!warmed_.insert(turn.point).second) return {};
    for (unsigned i = 1; i <= plan_.warmup; ++i) {
      show(turn, fmt::format(", warm-up {}", i));
      const auto outcome = start({turn.point, i}, true);
      if (!outcome) return give_up(outcome.error());
      if (outcome->end.told) return {outcome->end.told, {}};
    }
    return {};
  }

  // False when the node was not idle at the time limit.
  bool cool(const Turn& turn, Nanos longest, std::optional<int>& told) {
    show(turn, ", cooling down");
    const auto record = monitor_.begin_record(options_of(turn));
    const CoolDownResult cooled = cool_down(monitor_.host(), monitor_.reader(), record ? *record : pb::Record(),
                                            longest, make_wait(monitor_.host(), monitor_.signals()), told);
    if (cooled == CoolDownResult::steady || cooled == CoolDownResult::paused) say_once_how(cooled);
    if (cooled != CoolDownResult::gave_up) return true;
    progress_.clear();
    error_exit(fmt::format("the node did not become idle within {:g} s; {} is measured all the same",
                           to_seconds(longest), plan_.grid.label(turn.point)));
    return false;
  }

  void say_once_how(CoolDownResult cooled) {
    if (said_how_) return;
    said_how_ = true;
    progress_.clear();
    error_exit(cooled == CoolDownResult::paused
                   ? "no sensor of this node can be read: cool-down is a pause of 5 s"
                   : "this node has no baseline (nodewatt calibrate idle): cool-down waits until its power is steady");
  }

  TurnsEnd measure(const Turn& turn, SweptRun& run) {
    if (const auto signal = monitor_.signals().take_ending(Nanos{})) return {signal, {}};
    show(turn, "");
    const auto outcome = start(turn, false);
    if (!outcome) return give_up(outcome.error());
    if (outcome->not_started) return not_started(*outcome->not_started, run);
    if (const auto signal = ended_by(outcome->end)) {
      state_.running.reset();
      TurnsEnd end = keep();
      end.told = signal;
      return end;
    }
    run.uid = outcome->record.uid();
    run.exit_code = outcome->end.exit_code;
    run.signal = outcome->end.signal;
    if (gpus_ == nullptr) return {};
    const auto changed = gpus_->find_changed();
    if (!changed) {  // it is not known under which limit it ran: it is repeated
      state_.running.reset();
      (void)keep();
      return give_up(changed.error());
    }
    if (!changed->empty()) run.trouble = "its power limit was changed meanwhile, " + *changed;
    return {};
  }

  // The signal that ended the run and is to end the sweep. A command that it killed may be gone before we receive it.
  std::optional<int> ended_by(const ChildEnd& end) const {
    if (end.told || end.exit_code == 0) return end.told;
    return monitor_.signals().take_ending(Nanos{});
  }

  // A program that is the same at every point and cannot be started fails the whole sweep, else only the point.
  TurnsEnd not_started(const Error& error, SweptRun& run) {
    run.trouble = "cannot start " + error.what;
    const std::string& program = plan_.command[0];
    if (plan_.grid.fill(program, 0) != program) return {};
    state_.running.reset();
    (void)keep();
    progress_.clear();
    return {{}, error_exit(run.trouble, error.kind == ErrorKind::absent ? kNotFound : kNotExecutable)};
  }

  RunOptions options_of(const Turn& turn) const {
    RunOptions run = options_.run;
    run.name = plan_.name;
    run.command = plan_.grid.fill(plan_.command, turn.point);
    run.environment = plan_.grid.fill(plan_.environment, turn.point);
    run.labels = plan_.labels;
    run.labels.push_back("sweep=" + state_.id);
    for (std::size_t i = 0; i < plan_.grid.dimensions().size(); ++i)
      run.labels.push_back(plan_.grid.dimensions()[i].name + "=" + plan_.grid.value(turn.point, i));
    return run;
  }

  Result<RunResult> start(const Turn& turn, bool warmup) {
    RunOptions run = options_of(turn);
    const Fd lock = NW_TRY(dir_.make_command_lock());
    run.lock = lock.get();
    Fd log;
    if (!options_.show_output) {
      log = NW_TRY(dir_.open_log(log_name(turn, warmup)));
      run.log = log.get();
    } else {
      progress_.clear();
    }
    auto record = NW_TRY(monitor_.begin_record(run));
    record.set_group(state_.groups[turn.point]);
    record.set_warmup(warmup);
    if (!warmup) record.set_repeat(turn.repeat);
    if (gpus_ != nullptr) gpus_->write(record);
    if (!warmup) {
      state_.running = {turn, record.uid()};
      NW_CHECK(save_state(dir_.path(), state_));
    }
    return monitor_.run(run, std::move(record));
  }

  const SweepOptions& options_;
  const SweepDir& dir_;
  SweepState& state_;
  const SweepPlan& plan_;
  SweptGpus* gpus_;
  RunMonitor monitor_;
  Progress progress_;
  std::set<std::size_t> warmed_;
  bool said_how_ = false;
};
}  // namespace

std::string log_name(const Turn& turn, bool warmup) {
  return fmt::format("logs/{:03}-{}{}.log", turn.point + 1, warmup ? "w" : "", turn.repeat);
}

TurnsEnd run_turns(const SweepOptions& options, const Site& site, const SweepDir& dir, SweepState& state,
                   SweptGpus* gpus) {
  const auto period = parse_period(options.run.period);
  if (!period) return {{}, error_exit(period.error().what, 2)};
  return Turns(options, site, *period, dir, state, gpus).run();
}

}  // namespace nw::cli
