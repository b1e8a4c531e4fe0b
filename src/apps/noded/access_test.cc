#include "apps/noded/access.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "record/record.pb.h"

namespace nw::noded {
namespace {

void set(pb::Energy& energy, std::int64_t microjoules) {
  energy.set_energy_uj(microjoules);
  energy.set_uncertainty_uj(123'456);
  energy.set_random_uj(111.1);
  energy.add_terms()->set_u_uj(98'765.4);
}

pb::Component& add(pb::Record& record, const char* domain, const char* sensor, unsigned depth, bool counted,
                   std::int64_t microjoules) {
  pb::Component& component = *record.add_components();
  component.set_domain(domain);
  component.set_sensor(sensor);
  component.set_depth(depth);
  component.set_counted(counted);
  set(*component.mutable_energy(), microjoules);
  return component;
}

pb::Record make_job(bool exclusive, Nanos duration, std::int64_t package, std::int64_t gpu, std::int64_t rest) {
  pb::Record record;
  record.mutable_job()->set_exclusive(exclusive);
  record.set_duration_ns(duration.count());
  record.mutable_timeline()->set_step_ns(1);
  set(*record.mutable_energy(), package + gpu + rest);
  add(record, "node", "xcc/node", 0, true, package + gpu + rest).set_max_power_uw(5'400'000);
  add(record, "package", "rapl/0", 1, true, package);
  add(record, "core", "rapl/0/core", 2, false, package / 2);
  add(record, "gpu", "nvml/a", 1, true, gpu);
  add(record, "other", "", 1, false, rest);
  return record;
}

RC_GTEST_PROP(Access, PhasesHaveNoMoreThanTheirParent, ()) {
  pb::Record record = make_job(true, seconds(60), 100, 200, 300);
  const auto parts = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 3'000'000));
  std::int64_t whole = 0;
  pb::Phase& parent = *record.add_phases();
  parent.set_path("train");
  for (const std::int64_t part : parts) {
    pb::Phase& phase = *record.add_phases();
    phase.set_path("train/" + std::to_string(record.phases_size()));
    whole += part;
    set(*phase.mutable_energy(), part);
  }
  set(*record.mutable_phases(0)->mutable_energy(), whole);
  for (pb::Phase& phase : *record.mutable_phases()) phase.set_resolved(true), phase.set_duration_ns(kNanosPerSecond);
  round_for_owner(record);
  std::int64_t sum = 0;
  for (int i = 1; i < record.phases_size(); ++i) sum += record.phases(i).energy().energy_uj();
  RC_ASSERT(sum == record.phases(0).energy().energy_uj());
  for (const pb::Phase& phase : record.phases()) RC_ASSERT(phase.energy().energy_uj() % kMicro == 0);
}

TEST(Access, APhaseShorterThanAnOwnerMayBeToldHasNoEnergy) {
  for (const bool exclusive : {true, false}) {
    pb::Record record = make_job(exclusive, seconds(60), 100, 200, 300);
    pb::Phase& phase = *record.add_phases();
    phase.set_path("train");
    phase.set_resolved(true);
    phase.set_duration_ns(seconds(5).count());
    set(*phase.mutable_energy(), 50'000'000);
    phase.add_components()->set_domain("core");
    phase.add_work()->set_count(3);
    round_for_owner(record);
    EXPECT_EQ(record.phases(0).resolved(), exclusive);
    EXPECT_EQ(record.phases(0).has_energy(), exclusive);
    EXPECT_EQ(record.phases(0).components_size(), 0) << "cores are never shown";
    EXPECT_EQ(record.phases(0).work(0).count(), 3);
  }
}

RC_GTEST_PROP(Access, WhatIsRoundedAddsUp, ()) {
  const auto some = rc::gen::inRange<std::int64_t>(0, 5'000'000'000);
  const std::int64_t package = *some, gpu = *some, rest = *some - 1'000'000'000;
  pb::Record record = make_job(true, seconds(60), package, gpu, rest);
  round_for_owner(record);
  std::int64_t parts = 0, root = 0;
  for (const pb::Component& component : record.components()) {
    RC_ASSERT(component.domain() != "core");
    RC_ASSERT(component.energy().energy_uj() % kMicro == 0);
    RC_ASSERT(component.energy().terms(0).u_uj() == 0.0);
    (component.depth() == 0 ? root : parts) += component.energy().energy_uj();
  }
  RC_ASSERT(root == parts);
  RC_ASSERT(record.energy().energy_uj() == root);
  RC_ASSERT(std::abs(root - (package + gpu + rest)) <= kMicro / 2);
  RC_ASSERT(record.timeline().series().empty());
  RC_ASSERT(record.components(0).max_power_uw() == 5'000'000);
}

// Steps that add up to the job to the microjoule still do after rounding to joules, part by part, and none exceeds it.
RC_GTEST_PROP(Access, RoundedStepsAreTheRoundedJob, ()) {
  const auto some = rc::gen::inRange<std::int64_t>(0, 3'000'000);  // where rounding is much
  const int count = *rc::gen::inRange(1, 8);
  std::int64_t package = 0, gpu = 0, rest = 0;
  std::vector<pb::Record> steps;
  for (int i = 0; i < count; ++i) {
    const std::int64_t own[] = {*some, *some, *some};
    steps.push_back(make_job(true, seconds(60), own[0], own[1], own[2]));
    package += own[0], gpu += own[1], rest += own[2];
  }
  pb::Record record = make_job(true, seconds(60), package, gpu, rest);
  for (const pb::Record& one : steps) {
    pb::Step& step = *record.mutable_job()->add_steps();
    step.set_duration_ns(one.duration_ns());
    *step.mutable_energy() = one.energy();
    *step.mutable_components() = one.components();
  }
  round_for_owner(record);
  std::int64_t sum = 0;
  std::vector<std::int64_t> parts(static_cast<std::size_t>(record.components_size()));
  for (const pb::Step& step : record.job().steps()) {
    RC_ASSERT(step.energy().energy_uj() <= record.energy().energy_uj());
    sum += step.energy().energy_uj();
    for (std::size_t i = 0; i < parts.size(); ++i)
      parts[i] += step.components(static_cast<int>(i)).energy().energy_uj();
  }
  RC_ASSERT(sum == record.energy().energy_uj());
  for (std::size_t i = 0; i < parts.size(); ++i)
    RC_ASSERT(parts[i] == record.components(static_cast<int>(i)).energy().energy_uj());
}

TEST(Access, TimelineIsRoundedAndNoFinerThanTheStep) {
  for (const bool exclusive : {true, false}) {
    pb::Record record = make_job(exclusive, seconds(60), 1'000'000, 0, 0);
    record.mutable_timeline()->set_step_ns(seconds(8).count());
    for (const std::int64_t energy : {1'600'000, -1, -1'600'000})
      (record.timeline().series_size() > 0 ? record.mutable_timeline()->mutable_series(0)
                                           : record.mutable_timeline()->add_series())
          ->add_energy_uj(energy);
    round_for_owner(record);
    ASSERT_EQ(record.timeline().series_size(), exclusive ? 1 : 0);
    if (!exclusive) continue;
    const auto& energies = record.timeline().series(0).energy_uj();
    EXPECT_EQ(std::vector(energies.begin(), energies.end()), (std::vector<std::int64_t>{2'000'000, -1, -2'000'000}));
  }
}

TEST(Access, UncertaintyNeverBecomesNone) {
  pb::Record record = make_job(true, seconds(60), 1'000'000, 0, 0);
  round_for_owner(record);
  EXPECT_EQ(record.energy().uncertainty_uj(), kMicro);
}

TEST(Access, WhatIsShorterThanTheStepHasNoFigure) {
  pb::Record own = make_job(true, seconds(1), 50'000'000, 0, 0);
  round_for_owner(own);
  EXPECT_TRUE(own.energy().has_energy_uj());
  own = make_job(true, millis(999), 50'000'000, 0, 0);
  round_for_owner(own);
  EXPECT_FALSE(own.energy().has_energy_uj());
  EXPECT_EQ(own.components_size(), 0);
  pb::Record shared = make_job(false, seconds(9), 50'000'000, 0, 0);
  round_for_owner(shared);
  EXPECT_FALSE(shared.energy().has_energy_uj());
}

TEST(Access, StepsOfASharedNodeAreNoFinerThanTenSeconds) {
  pb::Record record = make_job(false, seconds(60), 50'000'000, 0, 0);
  for (const int time : {9, 10}) {
    pb::Step& step = *record.mutable_job()->add_steps();
    step.set_duration_ns(seconds(time).count());
    set(*step.mutable_energy(), 7'400'000);
  }
  round_for_owner(record);
  EXPECT_FALSE(record.job().steps(0).energy().has_energy_uj());
  EXPECT_TRUE(record.job().steps(1).energy().has_energy_uj());
}

}  // namespace
}  // namespace nw::noded
