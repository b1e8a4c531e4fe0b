// Accounting with unknown inputs: whose an accelerator is, what CPU time a job used, what memory it held.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "accounting/energy_accounting.h"

namespace nw {
namespace {

// A node of one package of 100 W, memory of 20 W and two accelerators of 300 W; all counters, in microjoules.
constexpr std::int64_t kWatts[] = {100, 20, 300, 300, 300};
constexpr double kGpuWatts = 300;
constexpr unsigned kCpus = 8;

// With a name that the node's controller has for one of the accelerators.
std::vector<SensorInfo> make_infos(bool named_twice) {
  std::vector<Part> parts{{Domain::package, "0"}, {Domain::dram, "0"}, {Domain::gpu, "GPU-a"}, {Domain::gpu, "GPU-b"}};
  if (named_twice) parts.push_back({Domain::gpu, "accel0"});
  std::vector<SensorInfo> infos;
  for (const Part& part : parts) {
    SensorInfo& info = infos.emplace_back();
    info.id = info.source = std::string(name(part.domain)) + "/" + part.device;
    info.part = part;
    info.update_interval = millis(1);
    info.is_alias = part.device == "accel0";
  }
  return infos;
}

// The accelerators as a driver describes them.
AccountedNode make_node(const std::vector<std::string>& vendors) {
  AccountedNode node;
  node.make_uid = [] { return std::string("uid"); };
  node.idle["package/0"] = watts(40);
  node.idle["dram/0"] = watts(5);
  for (unsigned i = 0; i < vendors.size(); ++i) {
    UtilizationInfo& gpu = node.devices.emplace_back();
    gpu.id = "any/" + std::to_string(i);
    gpu.part = {Domain::gpu, i == 0 ? "GPU-a" : "GPU-b"};
    gpu.indices = {i};
    gpu.vendor = vendors[i];
    gpu.device_nodes = {"226:" + std::to_string(129 - i)};  // minor numbers are in no order of indices
  }
  return node;
}

CgroupUsage make_use(std::string id, unsigned first, unsigned count, std::optional<Nanos> cpu = Nanos{}) {
  CgroupUsage use;
  use.manager = "slurm";
  use.id = std::move(id);
  use.uid = 1000;
  for (unsigned i = 0; i < count; ++i) use.cpus.push_back(first + i);
  use.cpu = cpu;
  use.memory = 1'000'000'000;
  use.gpus_said = "";
  use.steps = {{"0", cpu}};
  return use;
}

class Node {
 public:
  explicit Node(const std::vector<std::string>& vendors = {"Acme", "Acme"}, bool named_twice = false)
      : vendors_(vendors), infos_(make_infos(named_twice)), accounting(infos_, make_node(vendors), seconds(1)) {
    cgroups.cpus = kCpus;
    cgroups.memory = 64'000'000'000;
    cgroups.memory_used = 8'000'000'000;
    cgroups.busy = Nanos{};
    moment();
  }

  void moment(Nanos time = seconds(1)) {
    now_ += time;
    cgroups.at = now_;
    SampleSet sample_set;
    for (std::size_t i = 0; i < infos_.size(); ++i)
      sample_set.push_back(
          {now_, now_, {}, static_cast<std::uint64_t>(1'000'000 + kWatts[i] * (now_.count() / 1000)), Status::ok, {}});
    accounting.add(sample_set, cgroups, now_.count());
    EXPECT_EQ(accounting.not_conserved(), Joules{});
  }
  // This many seconds, in which each job uses its share of the CPU time and the node another second of its own.
  void pass(int times, const std::vector<std::int64_t>& seconds_each) {
    for (int i = 0; i < times; ++i) {
      Nanos all = seconds(1);
      for (std::size_t j = 0; j < seconds_each.size(); ++j) {
        all += seconds(seconds_each[j]);
        if (cgroups.jobs[j].cpu) cgroups.jobs[j].cpu = *cgroups.jobs[j].cpu + seconds(seconds_each[j]);
        cgroups.jobs[j].steps[0].cpu = cgroups.jobs[j].cpu;
      }
      used_ = all;
      cgroups.busy = *cgroups.busy + all;
      moment();
    }
  }
  void kill() {
    pb::Checkpoint checkpoint, read;
    accounting.snapshot().write("boot", checkpoint);
    ASSERT_TRUE(read.ParseFromString(checkpoint.SerializeAsString()));
    accounting = EnergyAccounting(infos_, make_node(vendors_), seconds(1));
    accounting.resume(read, "boot", now_);
  }
  std::map<std::string, pb::Record> end() {
    cgroups.jobs.clear();
    for (int i = 0; i < 2; ++i) {
      cgroups.busy = *cgroups.busy + used_;
      moment();
    }
    std::map<std::string, pb::Record> records;
    for (const pb::Record& record : accounting.ended()) records[record.job().id()] = record;
    return records;
  }
  double row(const std::string& wanted) const {
    pb::NodeState state;
    accounting.write(state);
    for (const pb::NodeRow& one : state.rows())
      if (one.name() == wanted) return static_cast<double>(one.energy_uj()) * 1e-6;
    ADD_FAILURE() << "no row " << wanted;
    return 0;
  }

