// Sensors that appear while accounting runs: the node's own, and an accelerator.
#include <gtest/gtest.h>

#include "accounting/energy_accounting.h"

namespace nw {
namespace {

SensorInfo make_info(const char* id, Part part) {
  SensorInfo info;
  info.id = info.source = id;
  info.part = std::move(part);
  info.update_interval = millis(1);
  return info;
}

SensorInfo make_node_info() {
  SensorInfo info = make_info("redfish/bmc0/power", {Domain::node, "0"});
  info.kind = SensorKind::gauge;
  info.boundary = Boundary::wall;
  info.unit_num = kMicro;  // W
  info.update_interval = seconds(1);
  return info;
}

constexpr std::int64_t kPackage = 100, kGpu = 300, kNode = 500;  // W

// Two packages; sensors that appear are appended.
class ExtendedEnergyAccountingTest : public ::testing::Test {
 protected:
  explicit ExtendedEnergyAccountingTest(Provenance provenance = Provenance::measured) {
    for (SensorInfo& info : infos_) info.provenance = provenance;
    accounting_ = EnergyAccounting{infos_, make_node(), seconds(1)};
  }

  static AccountedNode make_node() {
    AccountedNode node;
    int count = 0;
    node.make_uid = [count]() mutable { return "uid" + std::to_string(count++); };
    return node;
  }

  Sample read(const SensorInfo& info) const {
    Sample sample{now_, now_, {}, 0, Status::ok, {}};
    const std::int64_t power = info.part.domain == Domain::gpu ? kGpu : kPackage;
    const std::int64_t counted = power * (now_.count() / 1000);
    sample.raw = static_cast<std::uint64_t>(info.kind == SensorKind::gauge ? kNode : 1'000'000 + counted);
    return sample;
  }

  void pass(int moments) {
    for (int i = 0; i < moments; ++i) {
      now_ += seconds(1);
      SampleSet sample_set;
      for (const SensorInfo& info : infos_) sample_set.push_back(read(info));
      cgroups_.at = now_;
      cgroups_.cpus = 8;
      cgroups_.busy = now_;
      accounting_.add(sample_set, cgroups_, now_.count());
      accounting_.tick();
      EXPECT_EQ(accounting_.not_conserved(), Joules{});
    }
  }

  void come(SensorInfo info, AccountedNode node = make_node()) {
    infos_.push_back(std::move(info));
    accounting_.extend(infos_, std::move(node));
  }

  void begin_job() {
    CgroupUsage use;
    use.manager = "slurm";
    use.id = "4711";
    use.uid = 1000;
    use.cpus = {0, 1, 2, 3, 4, 5, 6, 7};
    use.cpu = Nanos{};
    use.steps = {{"0", Nanos{}}};
    use.gpus_said = "0";
    cgroups_.jobs = {use};
  }

  pb::Record end_job() {
    cgroups_.jobs.clear();
    pass(4);
    EXPECT_EQ(accounting_.ended().size(), 1U);
    return accounting_.ended().empty() ? pb::Record{} : accounting_.ended().front();
  }

