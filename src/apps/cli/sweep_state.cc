#include "apps/cli/sweep_state.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "base/host.h"
#include "base/parse.h"
#include "report/json_values.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
using json::Json;

constexpr const char* kSchema = "nodewatt-sweep/1";
constexpr std::size_t kMostTexts = 20'000;
constexpr unsigned kMostRepeats = 1000, kMostDepth = 16;

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::string grid_words(const Grid& grid) {
  std::string text;
  for (const Dimension& one : grid.dimensions()) {
    text += (text.empty() ? "" : "; ") + one.name + "=";
    for (std::size_t i = 0; i < one.values.size(); ++i) text += (i == 0 ? "" : ",") + one.values[i];
  }
  return text;
}

std::string wait_words(const std::optional<Nanos>& wait) {
  return wait ? fmt::format("at most {:g} s", to_seconds(*wait)) : "none";
}

Json turn_json(const Turn& turn) { return Json::array({turn.point, turn.repeat}); }

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// Reads the state: each get states what it expects, and the first mismatch is the error.
class Fields {
 public:
  const Json& at(const Json& from, const char* key) {
    static const Json kNothing;
    if (from.is_object())
      if (const auto found = from.find(key); found != from.end()) return *found;
    refuse(std::string(key) + " is missing");
    return kNothing;
  }
  std::uint64_t number(const Json& from, const char* key, std::uint64_t most) {
    const Json& value = at(from, key);
    return whole(value, key, most);
  }
  std::uint64_t whole(const Json& value, const char* key, std::uint64_t most) {
    if (value.is_number_unsigned() && value.get<std::uint64_t>() <= most) return value.get<std::uint64_t>();
    refuse(fmt::format("{} is no whole number up to {}", key, most));
    return 0;
  }
  std::string text(const Json& from, const char* key) {
    const Json& value = at(from, key);
    if (value.is_string()) return value.get<std::string>();
    refuse(std::string(key) + " is no text");
    return "";
  }
  std::string uid(const Json& value, const char* key) {
    if (value.is_string() && is_uid(value.get_ref<const std::string&>())) return value.get<std::string>();
    refuse(std::string(key) + " is no uid");
    return "";
  }
  std::optional<int> code(const Json& from, const char* key) {
    const Json& value = at(from, key);
    if (value.is_null()) return std::nullopt;
    return static_cast<int>(whole(value, key, 255));
  }
  const Json& list(const Json& from, const char* key, std::size_t most) {
    static const Json kEmpty = Json::array();
    const Json& value = at(from, key);
    if (value.is_array() && value.size() <= most) return value;
    refuse(fmt::format("{} is no list of up to {}", key, most));
    return kEmpty;
  }
  std::vector<std::string> texts(const Json& from, const char* key) {
    std::vector<std::string> all;
    for (const Json& value : list(from, key, kMostTexts)) {
      if (!value.is_string()) refuse(std::string(key) + " holds what is no text");
      all.push_back(value.is_string() ? value.get<std::string>() : "");
    }
    return all;
  }

  bool flag(const Json& from, const char* key) {
    const Json& value = at(from, key);
    if (!value.is_boolean()) refuse(std::string(key) + " is neither true nor false");
    return value == true;
  }

