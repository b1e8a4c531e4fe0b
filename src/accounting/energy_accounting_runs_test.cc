// Runs that the daemon measures for clients: a window on a step.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/invented_node.h"

namespace nw {
namespace {
using test::InventedNode;

double joules_of(const pb::Energy& energy) { return static_cast<double>(energy.energy_uj()) * 1e-6; }

TEST(ClientRuns, HaveWhatTheirStepHadMeanwhile) {
  InventedNode node;
  node.point();
  node.add_job("1", test::kEveryCpu);
  node.point();
  node.point();
  const StepName step = node.report("1");
  const std::uint64_t run = node.accounting->begin_run(step, 99, node.now);
  node.accounting->add_to_run(run, {ProgramEvent::Kind::begin, node.now, 1, 7, 1, "train", "", 0});
  for (int i = 0; i < 4; ++i) node.point();
  node.accounting->add_to_run(run, {ProgramEvent::Kind::work, node.now, 0, 7, 1, "", "sample", 10});
  EXPECT_FALSE(node.accounting->take_run(run)) << "it goes on";
  node.accounting->end_run(run, node.now);
  node.point();
  const auto record = node.accounting->take_run(run);
  ASSERT_TRUE(record);
  EXPECT_NEAR(joules_of(record->energy()), 4 * 120, 0.01);
  EXPECT_EQ(record->duration_ns(), seconds(4).count());
  EXPECT_EQ(record->measured_by().job(), "1");
  EXPECT_TRUE(record->measured_by().exclusive());
  ASSERT_EQ(record->phases_size(), 1);
  EXPECT_EQ(record->phases(0).energy().energy_uj(), record->energy().energy_uj());
  EXPECT_EQ(record->phases(0).work(0).count(), 10);
  EXPECT_FALSE(record->has_job());
  EXPECT_FALSE(node.accounting->take_run(run)) << "once";
}

TEST(ClientRuns, EndWithTheirStepAndGoOnAfterAKill) {
  InventedNode node;
  node.point();
  node.add_job("1", test::kEveryCpu);
  node.point();
  node.accounting->begin_run(node.report("1"), 99, node.now);
  for (int i = 0; i < 3; ++i) node.point();
  node.kill();
  node.point();
  const std::uint64_t again = node.accounting->begin_run(node.report("1"), 99, node.now);
  node.point();
  node.cgroups.jobs.clear();
  node.point();
  const auto record = node.accounting->take_run(again);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->duration_ns(), seconds(6).count());
  EXPECT_NEAR(joules_of(record->energy()), 6 * 120, 0.01);
}

TEST(ClientRuns, OfAProcessTreeAreKeptByTheirClientAlone) {
  InventedNode node;
  node.point();
  node.add_job("77", {});
  node.cgroups.jobs[0].manager = "process";
  node.cgroups.jobs[0].is_process_tree = node.cgroups.jobs[0].has_node = true;
  node.point();
  const auto step = node.accounting->find_step({"process", "", "77", "0"});
  ASSERT_TRUE(step);
  const std::uint64_t run = node.accounting->begin_run(*step, 5, node.now);
  for (int i = 0; i < 3; ++i) node.point();
  node.accounting->end_run(run, node.now);
  node.cgroups.jobs.clear();
  node.point();
  const auto record = node.accounting->take_run(run);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->measured_by().exclusive()) << "no other user has a process";
  EXPECT_NEAR(joules_of(record->energy()), 3 * 120, 0.01);
  EXPECT_TRUE(node.accounting->ended().empty());
}

// One run after another on one step: together they have what it has, to the microjoule, wherever they meet.
RC_GTEST_PROP(ClientRunsProperties, RunsThatTileAStepAddUpToIt, ()) {
  InventedNode node;
  node.point();
  node.add_job("1", *rc::gen::arbitrary<bool>() ? test::kEveryCpu : std::vector<unsigned>{0, 1}, {"0", "1"});
  node.point();
  const StepName step = node.report("1");
  std::vector<std::uint64_t> runs{node.accounting->begin_run(step, 1, node.now)};
  for (const int act : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4))) {
    node.busy = act % 2 == 0;
    if (act == 3) {
      node.run_for(millis(*rc::gen::inRange(1, 900)));
      node.accounting->end_run(runs.back(), node.now);
      runs.push_back(node.accounting->begin_run(step, runs.size() + 1, node.now));
    }
    node.point(millis(*rc::gen::inRange(1, 1500)));
  }
  node.cgroups.jobs.clear();
  for (int i = 0; i < 3; ++i) node.point();
  std::int64_t sum = 0, duration = 0;
  for (const std::uint64_t run : runs) {
    const auto record = node.accounting->take_run(run);
    RC_ASSERT(record.has_value());
    sum += record->energy().energy_uj();
    duration += record->duration_ns();
  }
  const pb::Step& whole = node.accounting->ended().front().job().steps(0);
  RC_ASSERT(duration == whole.duration_ns());
  RC_ASSERT(sum == whole.energy().energy_uj());
}

}  // namespace
}  // namespace nw
