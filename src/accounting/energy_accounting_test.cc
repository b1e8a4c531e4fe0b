#include "accounting/energy_accounting.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace nw {
namespace {
bool all_jobs(const pb::Record&) { return true; }

// A node of two packages of 100 W each, memory of 20 W and one GPU of 300 W; all counters, in microjoules.
struct Machine {
  static constexpr std::int64_t kWatts[] = {100, 100, 20, 300};

  Machine() {
    const auto info = [](const char* id, Part part) {
      SensorInfo made;
      made.id = made.source = id;
      made.part = std::move(part);
      made.update_interval = millis(1);
      return made;
    };
    infos = {info("rapl/package-0", {Domain::package, "0"}), info("rapl/package-1", {Domain::package, "1"}),
             info("rapl/dram-0", {Domain::dram, "0"}), info("nvml/GPU-a/energy", {Domain::gpu, "GPU-a"})};
  }

  SampleSet read() const {
    SampleSet sample_set;
    for (std::size_t i = 0; i < infos.size(); ++i)
      sample_set.push_back({now,
                            now,
                            {},
                            static_cast<std::uint64_t>(1'000'000'000'000 + kWatts[i] * (now.count() / 1000) +
                                                       (i == 0 ? burst.count() : 0)),
                            Status::ok,
                            {}});
    return sample_set;
  }
  CgroupSnapshot count() {
    cgroups.at = now;
    cgroups.cpus = 8;
    cgroups.memory = 64'000'000'000;
    cgroups.memory_used = 8'000'000'000;
    cgroups.busy = busy;
    return cgroups;
  }
  void pass(Nanos time) {
    now += time;
    busy += time;
  }