  void refuse(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  const std::string& error() const { return error_; }

 private:
  std::string error_;
};

Turn read_turn(Fields& in, const Json& value, const SweepPlan& plan) {
  if (!value.is_array() || value.size() != 2) return in.refuse("a run is no pair of configuration and repeat"), Turn{};
  const Turn turn{in.whole(value[0], "point", plan.grid.size() - 1),
                  static_cast<unsigned>(in.whole(value[1], "repeat", plan.repeat))};
  if (turn.repeat == 0) in.refuse("a repeat is 0");
  return turn;
}

Json watch_json(const SweptWatch& watch) {
  return {{"phase_regex", watch.phase_regex},
          {"phase_end_regex", watch.phase_end_regex},
          {"work_regex", watch.work_regex},
          {"nvtx", optional_json(watch.nvtx)},
          {"nvtx_depth", optional_json(watch.nvtx_depth)},
          {"period", watch.period},
          {"no_phases", watch.no_phases},
          {"record_command", watch.record_command},
          {"show_output", watch.show_output}};
}

SweptWatch read_watch(Fields& in, const Json& from) {
  SweptWatch watch;
  watch.phase_regex = in.texts(from, "phase_regex");
  watch.phase_end_regex = in.texts(from, "phase_end_regex");
  watch.work_regex = in.texts(from, "work_regex");
  if (!in.at(from, "nvtx").is_null()) watch.nvtx = in.text(from, "nvtx");
  if (!in.at(from, "nvtx_depth").is_null())
    watch.nvtx_depth = static_cast<unsigned>(in.number(from, "nvtx_depth", kMostDepth));
  watch.period = in.text(from, "period");
  watch.no_phases = in.flag(from, "no_phases");
  watch.record_command = in.flag(from, "record_command");
  watch.show_output = in.flag(from, "show_output");
  return watch;
}

// The differences of two plans, each as text.
class Changes {
 public:
  void compare(std::string_view what, const std::string& before, const std::string& after) {
    if (before != after) all.push_back(fmt::format("{}: {}, and it was {}", what, after, before));
  }
  void compare(std::string_view what, bool before, bool after) {
    compare(what, std::string(before ? "yes" : "no"), std::string(after ? "yes" : "no"));
  }
  void compare(std::string_view what, const std::vector<std::string>& before, const std::vector<std::string>& after) {
    if (before != after) compare(what, quoted(before), quoted(after));
  }

  std::vector<std::string> all;

 private:
  static std::string quoted(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + quote(word);
    return line.empty() ? "none" : line;
  }
};

void compare_watches(const SweptWatch& was, const SweptWatch& now, Changes& changes) {
  const auto depth = [](const SweptWatch& watch) {
    return watch.nvtx_depth ? std::to_string(*watch.nvtx_depth) : "as ever";
  };
  changes.compare("phase-regex", was.phase_regex, now.phase_regex);
  changes.compare("phase-end-regex", was.phase_end_regex, now.phase_end_regex);
  changes.compare("work-regex", was.work_regex, now.work_regex);
  changes.compare("nvtx", was.nvtx.value_or("none"), now.nvtx.value_or("none"));
  changes.compare("nvtx-depth", depth(was), depth(now));
  changes.compare("period", was.period.empty() ? "as ever" : was.period, now.period.empty() ? "as ever" : now.period);
  changes.compare("no-phases", was.no_phases, now.no_phases);
  changes.compare("record-command", was.record_command, now.record_command);
  changes.compare("show-output", was.show_output, now.show_output);
}

SweepPlan read_plan(Fields& in, const Json& from) {
  SweepPlan plan;
  plan.name = in.text(from, "name");
  plan.host = in.text(from, "host");
  plan.command = in.texts(from, "command");
  plan.environment = in.texts(from, "environment");
  plan.labels = in.texts(from, "labels");
  plan.repeat = static_cast<unsigned>(in.number(from, "repeat", kMostRepeats));
  plan.warmup = static_cast<unsigned>(in.number(from, "warmup", kMostRepeats));
  plan.seed = in.number(from, "seed", ~std::uint64_t{0});
  plan.gpus = in.text(from, "gpus");
  if (!in.at(from, "cool_down_ns").is_null())
    plan.cool_down = Nanos::of(static_cast<std::int64_t>(in.number(from, "cool_down_ns", std::uint64_t{1} << 60)));
  if (from.is_object() && from.contains("watch")) plan.watch = read_watch(in, from["watch"]);
  if (plan.command.empty()) in.refuse("command is empty");
  if (plan.repeat == 0) in.refuse("repeat is 0");
  std::vector<Dimension> dimensions;
  for (const Json& one : in.list(from, "dimensions", kMostTexts))
    dimensions.push_back({in.text(one, "name"), in.texts(one, "values")});
  auto grid = Grid::make(std::move(dimensions));
  if (grid)
    plan.grid = std::move(*grid);
  else
    in.refuse(grid.error().what);
  return plan;
}

SweptRun read_run(Fields& in, const Json& from, const SweepPlan& plan) {
  SweptRun run;
  run.turn = read_turn(in, in.at(from, "run"), plan);
  run.uid = in.text(from, "uid");
  if (!run.uid.empty()) run.uid = in.uid(run.uid, "uid");
  const Json& seconds = in.at(from, "seconds");
  if (!seconds.is_number() || !(seconds.get<double>() >= 0 && seconds.get<double>() < 1e9))
    in.refuse("seconds are no time");
  else
    run.seconds = seconds.get<double>();
  run.exit_code = in.code(from, "exit_code");
  run.signal = in.code(from, "signal");
  run.trouble = in.text(from, "trouble");
  run.is_warm = in.flag(from, "warm");
  return run;
}

using Key = std::pair<std::size_t, unsigned>;
Key key_of(const Turn& turn) { return {turn.point, turn.repeat}; }

// Checks that the order holds every run of the plan once, and that the completed runs are among these, each once.
void check_whole(Fields& in, const SweepState& state) {
  if (state.groups.size() != state.plan.grid.size()) in.refuse("groups are not one for each configuration");
  if (state.order.size() != state.plan.grid.size() * state.plan.repeat) in.refuse("order is not that of this grid");
  std::set<Key> all, done;
  for (const Turn& turn : state.order)
    if (!all.insert(key_of(turn)).second) in.refuse("order holds a run twice");
  for (const SweptRun& run : state.runs)
    if (!done.insert(key_of(run.turn)).second) in.refuse("a run is done twice");
}
}  // namespace