 private:
  std::vector<std::string> vendors_;
  std::vector<SensorInfo> infos_;
  Nanos now_ = seconds(100), used_{};

 public:
  CgroupSnapshot cgroups;
  EnergyAccounting accounting;
};

double joules_of(const pb::Energy& energy) { return static_cast<double>(energy.energy_uj()) * 1e-6; }

const pb::Component* find_gpu(const pb::Record& record, const std::string& device) {
  for (const pb::Component& part : record.components())
    if (part.domain() == "gpu" && part.device() == device) return &part;
  return nullptr;
}

bool has(const google::protobuf::RepeatedPtrField<pb::AnomalyCount>& anomalies, const std::string& name) {
  return std::any_of(anomalies.begin(), anomalies.end(), [&](const auto& one) { return one.name() == name; });
}

const std::vector<std::string> kVendors{"NVIDIA", "AMD", "Intel", "Acme"};

TEST(EnergyAccountingUnknown, SlurmsWordSaysWhoseADeviceIsWhoeverMadeIt) {
  for (const std::string& vendor : kVendors) {
    Node node({vendor, vendor});
    node.cgroups.jobs = {make_use("1", 0, 2), make_use("2", 2, 2)};
    node.cgroups.jobs[0].gpus_said = "1";
    node.pass(10, {1, 1});
    auto records = node.end();
    const pb::Record& one = records["1"];
    ASSERT_NE(find_gpu(one, "GPU-b"), nullptr) << vendor;
    EXPECT_NEAR(joules_of(find_gpu(one, "GPU-b")->energy()), kGpuWatts * 10, 1) << vendor;
    EXPECT_EQ(find_gpu(one, "GPU-a"), nullptr) << vendor;
    EXPECT_EQ(one.job().gpus(), 1U) << vendor;
    EXPECT_EQ(records["2"].job().gpus(), 0U) << vendor;
    EXPECT_EQ(node.row("unattributed"), 0) << vendor;
    EXPECT_FALSE(has(one.anomalies(), "device_owner_unknown")) << vendor;
  }
}

TEST(EnergyAccountingUnknown, ACgroupsListSaysWhoseADeviceIsByItsNode) {
  for (const std::string& vendor : kVendors) {
    Node node({vendor, vendor});
    node.cgroups.jobs = {make_use("1", 0, 2), make_use("2", 2, 2)};
    for (CgroupUsage& job : node.cgroups.jobs) job.gpus_said.reset();
    node.cgroups.jobs[0].device_nodes = {{"1:3", "226:129"}};
    node.cgroups.jobs[1].device_nodes = {{"1:3"}};
    node.pass(10, {1, 1});
    auto records = node.end();
    ASSERT_NE(find_gpu(records["1"], "GPU-a"), nullptr) << vendor << ": 129 is the first";
    EXPECT_NEAR(joules_of(find_gpu(records["1"], "GPU-a")->energy()), kGpuWatts * 10, 1) << vendor;
    EXPECT_EQ(records["1"].job().gpus(), 1U) << vendor;
    EXPECT_EQ(records["2"].job().gpus(), 0U) << vendor;
    EXPECT_NEAR(node.row("unattributed"), 0, 1e-9) << vendor;
  }
}

// Unknown owners: the devices are unattributed, which is neither idle nor 0, and every job's record says so.
TEST(EnergyAccountingUnknown, ADeviceWithoutAKnownOwnerIsUnattributed) {
  for (const std::string& vendor : kVendors) {
    Node node({vendor, vendor});
    node.cgroups.jobs = {make_use("1", 0, 4), make_use("2", 4, 4)};
    for (CgroupUsage& job : node.cgroups.jobs) job.gpus_said.reset();
    node.pass(10, {1, 1});
    auto records = node.end();
    EXPECT_NEAR(node.row("unattributed"), 2 * kGpuWatts * 10, 1) << vendor;
    EXPECT_LE(node.row("idle"), 720 * 2) << vendor << ": the two seconds without a job";
    for (const auto& [id, record] : records) {
      EXPECT_TRUE(has(record.anomalies(), "device_owner_unknown")) << vendor;
      EXPECT_FALSE(record.job().has_gpus()) << vendor;
      ASSERT_NE(find_gpu(record, "GPU-a"), nullptr) << vendor << ": it is not known that there was none";
      EXPECT_FALSE(find_gpu(record, "GPU-a")->energy().has_energy_uj()) << vendor;
      EXPECT_LT(record.energy().coverage(), 1) << vendor;
      for (const pb::Device& device : record.devices()) EXPECT_FALSE(device.has_allocated()) << vendor;
    }
    pb::NodeState state;
    node.accounting.write(state);
    EXPECT_TRUE(has(state.anomalies(), "device_owner_unknown")) << vendor;
  }
}

TEST(EnergyAccountingUnknown, NumbersOfTwoVendorsAreNobodysButTheirCountIsKnown) {
  Node node({"Acme", "Intel"});
  node.cgroups.jobs = {make_use("1", 0, 2), make_use("2", 2, 2)};
  node.cgroups.jobs[0].gpus_said = "0";
  node.pass(10, {1, 1});
  auto records = node.end();
  EXPECT_EQ(records["1"].job().gpus(), 1U);
  EXPECT_TRUE(has(records["1"].anomalies(), "device_owner_unknown"));
  EXPECT_FALSE(has(records["2"].anomalies(), "device_owner_unknown")) << "it has none, as is known";
  EXPECT_NEAR(node.row("unattributed"), 2 * kGpuWatts * 10, 1);
}

TEST(EnergyAccountingUnknown, WhoIsKnownToHaveADeviceHasItBesideOnesOfWhomNothingIsKnown) {
  Node node;
  node.cgroups.jobs = {make_use("1", 0, 2), make_use("2", 2, 2)};
  node.cgroups.jobs[0].gpus_said = "0";
  node.cgroups.jobs[1].gpus_said.reset();
  node.pass(10, {1, 1});
  auto records = node.end();
  EXPECT_NEAR(joules_of(find_gpu(records["1"], "GPU-a")->energy()), kGpuWatts * 10, 1);
  EXPECT_NEAR(node.row("unattributed"), kGpuWatts * 10, 1) << "the other one";
  EXPECT_TRUE(has(records["2"].anomalies(), "device_owner_unknown"));
  EXPECT_FALSE(has(records["1"].anomalies(), "device_owner_unknown"));
}

TEST(EnergyAccountingUnknown, ASecondNameOfADeviceNeedsNoOwner) {
  Node node({"Acme", "Acme"}, true);
  node.cgroups.jobs = {make_use("1", 0, 2), make_use("2", 2, 2)};
  node.cgroups.jobs[0].gpus_said = "0,1";
  node.pass(10, {1, 1});
  auto records = node.end();
  EXPECT_EQ(records["1"].job().gpus(), 2U);
  for (const auto& [id, record] : records) EXPECT_FALSE(has(record.anomalies(), "device_owner_unknown"));
  EXPECT_EQ(node.row("unattributed"), 0);
}

TEST(EnergyAccountingUnknown, AnExclusiveJobHasTheDevicesOfItsNode) {
  Node node;
  node.cgroups.jobs = {make_use("1", 0, kCpus)};
  node.cgroups.jobs[0].gpus_said.reset();
  node.pass(10, {1});
  auto records = node.end();
  EXPECT_EQ(node.row("unattributed"), 0);
  EXPECT_FALSE(has(records["1"].anomalies(), "device_owner_unknown"));
  EXPECT_NEAR(joules_of(records["1"].energy()), 720 * 10, 1);
}

TEST(EnergyAccountingUnknown, ADeviceStaysUnattributedOverAKill) {
  Node node;
  node.cgroups.jobs = {make_use("1", 0, 2), make_use("2", 2, 2)};
  for (CgroupUsage& job : node.cgroups.jobs) job.gpus_said.reset();
  node.pass(5, {1, 1});
  node.kill();
  node.pass(5, {1, 1});
  auto records = node.end();
  EXPECT_NEAR(node.row("unattributed"), 2 * kGpuWatts * 10, 1);
  EXPECT_TRUE(has(records["1"].anomalies(), "device_owner_unknown"));
}

// A cgroup of version 1 without CPU accounting: four of eight CPUs each, and the node is as busy as both can be.
TEST(EnergyAccountingUnknown, CpuTimeThatCannotBeReadGoesByReservation) {
  Node known, unknown;
  known.cgroups.jobs = {make_use("1", 0, 4), make_use("2", 4, 4)};
  unknown.cgroups.jobs = {make_use("1", 0, 4), make_use("2", 4, 4, std::nullopt)};
  for (Node* node : {&known, &unknown}) node->pass(10, {3, 4});
  auto sure = known.end(), unsure = unknown.end();
  const pb::Record &with = sure["2"], &without = unsure["2"];
  EXPECT_NEAR(joules_of(without.energy()), joules_of(with.energy()), 0.1 * joules_of(with.energy()));
  EXPECT_GT(without.energy().uncertainty_uj(), 2 * with.energy().uncertainty_uj());
  EXPECT_TRUE(has(without.anomalies(), "cpu_time_unknown"));
  EXPECT_FALSE(has(with.anomalies(), "cpu_time_unknown"));
  EXPECT_FALSE(has(unsure["1"].anomalies(), "cpu_time_unknown"));
  EXPECT_NEAR(joules_of(unsure["1"].energy()), joules_of(sure["1"].energy()), 1e-6);
}

// The node's own CPU time is known: the jobs cannot have used more than that together.
TEST(EnergyAccountingUnknown, UnknownCpuTimeIsNoMoreThanTheNodesOwn) {
  Node node;
  node.cgroups.jobs = {make_use("1", 0, 4, std::nullopt), make_use("2", 4, 2, std::nullopt)};
  node.pass(10, {0, 0});  // one second of CPU time a second, by any process
  auto records = node.end();
  const auto processor = [&](const std::string& job) {
    for (const pb::Component& part : records[job].components())
      if (part.domain() == "package") return joules_of(part.energy());
    return 0.0;
  };
  EXPECT_NEAR(processor("1"), 10 * (40 * 0.5 + 60 * 2 / 3.0), 1);
  EXPECT_NEAR(processor("2"), 10 * (40 * 0.25 + 60 / 3.0), 1);
}

TEST(EnergyAccountingUnknown, MemoryThatCannotBeReadGoesByReservation) {
  Node node;
  node.cgroups.jobs = {make_use("1", 0, 4), make_use("2", 4, 4)};
  node.cgroups.jobs[1].memory.reset();
  node.pass(10, {3, 3});
  auto records = node.end();
  const auto memory = [&](const std::string& job) {
    for (const pb::Component& part : records[job].components())
      if (part.domain() == "dram") return joules_of(part.energy());
    return 0.0;
  };
  EXPECT_GT(memory("2"), memory("1")) << "what the other and the system do not hold may be its own";
  EXPECT_TRUE(has(records["2"].anomalies(), "memory_held_unknown"));
  EXPECT_FALSE(has(records["1"].anomalies(), "memory_held_unknown"));
}

// For a job that has the node to itself nothing is divided, so there is no uncertainty of division.
TEST(EnergyAccountingUnknown, WhatNobodyAsksForIsNoAnomaly) {
  Node node;
  node.cgroups.jobs = {make_use("1", 0, kCpus, std::nullopt)};
  node.cgroups.jobs[0].memory.reset();
  node.pass(10, {3});
  EXPECT_TRUE(node.end()["1"].anomalies().empty());
}

// Whatever is known: the rows add up to the node, and what is unknown is in no job and not idle.
RC_GTEST_PROP(EnergyAccountingUnknownProperties, RowsAreTheNode, ()) {
  using Said = std::optional<std::string>;
  const auto any = [](int of) { return *rc::gen::inRange(0, of); };
  Node node({kVendors.at(static_cast<std::size_t>(any(4))), kVendors.at(static_cast<std::size_t>(any(4)))});
  for (int i = 0; i < 3; ++i) {
    CgroupUsage use = make_use(std::to_string(i + 1), static_cast<unsigned>(any(6)), 2);
    if (any(2) == 0) use.cpu = use.steps[0].cpu = std::nullopt;
    if (any(2) == 0) use.memory.reset();
    use.gpus_said = *rc::gen::element(Said(), Said(""), Said("0"), Said("1"), Said("0,1"), Said("7"));
    if (any(3) == 0) use.device_nodes = {{"226:" + std::to_string(128 + any(3))}};
    node.cgroups.jobs.push_back(use);
  }
  for (int i = 0; i < 6; ++i) {
    if (any(4) == 0) node.kill();
    if (any(4) == 0 && !node.cgroups.jobs.empty()) node.cgroups.jobs.pop_back();
    node.pass(1, std::vector<std::int64_t>(node.cgroups.jobs.size(), any(3)));
    RC_ASSERT(node.accounting.not_conserved() == Joules{});
  }
  node.end();
  pb::NodeState state;
  node.accounting.write(state);
  std::int64_t sum = 0, whole = 0;
  for (const pb::NodeRow& row : state.rows()) (row.name() == "node" ? whole : sum) += row.energy_uj();
  RC_ASSERT(sum == whole);
  RC_ASSERT(whole > 0);
}

}  // namespace
}  // namespace nw
