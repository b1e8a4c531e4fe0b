// Jobs on a node whose own sensor is a slow controller: each has what the node took while it ran, not half a minute
// around that.
#include <deque>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/invented_node.h"

namespace nw {
namespace {
using test::InventedNode;

double joules_of(const pb::Energy& energy) { return static_cast<double>(energy.energy_uj()) * 1e-6; }

// The node draws 1.1 times what its parts do, and 80 W.
class ControlledNode : public InventedNode {
 public:
  ControlledNode() { add_controller(); }

  double node_w() const { return 1.1 * ((busy ? 300 : 100) + 20) + 80; }
  void step() {
    past_.push_back(node_w());
    if (past_.size() > 30) past_.pop_front();
    double sum = 0;
    for (const double watts : past_) sum += watts;
    controller_w = std::llround(sum / static_cast<double>(past_.size()));
    truth += node_w();
    point();
  }
  void live(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      busy = (i / 47) % 2 == 1;
      step();
    }
    busy = false;
    for (int i = 0; i < 40; ++i) step();
  }
  pb::Record run_job(int seconds) {
    add_job("7", test::kEveryCpu);
    step();
    busy = true;
    const double before = truth;
    for (int i = 0; i < seconds; ++i) step();
    busy = false;
    cgroups.jobs.clear();
    step();  // in which its end is found
    took = truth - before;
    for (int i = 0; i < 3; ++i) step();
    EXPECT_EQ(accounting->ended().size(), 1U);
    const pb::Record record = accounting->ended().empty() ? pb::Record() : accounting->ended().front();
    accounting->ended().clear();
    return record;
  }

  double truth = 0, took = 0;

 private:
  std::deque<double> past_;
};

const pb::Component& component(const pb::Record& record, const std::string& domain) {
  for (const auto& one : record.components())
    if (one.domain() == domain) return one;
  static const pb::Component none;
  return none;
}

void expect_right(const ControlledNode& node, const pb::Record& record) {
  EXPECT_NEAR(joules_of(record.energy()), node.took, 0.04 * node.took);
  EXPECT_NEAR(joules_of(record.energy()), node.took, static_cast<double>(record.energy().uncertainty_uj()) * 1e-6);
  EXPECT_LT(static_cast<double>(record.energy().uncertainty_uj()),
            0.1 * static_cast<double>(record.energy().energy_uj()));
  EXPECT_EQ(record.energy().kind(), pb::KIND_DERIVED);
  EXPECT_EQ(component(record, "node").source(), "controller/0, resolved by its parts");
  // What the parts leave closes exactly.
  std::int64_t parts = 0;
  for (const auto& one : record.components())
    if (one.depth() == 1) parts += one.energy().energy_uj();
  EXPECT_EQ(parts, record.energy().energy_uj());
}

TEST(ResolvedJobs, AShortOneHasWhatTheNodeTook) {
  ControlledNode node;
  node.live(900);
  expect_right(node, node.run_job(3));
  node.live(60);
  expect_right(node, node.run_job(20));
}

TEST(ResolvedJobs, WhatWasLearnedSurvivesARestart) {
  ControlledNode node;
  node.live(900);
  node.kill();
  for (int i = 0; i < 5; ++i) node.step();
  expect_right(node, node.run_job(3));
}

TEST(ResolvedJobs, PhasesFollowTheParts) {
  ControlledNode node;
  node.live(900);
  node.add_job("7", test::kEveryCpu);
  node.step();
  const StepName step = node.report("7");
  node.begin(step, 1, "idle");
  node.step();
  node.step();
  node.end(step, 1);
  node.begin(step, 2, "busy");
  node.busy = true;
  for (int i = 0; i < 3; ++i) node.step();
  node.end(step, 2);
  node.busy = false;
  node.cgroups.jobs.clear();
  for (int i = 0; i < 4; ++i) node.step();
  ASSERT_EQ(node.accounting->ended().size(), 1U);
  const pb::Record& record = node.accounting->ended().front();
  ASSERT_EQ(record.phases_size(), 2);
  EXPECT_NEAR(joules_of(record.phases(0).energy()), 2 * 212, 0.06 * 2 * 212);
  EXPECT_NEAR(joules_of(record.phases(1).energy()), 3 * 432, 0.04 * 3 * 432);
}

// Whatever comes and goes, and whatever cannot be read: point() checks that nothing is given twice or not at all.
RC_GTEST_PROP(ResolvedJobs, NothingIsLostBetweenThem, ()) {
  ControlledNode node;
  node.live(static_cast<int>(*rc::gen::inRange(0, 90)));
  const auto moves = *rc::gen::container<std::vector<int>>(30, rc::gen::inRange(0, 8));
  int jobs = 0;
  for (const int move : moves) {
    if (move == 0) node.add_job("j" + std::to_string(jobs++), test::kEveryCpu);
    if (move == 1 && !node.cgroups.jobs.empty()) node.cgroups.jobs.erase(node.cgroups.jobs.begin());
    if (move == 2) node.busy = !node.busy;
    node.lost = move == 3;
    if (move == 4) node.kill();
    node.step();
  }
  RC_ASSERT(node.accounting->snapshot().not_conserved() == Joules{});
}

}  // namespace
}  // namespace nw