std::vector<std::string> compute_changes(const SweepPlan& was, const SweepPlan& now) {
  Changes changes;
  changes.compare("host", was.host, now.host);
  if (was.command != now.command)
    changes.all.push_back(fmt::format("command: {}, and it was {}", joined(now.command), joined(was.command)));
  changes.compare("grid", grid_words(was.grid), grid_words(now.grid));
  changes.compare("environment", joined(was.environment), joined(now.environment));
  changes.compare("name", was.name, now.name);
  changes.compare("labels", joined(was.labels), joined(now.labels));
  changes.compare("repeat", std::to_string(was.repeat), std::to_string(now.repeat));
  changes.compare("warmup", std::to_string(was.warmup), std::to_string(now.warmup));
  changes.compare("seed", std::to_string(was.seed), std::to_string(now.seed));
  changes.compare("GPUs", was.gpus, now.gpus);
  changes.compare("cool-down", wait_words(was.cool_down), wait_words(now.cool_down));
  if (was.watch && now.watch) compare_watches(*was.watch, *now.watch, changes);
  return changes.all;
}

std::string failure_words(const SweptRun& run) {
  if (!run.trouble.empty()) return run.trouble;
  if (run.signal) return fmt::format("killed by signal {}", *run.signal);
  return run.exit_code ? fmt::format("exit {}", *run.exit_code) : "no exit code";
}

Result<SweepState> SweepState::make(SweepPlan plan) {
  if (plan.grid.size() * plan.repeat > Grid::kMostTurns)
    return fail(ErrorKind::malformed,
                fmt::format("{} configurations with {} repeats are more than {} runs: choose fewer", plan.grid.size(),
                            plan.repeat, Grid::kMostTurns));
  const SweptWatch watch = plan.watch.value_or(SweptWatch());
  for (const auto& texts : {plan.command,
                            plan.environment,
                            plan.labels,
                            watch.phase_regex,
                            watch.phase_end_regex,
                            watch.work_regex,
                            {plan.name, watch.nvtx.value_or(""), watch.period}})
    for (const std::string& text : texts)
      if (valid_utf8(text) != text)
        return fail(ErrorKind::malformed, quote(text) + " is no UTF-8, which a sweep's state file cannot hold");
  SweepState state;
  state.id = NW_TRY(make_uid());
  for (std::size_t point = 0; point < plan.grid.size(); ++point) {
    auto group = NW_TRY(make_uid());
    state.groups.push_back(std::move(group));
  }
  state.order = shuffle_turns(plan.grid.size(), plan.repeat, plan.seed);
  state.plan = std::move(plan);
  return state;
}

bool SweepState::has_failed(std::size_t point) const {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const SweptRun& run) { return run.turn.point == point && run.failed(); });
}

std::optional<Turn> SweepState::next() const {
  std::set<Key> done;
  for (const SweptRun& run : runs) done.insert(key_of(run.turn));
  for (const Turn& turn : order)
    if (!done.contains(key_of(turn)) && !has_failed(turn.point)) return turn;
  return std::nullopt;
}