  std::vector<SensorInfo> infos;
  Nanos now = seconds(100), busy{};
  Joules burst;  // of the first package, beside its power
  CgroupSnapshot cgroups;
};

constexpr std::int64_t kAll = 520;  // W

AccountedNode make_node() {
  AccountedNode node;
  for (const char* package : {"rapl/package-0", "rapl/package-1"}) node.idle[package] = watts(40);
  int count = 0;
  node.make_uid = [count]() mutable { return "uid" + std::to_string(count++); };
  UtilizationInfo gpu;
  gpu.id = "nvml/GPU-a/activity";
  gpu.part = {Domain::gpu, "GPU-a"};
  gpu.indices = {0};
  node.devices = {gpu};
  return node;
}

CgroupUsage make_use(std::string id, std::vector<unsigned> cpus, Nanos cpu = {}) {
  CgroupUsage use;
  use.manager = "slurm";
  use.id = std::move(id);
  use.uid = 1000;
  use.cpus = std::move(cpus);
  use.cpu = cpu;
  use.gpus_said = "";
  use.steps = {{"0", cpu}};
  return use;
}

const std::vector<unsigned> kEveryCpu{0, 1, 2, 3, 4, 5, 6, 7};

class EnergyAccountingTest : public ::testing::Test {
 protected:
  void moment(Nanos time = seconds(1)) {
    machine.pass(time);
    accounting.add(machine.read(), machine.count(), (seconds(1'700'000'000) + machine.now).count());
    EXPECT_EQ(accounting.not_conserved(), Joules{});
  }
  pb::Record take() {
    EXPECT_EQ(accounting.ended().size(), 1U);
    if (accounting.ended().empty()) return {};
    pb::Record record = accounting.ended().front();
    accounting.ended().clear();
    return record;
  }
  static double energy_of(const pb::Record& record) { return static_cast<double>(record.energy().energy_uj()) * 1e-6; }
  // The daemon was away for 9 s, in which the job may have run: of its energy so much is covered, and 95 % of what it
  // may have taken is within its interval.
  static void expect_unmeasured(const pb::Record& record, double measured_s) {
    EXPECT_EQ(record.job().unmeasured_ns(), seconds(9).count());
    EXPECT_NEAR(record.energy().coverage(), measured_s / (measured_s + 9), 0.01);
    const double u = static_cast<double>(record.energy().uncertainty_uj()) * 1e-6;
    EXPECT_GE(u, 0.949 * kAll * 9);
    EXPECT_LE(u, 1.2 * kAll * 9);
  }
  // What a killed process leaves, taken on by a new one.
  void kill(const std::string& boot = "boot") {
    pb::Checkpoint checkpoint;
    accounting.snapshot().write("boot", checkpoint);
    pb::Checkpoint read;
    ASSERT_TRUE(read.ParseFromString(checkpoint.SerializeAsString()));
    accounting = EnergyAccounting(machine.infos, make_node(), seconds(1));
    accounting.resume(read, boot, machine.now);
  }

  Machine machine;
  EnergyAccounting accounting{machine.infos, make_node(), seconds(1)};
};

TEST_F(EnergyAccountingTest, ExclusiveJobHasTheWholeNode) {
  for (int i = 0; i < 5; ++i) moment();
  machine.cgroups.jobs = {make_use("4711", kEveryCpu)};
  for (int i = 0; i < 10; ++i) moment();
  machine.cgroups.jobs.clear();
  for (int i = 0; i < 3; ++i) moment();
  const pb::Record record = take();
  EXPECT_NEAR(energy_of(record), kAll * 10.0, 0.01);
  EXPECT_EQ(record.duration_ns(), seconds(10).count());
  EXPECT_EQ(record.energy().kind(), pb::KIND_MEASURED);
  EXPECT_TRUE(record.job().exclusive());
  EXPECT_EQ(record.job().uid(), 1000U);
  EXPECT_EQ(record.state(), "ended");
  EXPECT_EQ(record.job_key(), "slurm-4711");
  EXPECT_EQ(record.job().begin_basis(), "cgroup");
  pb::NodeState state;
  accounting.write(state);
  EXPECT_EQ(state.not_conserved_uj(), 0);
  EXPECT_EQ(state.jobs_ended(), 1U);
}

TEST_F(EnergyAccountingTest, JobsOfTwoManagersWithOneIdAreTwo) {
  machine.cgroups.jobs = {make_use("7", {0, 1}), make_use("7", {2, 3, 4, 5, 6, 7})};
  machine.cgroups.jobs[0].manager = "kubernetes";
  moment();
  moment();
  kill();
  moment();
  accounting.add_event(*parse_request("end job=7"));
  moment();
  moment();
  const pb::Record slurms = take();
  EXPECT_EQ(slurms.job_key(), "slurm-7") << "events are Slurm's";
  EXPECT_EQ(slurms.job().cpus_count(), 6U);
  EXPECT_EQ(slurms.job().end_basis(), "epilog");
  machine.cgroups.jobs.clear();
  moment();
  const pb::Record pods = take();
  EXPECT_EQ(pods.job_key(), "kubernetes-7");
  EXPECT_EQ(pods.job().manager(), "kubernetes");
  EXPECT_EQ(pods.job().cpus_count(), 2U);
  EXPECT_EQ(pods.duration_ns(), seconds(5).count()) << "over the restart, and over the other's end";
}

TEST_F(EnergyAccountingTest, NameOfAPodIsNoSluid) {
  moment();
  machine.cgroups.jobs = {make_use("252e517d-7722-4f5a-9d39-0a1b2c3d4e5f", kEveryCpu)};
  machine.cgroups.jobs[0].manager = "kubernetes";
  moment();
  machine.cgroups.jobs.clear();
  moment();
  EXPECT_EQ(take().job().sluid(), "");
}

TEST_F(EnergyAccountingTest, JobIsConfinedLaterThanItIsSeen) {
  moment();
  machine.cgroups.jobs = {make_use("1", {})};
  moment();
  moment(millis(900));
  machine.cgroups.jobs[0].cpus = kEveryCpu;
  moment();
  moment();
  machine.cgroups.jobs.clear();
  moment();
  const pb::Record record = take();
  EXPECT_TRUE(record.job().exclusive());
  EXPECT_EQ(record.energy().kind(), pb::KIND_MEASURED);
  EXPECT_NEAR(energy_of(record), kAll * 3.9, 0.01);
}

TEST_F(EnergyAccountingTest, JobsThatNothingConfinesShareWhatIsLeft) {
  moment();
  machine.cgroups.jobs = {make_use("1", {}), make_use("2", {0, 1})};
  for (int i = 0; i < 10; ++i) moment();
  machine.cgroups.jobs.clear();
  moment();
  ASSERT_EQ(accounting.ended().size(), 2U);
  const auto& others = accounting.ended()[0].job().others(0).energy();
  EXPECT_GT(others.energy_uj(), accounting.ended()[1].job().others(0).energy().energy_uj());
  EXPECT_FALSE(accounting.ended()[0].job().exclusive());
}

TEST_F(EnergyAccountingTest, SharesOfANodeAddUpAndAreAttributed) {
  moment();
  machine.cgroups.jobs = {make_use("1", {0, 1}), make_use("2", {2, 3, 4, 5})};
  moment();
  for (int i = 1; i <= 10; ++i) {
    machine.cgroups.jobs[0].cpu = seconds(i) + seconds(i);
    machine.cgroups.jobs[1].cpu = seconds(i);
    machine.cgroups.jobs[0].steps[0].cpu = machine.cgroups.jobs[0].cpu;
    moment();
  }
  machine.cgroups.jobs.clear();
  moment();
  ASSERT_EQ(accounting.ended().size(), 2U);
  const pb::Record one = accounting.ended()[0], two = accounting.ended()[1];
  EXPECT_EQ(one.energy().kind(), pb::KIND_ATTRIBUTED);
  EXPECT_FALSE(one.job().exclusive());
  EXPECT_GT(energy_of(one), energy_of(two)) << "by use";
  ASSERT_EQ(one.job().others_size(), 1);
  EXPECT_EQ(one.job().others(0).policy(), "reservation-based/1");
  EXPECT_LT(one.job().others(0).energy().energy_uj(), two.job().others(0).energy().energy_uj()) << "by reservation";
  EXPECT_GT(one.job().u_share_uj(), 0);
  // A second that costs this job more does so on both sockets.
  double sockets = 0;
  for (const auto& part : one.components())
    for (const auto& term : part.energy().contributors())
      if (part.domain() == "package" && term.name() == "division by CPU time, job 1") sockets += term.u_uj();
  EXPECT_GT(sockets, 0);
  const auto& terms = one.energy().terms();
  const auto found = std::find_if(terms.begin(), terms.end(),
                                  [](const auto& term) { return term.name() == "division by CPU time, job 1"; });
  ASSERT_NE(found, terms.end());
  EXPECT_NEAR(found->u_uj(), sockets, 1);
}

TEST_F(EnergyAccountingTest, AcceleratorGoesToWhomItWasGiven) {
  moment();
  accounting.add_event({"begin", {{"job", "1"}, {"uid", "7"}, {"gpus", "0"}, {"name", "train"}}});
  moment(millis(100));
  machine.cgroups.jobs = {make_use("1", {0, 1}), make_use("2", {2, 3})};
  for (int i = 0; i < 10; ++i) moment();
  machine.cgroups.jobs = {machine.cgroups.jobs[1]};
  moment(millis(1));
  const pb::Record record = take();
  EXPECT_EQ(record.name(), "train");
  EXPECT_EQ(record.job().gpus(), 1U);
  EXPECT_EQ(record.job().begin_basis(), "prolog");
  double gpu = 0;
  for (const auto& part : record.components())
    if (part.domain() == "gpu") gpu = static_cast<double>(part.energy().energy_uj()) * 1e-6;
  EXPECT_NEAR(gpu, 300 * 10.0, 31);
  for (const auto& part : record.components())
    if (part.domain() == "gpu") {
      EXPECT_EQ(part.energy().kind(), pb::KIND_MEASURED) << "whole to one";
    }
}

TEST_F(EnergyAccountingTest, StepsAddUpToTheJobAndOverlapIsNotCountedTwice) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  moment();
  for (int i = 1; i <= 6; ++i) {
    auto& job = machine.cgroups.jobs[0];
    job.cpu = seconds(4 * i);
    job.steps = {{"0", seconds(3 * i)}, {"1", seconds(i)}, {"extern", Nanos{}}};
    if (i > 4) job.steps.erase(job.steps.begin());
    moment();
  }
  machine.cgroups.jobs[0].steps = {{"extern", Nanos{}}};
  moment();
  moment();
  machine.cgroups.jobs.clear();
  moment();
  const pb::Record record = take();
  std::int64_t sum = 0;
  for (const pb::Step& step : record.job().steps()) sum += step.energy().energy_uj();
  EXPECT_EQ(sum, record.energy().energy_uj());
  EXPECT_EQ(record.job().steps_size(), 4);  // 0, 1, extern, and what ran outside steps
}

// A sensor with an update interval of a second closes an interval a little later.
TEST_F(EnergyAccountingTest, JobThatHasJustEndedIsWhole) {
  machine.infos[3].update_interval = seconds(1);
  accounting = EnergyAccounting(machine.infos, make_node(), seconds(1));
  for (int i = 0; i < 3; ++i) moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  for (int i = 0; i < 5; ++i) moment();
  machine.cgroups.jobs.clear();
  moment();
  EXPECT_TRUE(accounting.running(false, all_jobs).empty());
  ASSERT_TRUE(accounting.ended().empty()) << "it waits";
  EnergyAccounting now = accounting.snapshot();
  ASSERT_EQ(now.ended().size(), 1U);
  EXPECT_NEAR(energy_of(now.ended()[0]), kAll * 5.0, 20);
  for (int i = 0; i < 3; ++i) moment();
  EXPECT_NEAR(energy_of(take()), kAll * 5.0, 20);
}

TEST_F(EnergyAccountingTest, EpilogEndsAJobWhoseCgroupLingers) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  for (int i = 0; i < 3; ++i) moment();
  accounting.add_event({"end", {{"job", "1"}, {"exit", "2:0"}}});
  moment();
  moment();
  const pb::Record record = take();
  EXPECT_EQ(record.exit_code(), 2);
  EXPECT_EQ(record.job().end_basis(), "epilog");
  EXPECT_EQ(record.duration_ns(), seconds(3).count());
  machine.cgroups.jobs.clear();
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};  // requeued
  moment();
  EXPECT_EQ(accounting.running(false, all_jobs).size(), 1U);
}

TEST_F(EnergyAccountingTest, KillLosesNothingOfAJobThatRunsOn) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  for (int i = 0; i < 4; ++i) moment();
  machine.pass(millis(700));  // not read any more
  kill();
  machine.pass(seconds(8));
  for (int i = 0; i < 3; ++i) moment();
  machine.cgroups.jobs.clear();
  moment();
  const pb::Record record = take();
  EXPECT_NEAR(energy_of(record), kAll * (3 + 0.7 + 8 + 3 + 1), 0.01);
  EXPECT_EQ(record.anomalies_size(), 4) << "each counter came late, once";
}

