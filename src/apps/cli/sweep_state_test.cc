#include "apps/cli/sweep_state.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace nw::cli {
namespace {

SweepPlan plan() {
  SweepPlan plan;
  plan.name = "train";
  plan.host = "n1";
  plan.command = {"python", "train.py", "--threads", "{threads}", "{x}"};
  plan.environment = {"OMP_NUM_THREADS={threads}"};
  plan.labels = {"who=me"};
  plan.grid = *Grid::make({{"threads", {"1", "2"}}, {"x", {"a", "\"b\" \xc3\xa9 \x01"}}});
  plan.repeat = 2;
  plan.warmup = 1;
  plan.seed = ~std::uint64_t{0};
  plan.gpus = "0";
  plan.cool_down = seconds(60);
  plan.watch = {{"p=a"}, {"p=b"}, {"sample=(\\d+) \xc3\xa9", "step"}, "train*", 5, "100ms", false, true, true};
  return plan;
}

SweepState begun() {
  SweepState state = *SweepState::make(plan());
  const std::string uid = state.groups[0];
  state.runs.push_back({state.order[0], uid, 1.25, 0, {}, "", true});
  state.runs.push_back({state.order[1], uid, 2, {}, 9, "", false});
  state.runs.push_back({state.order[2], "", 0, {}, {}, "cannot start x", false});
  state.running = {state.order[3], uid};
  return state;
}

TEST(SweepState, IsReadAsItWasWritten) {
  const SweepState state = begun();
  const auto read = parse_state(make_state_text(state));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(make_state_text(*read), make_state_text(state));
  EXPECT_TRUE(compute_changes(state.plan, read->plan).empty());
  EXPECT_EQ(read->order, state.order);
  EXPECT_EQ(read->running->uid, state.running->uid);
  EXPECT_TRUE(read->runs[0].is_warm);
  EXPECT_EQ(read->runs[1].signal, 9);
  EXPECT_EQ(read->plan.cool_down, seconds(60));
}

TEST(SweepState, KeepsHowItsRunsAreWatched) {
  const auto read = parse_state(make_state_text(begun()));
  ASSERT_TRUE(read && read->plan.watch);
  const SweptWatch &watch = *read->plan.watch, was = *plan().watch;
  EXPECT_EQ(watch.phase_regex, was.phase_regex);
  EXPECT_EQ(watch.phase_end_regex, was.phase_end_regex);
  EXPECT_EQ(watch.work_regex, was.work_regex);
  EXPECT_EQ(watch.nvtx, "train*");
  EXPECT_EQ(watch.nvtx_depth, 5U);
  EXPECT_EQ(watch.period, "100ms");
  EXPECT_FALSE(watch.no_phases);
  EXPECT_TRUE(watch.record_command && watch.show_output);
}

TEST(SweepState, OfAnOlderNodewattDoesNotSayHowItsRunsAreWatched) {
  SweepState state = begun();
  state.plan.watch.reset();
  const std::string text = make_state_text(state);
  EXPECT_EQ(text.find("watch"), std::string::npos);
  const auto read = parse_state(text);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_FALSE(read->plan.watch);
  EXPECT_TRUE(compute_changes(read->plan, plan()).empty()) << "whatever is given now";
}

TEST(SweepState, LivesInADirectory) {
  const test::TempDir dir;
  EXPECT_EQ(load_state(dir.path()).error().kind, ErrorKind::absent);
  const SweepState state = begun();
  ASSERT_TRUE(save_state(dir.path(), state));
  EXPECT_EQ(make_state_text(*load_state(dir.path())), make_state_text(state));
  dir.write("sweep.state", "{");
  const auto broken = load_state(dir.path());
  EXPECT_EQ(broken.error().kind, ErrorKind::malformed);
  EXPECT_NE(broken.error().what.find("sweep.state"), std::string::npos);
  EXPECT_FALSE(save_state(dir.at("no/such"), state));
}

TEST(SweepState, HalfAFileIsNone) {
  const std::string text = make_state_text(begun());
  for (std::size_t length = 0; length + 2 < text.size(); ++length)
    EXPECT_FALSE(parse_state(std::string_view(text).substr(0, length))) << length;
}

TEST(SweepState, RefusesWhatContradictsItself) {
  const std::string text = make_state_text(begun());
  const std::pair<const char*, const char*> spoils[] = {
      {R"("schema":"nodewatt-sweep/1")", R"("schema":"nodewatt-sweep/2")"},
      {R"("id":")", R"("id":"!)"},
      {R"("repeat":2)", R"("repeat":3)"},
      {R"("repeat":2)", R"("repeat":0)"},
      {R"("repeat":2)", R"("repeat":-2)"},
      {R"("repeat":2)", R"("repeat":1e9)"},
      {R"("warmup":1)", R"("warmup":null)"},
      {R"("values":["1","2"])", R"("values":["1","2","3"])"},
      {R"("values":["1","2"])", R"("values":[])"},
      {R"("values":["1","2"])", R"("values":[1,2])"},
      {R"("name":"threads")", R"("name":"x")"},
      {R"("command":["python")", R"("command":[0)"},
      {R"("groups":[")", R"("groups":["x",")"},
      {R"("order":[)", R"("order":[[0,1],)"},
      {R"("order":[)", R"("order":[7,)"},
      {R"("runs":[)", R"("runs":[7,)"},
      {R"("seconds":1.25)", R"("seconds":-1)"},
      {R"("seconds":1.25)", R"("seconds":"x")"},
      {R"("exit_code":0)", R"("exit_code":256)"},
      {R"("signal":9)", R"("signal":"9")"},
      {R"("warm":true)", R"("warm":1)"},
      {R"("cool_down_ns":60000000000)", R"("cool_down_ns":-1)"},
      {R"("nvtx_depth":5)", R"("nvtx_depth":17)"},
      {R"("show_output":true)", R"("show_output":1)"},
      {R"("work_regex":[)", R"("work_regex":[7,)"},
      {R"("period":"100ms")", R"("period":null)"},
      {R"("watch":{)", R"("watch":[],"was":{)"},
      {R"("running":{)", R"("running":{"uid":"x"},"was":{)"},
      {R"("host":"n1",)", ""},
  };
  for (const auto& [from, to] : spoils) {
    std::string spoilt = text;
    const auto at = spoilt.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    spoilt.replace(at, std::string_view(from).size(), to);
    EXPECT_FALSE(parse_state(spoilt)) << to;
  }
  EXPECT_FALSE(parse_state(std::string(100'000, '[')));
  EXPECT_FALSE(parse_state("null"));
}

TEST(SweepState, NextLeavesOutWhatIsDoneAndWhatFails) {
  SweepState state = *SweepState::make(plan());
  EXPECT_EQ(state.left(), 8U);
  EXPECT_EQ(state.next(), state.order[0]);
  state.runs.push_back({state.order[0], "", 1, 0, {}, "", false});
  EXPECT_EQ(state.next(), state.order[1]);
  EXPECT_EQ(state.left(), 7U);
  state.runs.push_back({state.order[1], "", 1, 3, {}, "", false});
  EXPECT_TRUE(state.has_failed(state.order[1].point));
  EXPECT_EQ(state.left(), 5U) << "the failed point's second repeat is not run";
  std::size_t turns = 0;
  for (; state.next(); ++turns) {
    EXPECT_NE(state.next()->point, state.order[1].point);
    state.runs.push_back({*state.next(), "", 1, 0, {}, "", false});
  }
  EXPECT_EQ(turns, 5U);
  EXPECT_EQ(state.left(), 0U);
}

TEST(SweepState, SaysWhatDiffers) {
  const SweepPlan was = plan();
  SweepPlan now = was;
  now.command.back() = "b";
  now.grid = *Grid::make({{"threads", {"1", "4"}}});
  now.repeat = 3;
  now.cool_down.reset();
  EXPECT_EQ(compute_changes(was, was).size(), 0U);
  const auto changes = compute_changes(was, now);
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[1].substr(0, 42), "grid: threads=1,4, and it was threads=1,2;");
  EXPECT_EQ(changes[2], "repeat: 3, and it was 2");
  EXPECT_EQ(changes[3], "cool-down: none, and it was at most 60 s");
}

TEST(SweepState, SaysWhatIsWatchedOtherwise) {
  const SweepPlan was = plan();
  SweepPlan now = was;
  now.watch = SweptWatch();
  now.watch->no_phases = true;
  const auto changes = compute_changes(was, now);
  ASSERT_EQ(changes.size(), 9U);
  EXPECT_EQ(changes[0].substr(0, 30), "phase-regex: none, and it was ");
  EXPECT_EQ(changes[4], "nvtx-depth: as ever, and it was 5");
  EXPECT_EQ(changes[6], "no-phases: yes, and it was no");
}

TEST(SweepState, RefusesTooMuchAndWhatItCannotHold) {
  SweepPlan big = plan();
  big.repeat = 1000;
  EXPECT_TRUE(SweepState::make(big));
  big.grid = *Grid::make({{"x", {"1", "2", "3", "4", "5"}}});
  EXPECT_FALSE(SweepState::make(big));
  SweepPlan odd = plan();
  odd.command.push_back("\xff");
  EXPECT_FALSE(SweepState::make(odd));
}

TEST(SweptRun, SaysWhyItFailed) {
  EXPECT_EQ(failure_words({{}, "", 0, 3, {}, "", false}), "exit 3");
  EXPECT_EQ(failure_words({{}, "", 0, {}, 9, "", false}), "killed by signal 9");
  EXPECT_EQ(failure_words({{}, "", 0, 0, {}, "no", false}), "no");
  EXPECT_FALSE((SweptRun{{}, "", 0, 0, {}, "", false}).failed());
  EXPECT_TRUE((SweptRun{{}, "", 0, {}, {}, "", false}).failed()) << "nobody knows how it ended";
}

}  // namespace
}  // namespace nw::cli