  std::vector<SensorInfo> infos_{make_info("rapl/package-0", {Domain::package, "0"}),
                                 make_info("rapl/package-1", {Domain::package, "1"})};
  Nanos now_ = seconds(100);
  CgroupSnapshot cgroups_;
  EnergyAccounting accounting_{infos_, make_node(), seconds(1)};
};

// Models alone, before sensors come.
class ModelledEnergyAccountingTest : public ExtendedEnergyAccountingTest {
 protected:
  ModelledEnergyAccountingTest() : ExtendedEnergyAccountingTest(Provenance::estimated) {}
};

double joules(const pb::Energy& energy) { return static_cast<double>(energy.energy_uj()) * 1e-6; }

TEST_F(ExtendedEnergyAccountingTest, TheNodesOwnSensorComesWhileAJobRuns) {
  pass(3);
  begin_job();
  pass(11);
  come(make_node_info());
  pass(10);
  const pb::Record record = end_job();
  EXPECT_NEAR(joules(record.energy()), 10 * 2 * kPackage + 10 * kNode, kNode);
  EXPECT_EQ(record.energy().boundary(), pb::BOUNDARY_WALL);
  EXPECT_LT(record.energy().coverage(), 0.6);
  // The parts and the remainder add up to the whole, and none of them is negative.
  double parts = 0;
  for (const pb::Component& component : record.components()) {
    EXPECT_GE(component.energy().energy_uj(), 0) << component.domain();
    if (component.depth() == 1) parts += joules(component.energy());
  }
  EXPECT_NEAR(parts, joules(record.energy()), 1e-5);
  ASSERT_EQ(record.job().steps_size(), 1);
  EXPECT_EQ(record.job().steps(0).energy().energy_uj(), record.energy().energy_uj());
}

TEST_F(ModelledEnergyAccountingTest, WhatModelsGaveIsNeverCalledMeasured) {
  pass(3);
  begin_job();
  pass(11);
  const auto of_models = [&] {
    Joules sum;
    for (std::size_t i = EnergyAccounting::kBoundaries; i < accounting_.by_boundary().size(); ++i)
      sum += accounting_.by_boundary()[i];
    return sum;
  };
  const Joules before = of_models();
  EXPECT_GT(before, Joules{});
  SensorInfo measured = make_info("rapl_powercap/package-0", {Domain::package, "0"});
  come(measured);
  pass(10);
  EXPECT_LE(of_models() - before, Joules::of(4 * kPackage * kMicro)) << "until the first difference of the counter";
  const pb::Record record = end_job();
  EXPECT_EQ(record.energy().kind(), pb::KIND_ESTIMATED);
  std::int64_t parts = 0;
  for (const pb::Component& component : record.components())
    if (component.counted() && component.depth() == 0) parts += component.energy().energy_uj();
  EXPECT_EQ(parts, record.energy().energy_uj());
}

TEST_F(ExtendedEnergyAccountingTest, TheNodesEnergyIsToldByWhereItWasRead) {
  const auto at = [](const EnergyAccounting& accounting, Boundary boundary) {
    return accounting.by_boundary()[static_cast<std::size_t>(boundary)];
  };
  pass(5);
  const Joules before = at(accounting_, Boundary::on_chip);
  EXPECT_GT(before, Joules{});
  come(make_node_info());
  pass(5);
  pb::NodeState state;
  accounting_.write(state);
  EXPECT_EQ(state.boundary(), pb::BOUNDARY_WALL);
  EXPECT_GE(at(accounting_, Boundary::on_chip), before);
  EXPECT_GE(to_joules(at(accounting_, Boundary::wall)), 0.99 * 4 * kNode) << "the gauge is resolved by the parts";
  Joules sum;
  for (const Joules energy : accounting_.by_boundary()) sum += energy;
  EXPECT_EQ(state.rows(4).name(), "node");
  EXPECT_EQ(state.rows(4).energy_uj(), sum.count());
  // And over a restart.
  pb::Checkpoint checkpoint;
  accounting_.snapshot().write("boot", checkpoint);
  EnergyAccounting next(infos_, make_node(), seconds(1));
  next.resume(checkpoint, "boot", now_);
  EXPECT_EQ(next.by_boundary(), accounting_.snapshot().by_boundary());
}

TEST_F(ExtendedEnergyAccountingTest, AnAcceleratorComesAndIsItsJobs) {
  pass(3);
  begin_job();
  pass(6);
  AccountedNode node = make_node();
  UtilizationInfo gpu;
  gpu.id = "nvml/GPU-a/activity";
  gpu.part = {Domain::gpu, "GPU-a"};
  gpu.indices = {0};
  node.devices = {gpu};
  come(make_info("nvml/GPU-a/energy", {Domain::gpu, "GPU-a"}), std::move(node));
  pass(10);
  const pb::Record record = end_job();
  EXPECT_NEAR(joules(record.energy()), 15 * 2 * kPackage + 10 * kGpu, 2 * kGpu);
  EXPECT_EQ(record.job().gpus(), 1U);
}

// Any text from a prolog or a plug-in: the checkpoint that contains it can be read again.
TEST(EnergyAccounting, TextThatIsNoUtf8IsMadeValidAsItComesIn) {
  SensorInfo info;
  info.id = info.source = "rapl/package-0";
  info.part = {Domain::package, "0"};
  AccountedNode node;
  node.make_uid = [] { return std::string("uid"); };
  EnergyAccounting accounting({info}, node, seconds(1));
  for (const std::string_view key : kJobKeys) {
    if (key == "job") continue;
    accounting.add_event({"begin", {{"job", "1"}, {std::string(key), "\xff\xfe"}}});
  }
  accounting.add_event({"begin", {{"job", "\xff\xfe"}}});
  accounting.add_event({"step", {{"job", "1"}, {"step", "\xff\xfe"}, {"phase", "\xff\xfe"}}});
  CgroupSnapshot cgroups;
  cgroups.cpus = 8;
  for (int i = 1; i < 4; ++i) {
    const Nanos now = seconds(i);
    accounting.add({{now, now, {}, static_cast<std::uint64_t>(i) * 1'000'000, Status::ok, {}}}, cgroups, now.count());
  }
  pb::Checkpoint checkpoint, read;
  accounting.snapshot().write("boot", checkpoint);
  ASSERT_EQ(checkpoint.jobs_size(), 2);
  EXPECT_TRUE(read.ParseFromString(checkpoint.SerializeAsString()));
  EXPECT_EQ(read.jobs(0).steps(0).id(), "\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace nw