TEST_F(EnergyAccountingTest, JobThatEndedUnseenEndsWithTheLastReading) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  for (int i = 0; i < 4; ++i) moment();
  kill();
  machine.cgroups.jobs.clear();
  machine.pass(seconds(8));
  moment();
  const pb::Record record = take();
  EXPECT_NEAR(energy_of(record), kAll * 3.0, 0.01);
  EXPECT_EQ(record.job().end_basis(), "restart");
  expect_unmeasured(record, 3);
}

TEST_F(EnergyAccountingTest, WhatAJobTookBeforeTheDaemonCameIsInItsInterval) {
  moment();
  kill();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  machine.pass(seconds(8));
  for (int i = 0; i < 4; ++i) moment();
  machine.cgroups.jobs.clear();
  moment();
  const pb::Record record = take();
  EXPECT_NEAR(energy_of(record), kAll * 4.0, 0.01);
  EXPECT_EQ(record.job().begin_basis(), "started");
  expect_unmeasured(record, 4);
}

TEST_F(EnergyAccountingTest, RebootClosesWhatRan) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  for (int i = 0; i < 4; ++i) moment();
  kill("another boot");
  const pb::Record record = take();
  EXPECT_EQ(record.state(), "lost");
  EXPECT_NEAR(energy_of(record), kAll * 3.0, 0.01);
  machine.now = seconds(5);  // the clock began again
  machine.cgroups.jobs.clear();
  moment();
  moment();
}

