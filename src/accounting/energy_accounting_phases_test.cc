// Phases and work in jobs: what programs report reaches the record of their job, and adds up.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/invented_node.h"

namespace nw {
namespace {

bool all_jobs(const pb::Record&) { return true; }

using test::InventedNode;
using test::kEveryCpu;

double joules_of(const pb::Energy& energy) { return static_cast<double>(energy.energy_uj()) * 1e-6; }

const pb::Phase& phase(const google::protobuf::RepeatedPtrField<pb::Phase>& phases, const std::string& path) {
  for (const pb::Phase& one : phases)
    if (one.path() == path) return one;
  ADD_FAILURE() << "no phase " << path;
  static const pb::Phase none;
  return none;
}

std::uint64_t count(const pb::Record& record, const std::string& anomaly) {
  std::uint64_t times = 0;
  for (const auto& one : record.anomalies())
    if (one.name() == anomaly) times += one.count();
  return times;
}

TEST(JobPhases, HaveTheirEnergyAndWork) {
  InventedNode node;
  const StepName step = node.start_exclusive_job();
  node.begin(step, 1, "train");
  node.busy = true;
  for (int i = 0; i < 4; ++i) node.point();
  node.event(step, ProgramEvent::Kind::work, 0, "", 640);
  node.end(step, 1);
  node.busy = false;
  node.begin(step, 2, "infer");
  for (int i = 0; i < 2; ++i) node.point();
  node.event(step, ProgramEvent::Kind::work, 0, "", 100);
  node.end(step, 2);
  node.event(step, ProgramEvent::Kind::figure, 0, "dice", 0.7);
  node.point();
  const pb::Record record = node.finish();
  ASSERT_EQ(record.phases_size(), 2);
  EXPECT_NEAR(joules_of(phase(record.phases(), "train").energy()), 4 * 320, 0.01);
  EXPECT_NEAR(joules_of(phase(record.phases(), "infer").energy()), 2 * 120, 0.01);
  EXPECT_EQ(phase(record.phases(), "train").energy().kind(), pb::KIND_MEASURED);
  EXPECT_EQ(phase(record.phases(), "train").duration_ns(), seconds(4).count());
  EXPECT_EQ(phase(record.phases(), "train").work(0).count(), 640);
  EXPECT_EQ(phase(record.phases(), "train").spans(0).begin_ns(), 0) << "the job was seen when it began";
  EXPECT_EQ(record.figures(0).value(), 0.7);
  ASSERT_EQ(record.job().steps_size(), 1);
  EXPECT_EQ(record.job().steps(0).phases_size(), 2);
  EXPECT_EQ(count(record, "phase_unended"), 0U);
}

// Half a second of work, half of rest, and a sampling point every two seconds: with sample sets at the edges the phase
// has the energy of its work; without them the mean.
TEST(JobPhases, SampleSetsAtTheirEdgesShowShortOnes) {
  for (const bool closely : {true, false}) {
    InventedNode node;
    const StepName step = node.start_exclusive_job();
    for (std::uint64_t i = 1; i <= 20; ++i) {
      node.busy = true;
      node.begin(step, i, "batch");
      node.run_for(millis(500));
      node.end(step, i);
      if (closely && node.accounting->wants_sample_set()) node.accounting->add(node.read());
      node.busy = false;
      if (i % 2 == 0)
        node.point(millis(500));
      else
        node.run_for(millis(500));
      if (closely && i % 2 == 1) node.accounting->add(node.read());
    }
    const pb::Record record = node.finish();
    const pb::Phase& batch = phase(record.phases(), "batch");
    EXPECT_EQ(batch.count(), 20U);
    EXPECT_EQ(batch.duration_ns(), seconds(10).count());
    EXPECT_NEAR(joules_of(batch.energy()), closely ? 3200 : 2200, 25);
  }
}

TEST(JobPhases, OfAStepAreOfItsShare) {
  InventedNode node;
  node.point();
  node.add_job("1", {0, 1, 2, 3}, {"0", "1"});
  node.add_job("2", {4, 5, 6, 7});
  node.point();
  const StepName first = node.report("1", "0"), second = node.report("1", "1");
  node.begin(first, 1, "train");
  node.begin(second, 1, "train");
  for (int i = 0; i < 3; ++i) node.point();
  node.end(first, 1);
  node.end(second, 1);
  node.point();
  node.cgroups.jobs.pop_back();
  node.point();
  node.accounting->ended().clear();
  const pb::Record record = node.finish();
  const auto& steps = record.job().steps();
  const pb::Energy& whole = phase(record.phases(), "train").energy();
  EXPECT_EQ(whole.energy_uj(), phase(steps[0].phases(), "train").energy().energy_uj() +
                                   phase(steps[1].phases(), "train").energy().energy_uj());
  EXPECT_EQ(whole.kind(), pb::KIND_ATTRIBUTED);
  EXPECT_GT(joules_of(whole), 100);
  EXPECT_LT(joules_of(whole), 250);
}

TEST(JobPhases, OpenOnesAreShownAndGoOnAfterAKill) {
  InventedNode node;
  StepName step = node.start_exclusive_job();
  node.begin(step, 1, "train");
  for (int i = 0; i < 5; ++i) node.point();
  const auto running = node.accounting->snapshot().running(false, all_jobs);
  ASSERT_EQ(running.size(), 1U);
  EXPECT_NEAR(joules_of(phase(running[0].phases(), "train").energy()), 600, 0.01);
  node.kill();
  node.point();
  step = node.report("1");
  node.point();
  node.event(step, ProgramEvent::Kind::work, 0, "train", 5);
  node.end(step, 1);
  const pb::Record record = node.finish();
  EXPECT_NEAR(joules_of(phase(record.phases(), "train").energy()), 7 * 120, 0.01);
  EXPECT_EQ(phase(record.phases(), "train").count(), 1U);
  EXPECT_EQ(phase(record.phases(), "train").work(0).count(), 5);
  EXPECT_EQ(count(record, "phase_unended"), 0U);
}

TEST(JobPhases, OfAProcessThatDiesEndWithIt) {
  InventedNode node;
  const StepName step = node.start_exclusive_job();
  node.begin(step, 1, "train");
  for (int i = 0; i < 3; ++i) node.point();
  node.accounting->abandon(
      step, [](std::uint32_t pid) { return pid == 7; }, node.now);
  for (int i = 0; i < 3; ++i) node.point();
  const pb::Record record = node.finish();
  EXPECT_EQ(phase(record.phases(), "train").duration_ns(), seconds(3).count());
  EXPECT_EQ(count(record, "phase_unended"), 1U);
}

// What a phase was given is told to its program as its owner may see it: in steps of one second, or of ten.
TEST(JobPhases, ProgramsAreToldWhatTheirOwnerMaySee) {
  for (const bool alone : {true, false}) {
    InventedNode node;
    node.point();
    node.add_job("1", alone ? kEveryCpu : std::vector<unsigned>{0, 1});
    node.point();
    const StepName step = node.report("1");
    std::map<std::uint64_t, Energy> told;
    std::set<std::uint64_t> ended;
    const auto points = [&](int count) {
      for (int i = 0; i < count; ++i) {
        node.point();
        node.accounting->tick();
        for (EnergyAccounting::Reading& reading : node.accounting->take_readings()) {
          told[reading.id] = reading.energy;
          if (reading.ended) ended.insert(reading.id);
        }
      }
    };
    node.begin(step, 1, "long");
    points(12);
    EXPECT_TRUE(told.contains(1) && ended.empty()) << "so far";
    node.end(step, 1);
    node.begin(step, 2, "short");
    points(5);
    node.end(step, 2);
    points(12);
    ASSERT_TRUE(told[1].value);
    EXPECT_NEAR(to_joules(*told[1].value), alone ? 12 * 120 : 0, alone ? 0.01 : 12 * 120);
    EXPECT_EQ(told[1].kind, alone ? Provenance::measured : Provenance::attributed);
    EXPECT_EQ(told.contains(2), alone);
    EXPECT_EQ(ended, alone ? std::set<std::uint64_t>({1, 2}) : std::set<std::uint64_t>({1}));
  }
}

TEST(JobPhases, StepsThatReportAreLimited) {
  InventedNode node;
  node.point();
  node.add_job("1", kEveryCpu, {});
  for (std::size_t i = 0; i <= EnergyAccounting::kMaxReporting; ++i)
    node.cgroups.jobs[0].steps.push_back({std::to_string(i), Nanos{}});
  node.point();
  std::size_t reporting = 0;
  for (const StepCgroupUsage& step : node.cgroups.jobs[0].steps)
    reporting += node.accounting->let_report(*node.accounting->find_step({"slurm", "", "1", step.id}));
  EXPECT_EQ(reporting, EnergyAccounting::kMaxReporting);
  EXPECT_FALSE(node.accounting->find_step({"slurm", "", "1", "none"}));
  node.cgroups.jobs[0].steps.push_back({"extern", Nanos{}});
  node.point();
  EXPECT_FALSE(node.accounting->find_step({"slurm", "", "1", "extern"}));
  EXPECT_FALSE(node.accounting->find_step({"slurm", "", "2", "0"}));
}

// Jobs and steps come and go, phases begin and end in any order and late, samples are lost, the process is killed:
// phases that tile a step add up to it, none has more than what it lies in, and the rows add up to the node.
RC_GTEST_PROP(JobPhasesProperties, AnyInterleavingKeepsTheIdentities, ()) {
  InventedNode node;
  node.point();
  const std::int64_t before = node.energy[0] + node.energy[1];
  node.add_job("1", *rc::gen::arbitrary<bool>() ? kEveryCpu : std::vector<unsigned>{0, 1}, {"0", "1"});
  node.point();
  StepName tiled = node.report("1", "0"), other = node.report("1", "1");
  std::uint64_t id = 1;
  node.begin(tiled, id, "tile");
  std::vector<std::uint64_t> open;
  bool lost = false;
  for (const int act : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 9))) {
    if (act == 0) {  // the next tile begins where this one ends
      node.end(tiled, id);
      node.begin(tiled, ++id, "tile");
    }
    if (act == 1) node.begin(other, open.emplace_back(++id + 1'000'000), *rc::gen::element<std::string>("a", "b"));
    if (act == 2 && !open.empty()) {
      node.end(other, open.back());
      open.pop_back();
    }
    if (act == 3) node.event(other, ProgramEvent::Kind::work, 0, "", 1);
    if (act == 4) {
      node.kill();
      node.point(millis(*rc::gen::inRange(1, 500)));
      tiled = node.report("1", "0");
      other = node.report("1", "1");
    }
    if (act == 5) node.cgroups.jobs.size() < 2 ? node.add_job("2", {4, 5}) : node.cgroups.jobs.pop_back();
    node.lost = act == 6;
    lost |= node.lost;
    node.busy = *rc::gen::arbitrary<bool>();
    if (act == 7 && node.accounting->wants_sample_set())
      node.run_for(millis(100)), node.accounting->add(node.read());
    else
      node.point(millis(*rc::gen::inRange(1, 2500)));
    node.accounting->tick();
    RC_ASSERT(node.accounting->not_conserved() == Joules{});
  }
  node.lost = false;
  node.cgroups.jobs.clear();
  for (int i = 0; i < 4; ++i) node.point();
  const pb::Record* record = nullptr;
  for (const pb::Record& one : node.accounting->ended())
    if (one.job().id() == "1") record = &one;
  RC_ASSERT(record != nullptr);
  std::int64_t steps = 0;
  for (const pb::Step& step : record->job().steps()) {
    steps += step.energy().energy_uj();
    std::int64_t outermost = 0;
    for (const pb::Phase& its : step.phases()) {
      RC_ASSERT(its.duration_ns() <= step.duration_ns());
      if (!its.resolved()) continue;
      RC_ASSERT(its.energy().energy_uj() <= step.energy().energy_uj());
      if (its.path().find('/') == std::string::npos) outermost = std::max(outermost, its.energy().energy_uj());
    }
    RC_ASSERT(outermost <= step.energy().energy_uj());
    if (step.id() != "0") continue;
    const pb::Phase& tile = phase(step.phases(), "tile");  // not printed where what was lost makes it too uncertain
    RC_ASSERT(tile.resolved() || lost);
    RC_ASSERT(!tile.resolved() || tile.energy().energy_uj() == step.energy().energy_uj());
  }
  RC_ASSERT(steps == record->energy().energy_uj());
  pb::NodeState state;
  node.accounting->write(state);
  RC_ASSERT(state.not_conserved_uj() == 0);
  if (!lost) RC_ASSERT(state.rows(4).energy_uj() == node.energy[0] + node.energy[1] - before);
}

}  // namespace
}  // namespace nw