std::size_t SweepState::left() const {
  std::vector<std::size_t> done(plan.grid.size());
  std::vector<bool> failed(plan.grid.size());
  for (const SweptRun& run : runs)
    ++done[run.turn.point], failed[run.turn.point] = failed[run.turn.point] || run.failed();
  std::size_t sum = 0;
  for (std::size_t point = 0; point < done.size(); ++point) sum += failed[point] ? 0 : plan.repeat - done[point];
  return sum;
}

std::string make_state_text(const SweepState& state) {
  const SweepPlan& plan = state.plan;
  Json dimensions = Json::array(), order = Json::array(), runs = Json::array();
  for (const Dimension& one : plan.grid.dimensions())
    dimensions.push_back({{"name", one.name}, {"values", one.values}});
  for (const Turn& turn : state.order) order.push_back(turn_json(turn));
  for (const SweptRun& run : state.runs)
    runs.push_back({{"run", turn_json(run.turn)},
                    {"uid", run.uid},
                    {"seconds", run.seconds},
                    {"exit_code", optional_json(run.exit_code)},
                    {"signal", optional_json(run.signal)},
                    {"trouble", run.trouble},
                    {"warm", run.is_warm}});
  Json all = {{"schema", kSchema}, {"id", state.id}};
  all["plan"] = {
      {"name", plan.name},
      {"host", plan.host},
      {"command", plan.command},
      {"environment", plan.environment},
      {"labels", plan.labels},
      {"dimensions", dimensions},
      {"repeat", plan.repeat},
      {"warmup", plan.warmup},
      {"seed", plan.seed},
      {"gpus", plan.gpus},
      {"cool_down_ns", plan.cool_down ? Json(static_cast<std::uint64_t>(plan.cool_down->count())) : Json(nullptr)}};
  if (plan.watch) all["plan"]["watch"] = watch_json(*plan.watch);
  all["groups"] = state.groups;
  all["order"] = order;
  all["running"] =
      state.running ? Json{{"run", turn_json(state.running->turn)}, {"uid", state.running->uid}} : Json(nullptr);
  all["runs"] = runs;
  return json::print(all, -1);
}

Result<SweepState> parse_state(std::string_view text) {
  const Json all = Json::parse(text, nullptr, false);
  if (!all.is_object()) return fail(ErrorKind::malformed, "not the state of a sweep: no JSON object");
  Fields in;
  if (in.text(all, "schema") != kSchema)
    return fail(ErrorKind::malformed, fmt::format("not the state of a sweep, or of another version than {}", kSchema));
  SweepState state;
  state.id = in.uid(in.at(all, "id"), "id");
  state.plan = read_plan(in, in.at(all, "plan"));
  if (!in.error().empty()) return fail(ErrorKind::malformed, in.error());
  for (const Json& group : in.list(all, "groups", Grid::kMostTurns)) state.groups.push_back(in.uid(group, "group"));
  for (const Json& turn : in.list(all, "order", Grid::kMostTurns))
    state.order.push_back(read_turn(in, turn, state.plan));
  for (const Json& run : in.list(all, "runs", Grid::kMostTurns)) state.runs.push_back(read_run(in, run, state.plan));
  if (const Json& running = in.at(all, "running"); !running.is_null())
    state.running = {read_turn(in, in.at(running, "run"), state.plan), in.uid(in.at(running, "uid"), "uid")};
  check_whole(in, state);
  if (!in.error().empty()) return fail(ErrorKind::malformed, in.error());
  return state;
}

Done save_state(const std::string& dir, const SweepState& state) {
  const std::string text = make_state_text(state);
  constexpr std::size_t kMost = 1 << 20;
  if (text.size() > kMost)
    return fail(ErrorKind::malformed, fmt::format("{}/{}: would be longer than 1 MiB", dir, SweepState::kFile));
  return write_out(dir + "/" + SweepState::kFile, text);
}

Result<SweepState> load_state(const std::string& dir) {
  std::error_code error;
  const std::string path = (std::filesystem::absolute(dir, error) / SweepState::kFile).string();
  const std::string text = NW_TRY(make_real_host()->read_text(path));
  auto state = parse_state(text);
  if (!state) return fail(state.error().kind, path + ": " + state.error().what);
  return state;
}

}  // namespace nw::cli