TEST_F(EnergyAccountingTest, BooksOfTheFutureAreNotGoneOnWith) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  moment();
  moment();
  machine.now -= seconds(60);
  kill();
  EXPECT_EQ(take().state(), "lost");
  const auto before = accounting.running(false, all_jobs).size();
  moment();
  moment();
  EXPECT_GT(accounting.running(false, all_jobs).size(), before) << "time goes on";
}

TEST_F(EnergyAccountingTest, RecordThatNobodyKeptSurvivesAKill) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  moment();
  moment();
  machine.cgroups.jobs.clear();
  moment();
  ASSERT_EQ(accounting.ended().size(), 1U);
  const std::string uid = accounting.ended()[0].uid();
  kill();
  ASSERT_EQ(accounting.ended().size(), 1U);
  EXPECT_EQ(accounting.ended()[0].uid(), uid);
}

TEST_F(EnergyAccountingTest, OwnersAreShownTicksAlone) {
  moment();
  machine.cgroups.jobs = {make_use("1", kEveryCpu)};
  moment();
  moment();
  accounting.tick();
  moment(millis(50));
  EXPECT_EQ(accounting.running(true, all_jobs)[0].duration_ns(), seconds(1).count());
  EXPECT_EQ(accounting.running(false, all_jobs)[0].duration_ns(), (seconds(1) + millis(50)).count());
}

