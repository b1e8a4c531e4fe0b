#include "accounting/job_timeline.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "record/checkpoint.pb.h"
#include "record/record.h"

namespace nw {
namespace {

std::vector<std::int64_t> energies_of(const JobTimeline& timeline, Domain domain) {
  pb::Timeline out;
  timeline.write(out);
  for (const pb::Series& series : out.series())
    if (series.domain() == name(domain)) return {series.energy_uj().begin(), series.energy_uj().end()};
  return {};
}

std::int64_t step_of(const JobTimeline& timeline) {
  pb::Timeline out;
  timeline.write(out);
  return out.step_ns() / kNanosPerSecond;
}

TEST(JobTimeline, IntervalsGoIntoStepsByTime) {
  JobTimeline timeline;
  timeline.add({{Domain::package, Joules::of(600)}}, millis(600), seconds(1));
  EXPECT_TRUE(energies_of(timeline, Domain::package).empty()) << "no step is over";
  timeline.add({{Domain::package, Joules::of(1600)}}, millis(1600), seconds(1));
  EXPECT_EQ(energies_of(timeline, Domain::package), (std::vector<std::int64_t>{1000, 1000}));
}

TEST(JobTimeline, ALongJobHasLongSteps) {
  JobTimeline timeline;
  for (int i = 0; i < 500; ++i) timeline.add({{Domain::gpu, Joules::of(10)}}, seconds(1), seconds(1));
  EXPECT_EQ(step_of(timeline), 8);
  EXPECT_EQ(energies_of(timeline, Domain::gpu), std::vector<std::int64_t>(62, 80));
}

TEST(JobTimeline, OfASharedNodeItIsCoarserFromThenOn) {
  JobTimeline timeline;
  for (int i = 0; i < 35; ++i) timeline.add({{Domain::gpu, Joules::of(10)}}, seconds(1), seconds(i < 5 ? 1 : 10));
  EXPECT_EQ(step_of(timeline), 16);
  EXPECT_EQ(energies_of(timeline, Domain::gpu), std::vector<std::int64_t>(2, 160));
}

TEST(JobTimeline, WhatWasNotReadIsNotNothing) {
  JobTimeline timeline;
  timeline.add({{Domain::gpu, Joules::of(10)}}, seconds(1), seconds(1));
  timeline.add({{Domain::package, Joules::of(20)}}, seconds(1), seconds(1));
  EXPECT_EQ(energies_of(timeline, Domain::gpu), (std::vector<std::int64_t>{10, kNotRead}));
  EXPECT_EQ(energies_of(timeline, Domain::package), (std::vector<std::int64_t>{kNotRead, 20}));
  for (int i = 2; i < 120; ++i) timeline.add({{Domain::package, Joules::of(20)}}, seconds(1), seconds(1));
  EXPECT_EQ(energies_of(timeline, Domain::gpu).at(0), kNotRead) << "half of a step";
}

// A remainder is a difference: it may be below 0, and by the very number that earlier versions wrote for "not read".
TEST(JobTimeline, OneMicrojouleBelowNothingIsAnEnergy) {
  JobTimeline timeline;
  timeline.add({{Domain::node, Joules::of(-1)}}, seconds(1), seconds(1));
  pb::CheckpointTimeline checkpoint;
  timeline.write(checkpoint);
  EXPECT_EQ(energies_of(JobTimeline::read(checkpoint), Domain::node), std::vector<std::int64_t>{-1});
}

// Nothing is lost or added, however the intervals lie, and the checkpoint restores what was saved.
RC_GTEST_PROP(JobTimeline, HoldsWhatItWasGiven, ()) {
  JobTimeline timeline;
  std::int64_t given = 0;
  Nanos time{};
  for (const int act : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8))) {
    const Nanos over = act == 0 ? seconds(*rc::gen::inRange(1, 100'000)) : millis(*rc::gen::inRange(1, 3000));
    const auto energy = *rc::gen::inRange<std::int64_t>(-1000, 1'000'000);
    timeline.add({{Domain::node, Joules::of(energy)}}, over, seconds(act == 7 ? 10 : 1));
    given += energy;
    time += over;
    pb::CheckpointTimeline checkpoint;
    timeline.write(checkpoint);
    if (act == 1) timeline = JobTimeline::read(checkpoint);
    std::int64_t held = 0;
    for (const std::int64_t one : checkpoint.series(0).energy_uj()) held += one;
    RC_ASSERT(held == given);
    RC_ASSERT(checkpoint.over() * checkpoint.step_ns() + checkpoint.passed_ns() == time.count());
    RC_ASSERT(checkpoint.over() < JobTimeline::kSteps);
  }
}

TEST(JobTimeline, WhatMakesNoSenseIsNotReadOn) {
  pb::CheckpointTimeline checkpoint;
  JobTimeline::read(checkpoint).add({{Domain::gpu, Joules::of(1)}}, seconds(5), seconds(1));
  checkpoint.set_step_ns(-1);
  checkpoint.set_over(4'000'000'000);
  checkpoint.add_series()->set_domain("gpu");
  pb::CheckpointTimeline again;
  JobTimeline::read(checkpoint).write(again);
  EXPECT_EQ(again.over(), 0U);
  EXPECT_EQ(again.step_ns(), seconds(1).count());
}

}  // namespace
}  // namespace nw
