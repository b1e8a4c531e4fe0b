// Any bytes as a daemon's checkpoint: implausible content must neither stop the process that starts now nor stay in its
// sums.
#include <google/protobuf/stubs/logging.h>

#include <cstdlib>

#include "accounting/energy_accounting.h"

namespace {
std::vector<nw::SensorInfo> make_infos() {
  std::vector<nw::SensorInfo> infos(2);
  infos[0].id = "rapl/package-0", infos[0].part = {nw::Domain::package, "0"};
  infos[1].id = "nvml/GPU-a/energy", infos[1].part = {nw::Domain::gpu, "GPU-a"};
  return infos;
}

// What a program of the job reports meanwhile.
void report(nw::EnergyAccounting& accounting, nw::Nanos at, std::uint64_t id) {
  const auto step = accounting.find_step({"", "", "1", "0"});
  if (!step || !accounting.let_report(*step)) return;
  using Kind = nw::ProgramEvent::Kind;
  accounting.add(*step, {Kind::end, at, id - 1, 7, 7, "", "", 0});
  accounting.add(*step, {Kind::begin, at, id, 7, 7, "train", "", 0});
  accounting.add(*step, {Kind::work, at, 0, 7, 7, "", "sample", 1e308});
  if (id % 2 == 0)
    accounting.abandon(
        *step, [](std::uint32_t pid) { return pid == 7; }, at);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  google::protobuf::SetLogHandler(nullptr);
  nw::pb::Checkpoint checkpoint;
  if (!checkpoint.ParseFromArray(bytes, static_cast<int>(size))) return 0;
  nw::AccountedNode node;
  node.make_uid = [] { return std::string("uid"); };
  nw::EnergyAccounting accounting(make_infos(), node, nw::seconds(1));
  accounting.resume(checkpoint, "boot", nw::seconds(1'000'000));
  const nw::Joules gap = accounting.not_conserved();
  nw::CgroupSnapshot cgroups;
  cgroups.cpus = 4;
  for (int i = 1; i < 5; ++i) {
    const nw::Nanos at = nw::seconds(1'000'000 + i);
    cgroups.jobs = {nw::CgroupUsage{}};
    cgroups.jobs[0].id = "1";
    cgroups.jobs[0].steps = {{"0", std::nullopt}};
    const nw::Sample sample{at, at, {}, static_cast<std::uint64_t>(i) * 1'000'000, nw::Status::ok, {}};
    accounting.add({sample, sample}, cgroups, at.count());
    report(accounting, at + nw::millis(10), static_cast<std::uint64_t>(i));
    accounting.tick();
    (void)accounting.take_readings();
  }
  if (accounting.not_conserved() != gap) std::abort();            // what they lacked stays as it was
  if (accounting.until() < nw::seconds(1'000'000)) std::abort();  // time stands still
  nw::pb::Checkpoint again;
  accounting.snapshot().write("boot", again);
  nw::EnergyAccounting next(make_infos(), node, nw::seconds(1));  // what was written is read again
  next.resume(again, "boot", nw::seconds(1'000'010));
  for (const auto& record : accounting.running(false, [](const nw::pb::Record&) { return true; }))
    (void)record.SerializeAsString();
  return 0;
}