// However often the clock ticks: an owner is shown new values every second on his own node, every ten on a shared one.
TEST_F(EnergyAccountingTest, FastTicksShowOwnersNoFinerSteps) {
  for (const auto& cpus : {kEveryCpu, std::vector<unsigned>{0, 1}}) {
    machine.cgroups.jobs.clear();
    moment();
    machine.cgroups.jobs = {make_use(std::to_string(cpus.size()), cpus)};
    moment(millis(100));
    const bool exclusive = cpus == kEveryCpu;
    std::int64_t shown = 0;
    int steps = 0;
    for (int i = 0; i < 300; ++i) {
      moment(millis(100));
      accounting.tick();
      const pb::Record now = accounting.running(true, all_jobs).at(0);
      if (now.duration_ns() == shown) continue;
      EXPECT_GE(now.duration_ns() - shown, (finest_step(exclusive) - millis(20)).count());
      shown = now.duration_ns();
      ++steps;
    }
    EXPECT_EQ(steps, exclusive ? 30 : 3);
  }
}

// A burst of a second appears as a mean over one second to the owner of a whole node, over ten on a shared one.
TEST_F(EnergyAccountingTest, MaximumIsOfStepsThatAnOwnerMayBeTold) {
  for (const bool alone : {true, false}) {
    machine.cgroups.jobs.clear();
    moment();
    machine.cgroups.jobs = {make_use("1", alone ? kEveryCpu : std::vector<unsigned>{0, 1, 2, 3})};
    for (int i = 0; i < 35; ++i) {
      if (i == 17) machine.burst += joules(50);
      const Nanos time = i % 3 == 0 ? seconds(1) : millis(500);
      machine.cgroups.jobs[0].cpu = *machine.cgroups.jobs[0].cpu + time;
      moment(time);
    }
    if (!alone) kill();
    machine.cgroups.jobs.clear();
    moment();
    const pb::Record record = take();
    double most = 0;
    for (const auto& part : record.components())
      if (part.sensor() == "rapl/package-0") most = static_cast<double>(part.max_power_uw()) * 1e-6;
    if (alone)
      EXPECT_NEAR(most, 150, 1);
    else
      EXPECT_NEAR(most, 80 + 50 / 10, 1);  // half of the idle power, all above it
  }
}

// Whatever jobs come and go, and however often the process is killed: no joule is lost, none is counted twice.
RC_GTEST_PROP(EnergyAccountingProperties, BooksAreTheNode, ()) {
  Machine machine;
  EnergyAccounting accounting(machine.infos, make_node(), seconds(1));
  const auto moment = [&](Nanos time) {
    machine.pass(time);
    accounting.add(machine.read(), machine.count(), machine.now.count());
  };
  moment(seconds(1));
  const Nanos begin = machine.now;
  const auto acts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
  unsigned next = 1;
  for (const int act : acts) {
    auto& jobs = machine.cgroups.jobs;
    if (act == 0 && jobs.size() < 4) {
      jobs.push_back(make_use(std::to_string(next), {(next + 1) % 8, (next + 2) % 8}));
      ++next;
    }
    if (act == 1 && !jobs.empty()) jobs.erase(jobs.begin());
    if (act == 2) {
      pb::Checkpoint checkpoint;
      accounting.snapshot().write("boot", checkpoint);
      accounting = EnergyAccounting(machine.infos, make_node(), seconds(1));
      accounting.resume(checkpoint, "boot", machine.now);
    }
    for (CgroupUsage& job : jobs) {
      job.cpu = *job.cpu + millis(*rc::gen::inRange(0, 2000));
      job.steps[0].cpu = job.cpu;
    }
    moment(millis(*rc::gen::inRange(1, 3000)));
    RC_ASSERT(accounting.not_conserved() == Joules{});
  }
  pb::NodeState state;
  accounting.write(state);
  const std::int64_t node = state.rows(4).energy_uj();
  RC_ASSERT(node == kAll * ((machine.now - begin).count() / 1000));
  RC_ASSERT(state.rows(0).energy_uj() + state.rows(1).energy_uj() + state.rows(2).energy_uj() +
                state.rows(3).energy_uj() ==
            node);
}

}  // namespace
}  // namespace nw
