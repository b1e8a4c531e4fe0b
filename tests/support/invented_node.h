// A node with an accounting and jobs, whose energy at every time is known.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "accounting/energy_accounting.h"

namespace nw::test {

inline AccountedNode make_node() {
  AccountedNode node;
  node.make_uid = [] { return std::string("uid"); };
  node.idle["package/0"] = watts(40);
  return node;
}

inline const std::vector<unsigned> kEveryCpu{0, 1, 2, 3, 4, 5, 6, 7};

// A package of 100 W, 300 W while `busy`, and memory of 20 W; counters in microjoules.
class InventedNode {
 public:
  InventedNode() {
    for (const Part& part : {Part{Domain::package, "0"}, Part{Domain::dram, "0"}}) {
      SensorInfo& info = infos.emplace_back();
      info.id = info.source = std::string(name(part.domain)) + "/" + part.device;
      info.part = part;
      info.update_interval = millis(1);
    }
    start();
    cgroups.cpus = 8;
    cgroups.memory = 64'000'000'000;
    cgroups.memory_used = 8'000'000'000;
    cgroups.busy = Nanos{};
  }

  void start() { accounting.emplace(infos, make_node(), seconds(1)); }
  void run_for(Nanos time) {
    now += time;
    energy[0] += (busy ? 300 : 100) * (time.count() / 1000);
    energy[1] += 20 * (time.count() / 1000);
    *cgroups.busy += time;
    for (CgroupUsage& job : cgroups.jobs) {
      job.cpu = *job.cpu + time;
      for (StepCgroupUsage& step : job.steps) step.cpu = *step.cpu + time;
    }
  }
  SampleSet read() const {
    SampleSet samples;
    for (const std::int64_t counted : energy)
      samples.push_back({now, now, {}, static_cast<std::uint64_t>(counted), lost ? Status::denied : Status::ok, {}});
    if (controller_w)
      samples.push_back(
          {now, now, {}, static_cast<std::uint64_t>(*controller_w), lost ? Status::denied : Status::ok, {}});
    return samples;
  }
  // A controller that shows the mean of the whole node's power over half a minute; what it shows is `controller_w`.
  void add_controller() {
    SensorInfo& info = infos.emplace_back();
    info.id = info.source = "controller/0";
    info.part = {Domain::node, "0"};
    info.kind = SensorKind::gauge;
    info.boundary = Boundary::wall;
    info.unit_num = kMicro;
    info.update_interval = {seconds(1), seconds(2), TimingBasis::assumed};
    info.averaging_window = {seconds(15), seconds(30), TimingBasis::assumed};
    controller_w = 0;
    start();
  }
  void point(Nanos time = seconds(1)) {
    run_for(time);
    cgroups.at = now;
    accounting->add(read(), cgroups, (seconds(1'700'000'000) + now).count());
    EXPECT_EQ(accounting->not_conserved(), Joules{});
  }
  void add_job(const std::string& id, std::vector<unsigned> cpus, std::vector<std::string> steps = {"0"}) {
    CgroupUsage& job = cgroups.jobs.emplace_back();
    job.manager = "slurm";
    job.id = id;
    job.uid = 1000;
    job.cpus = std::move(cpus);
    job.cpu = Nanos{};
    job.memory = 1'000'000'000;
    job.gpus_said = "";
    for (const std::string& step : steps) job.steps.push_back({step, Nanos{}});
  }
  // A job with every CPU, whose only step reports.
  StepName start_exclusive_job() {
    point();
    add_job("1", kEveryCpu);
    point();
    return report("1");
  }
  StepName report(const std::string& job, const std::string& step = "0") {
    const auto found = accounting->find_step({"slurm", "", job, step});
    EXPECT_TRUE(found && accounting->let_report(*found));
    return found.value_or(StepName{});
  }
  void event(const StepName& step, ProgramEvent::Kind kind, std::uint64_t id, const std::string& name = "",
             double value = 0, std::uint32_t tid = 1) {
    accounting->add(step, {kind, now, id, 7, tid, name, kind == ProgramEvent::Kind::work ? "sample" : "", value});
  }
  void begin(const StepName& step, std::uint64_t id, const std::string& name) {
    event(step, ProgramEvent::Kind::begin, id, name);
  }
  void end(const StepName& step, std::uint64_t id) { event(step, ProgramEvent::Kind::end, id); }
  void kill() {
    pb::Checkpoint checkpoint;
    accounting->snapshot().write("boot", checkpoint);
    pb::Checkpoint read;
    ASSERT_TRUE(read.ParseFromString(checkpoint.SerializeAsString()));
    start();
    accounting->resume(read, "boot", now);
  }
  pb::Record finish() {
    cgroups.jobs.clear();
    point();
    for (int i = 0; i < 3; ++i) point();
    EXPECT_EQ(accounting->ended().size(), 1U);
    return accounting->ended().empty() ? pb::Record() : accounting->ended().front();
  }

  std::vector<SensorInfo> infos;
  std::optional<EnergyAccounting> accounting;
  CgroupSnapshot cgroups;
  Nanos now = seconds(100);
  bool busy = false, lost = false;
  std::optional<std::int64_t> controller_w;
  std::int64_t energy[2] = {1'000'000, 1'000'000};
};

}  // namespace nw::test
