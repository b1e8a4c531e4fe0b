#include "accounting/allocation.h"

#include <gtest/gtest.h>

#include <map>

#include "accounting/utilization_summary.h"
#include "record/record.pb.h"
#include "sensor/driver.h"

namespace nw {
namespace {

using Variables = std::map<std::string, std::string>;

VisibleDevices variable(const char* name) {
  VisibleDevices one;
  one.variable = name;
  return one;
}

// As the drivers declare it (checked in their own tests), and for an unknown vendor.
std::vector<VisibleDevices> visible_of(const std::string& vendor) {
  if (vendor == "NVIDIA") return nvml_visible_devices();
  if (vendor == "AMD") {
    std::vector list{variable("ROCR_VISIBLE_DEVICES"), variable("HIP_VISIBLE_DEVICES"), variable("GPU_DEVICE_ORDINAL")};
    list[1].among_shown = list[2].among_shown = true;
    return list;
  }
  if (vendor == "Intel") {
    VisibleDevices mask = variable("ZE_AFFINITY_MASK");
    mask.numbers_alike = false;
    mask.order = "ZE_FLAT_DEVICE_HIERARCHY";
    mask.in_order = "COMPOSITE";
    return {mask};
  }
  return {variable("ACME_DEVICES")};
}

UtilizationInfo gpu(const std::string& vendor, unsigned number, const std::string& model = "A100") {
  UtilizationInfo info;
  info.part = {Domain::gpu, "GPU-" + std::string(7, '0') + std::to_string(number) + "-0000"};
  info.id = "any/" + info.part.device + "/activity";
  info.model = model;
  info.indices = {number};
  info.vendor = vendor;
  info.visible = visible_of(vendor);
  return info;
}

std::vector<UtilizationInfo> four(const std::string& vendor = "NVIDIA") {
  return {gpu(vendor, 0), gpu(vendor, 1), gpu(vendor, 2), gpu(vendor, 3)};
}

// "yyn?": what is known of each device: yes, no, unknown.
std::string known(const std::vector<UtilizationInfo>& infos, const Variables& variables) {
  std::string text;
  for (const auto& one : compute_allocation(infos, [&](const char* name) -> std::optional<std::string> {
         const auto found = variables.find(name);
         return found == variables.end() ? std::nullopt : std::optional(found->second);
       }))
    text += !one ? '?' : *one ? 'y' : 'n';
  return text;
}

TEST(Allocation, NothingSaidIsNothingKnown) {
  EXPECT_EQ(known(four(), {}), "????");
  EXPECT_EQ(known({}, {{"CUDA_VISIBLE_DEVICES", "0"}}), "");
  EXPECT_EQ(known(four("Intel"), {{"CUDA_VISIBLE_DEVICES", "0"}}), "????");
}

TEST(Allocation, CudasListOfAlikeGpus) {
  const auto list = [](const char* text) { return known(four(), {{"CUDA_VISIBLE_DEVICES", text}}); };
  EXPECT_EQ(list("0,2"), "ynyn");
  EXPECT_EQ(list(" 3 , 1 "), "nyny");
  EXPECT_EQ(list(""), "nnnn") << "set, and empty: none";
  EXPECT_EQ(list("-1"), "nnnn");
  EXPECT_EQ(list("NoDevFiles"), "nnnn") << "what Slurm writes for none";
  EXPECT_EQ(list("1,-1,2"), "nynn") << "it ends at the first that names nothing";
  EXPECT_EQ(list("1,9,2"), "nynn");
  EXPECT_EQ(list("GPU-00000002,0"), "ynyn") << "a UUID's beginning";
  EXPECT_EQ(list("GPU-0000000"), "????") << "four begin so";
  EXPECT_EQ(list("GPU-deadbeef"), "????");
  EXPECT_EQ(list("MIG-6f1c2a3b-0000-1111-2222-333344445555"), "????");
  EXPECT_EQ(list("garbage"), "????");
}

TEST(Allocation, CudasNumbersOfUnlikeGpusNeedThePciOrder) {
  auto infos = four();
  infos[3].model = "T400";
  EXPECT_EQ(known(infos, {{"CUDA_VISIBLE_DEVICES", "0"}}), "????") << "the fastest first: which is that?";
  EXPECT_EQ(known(infos, {{"CUDA_VISIBLE_DEVICES", "0"}, {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}}), "ynnn");
  EXPECT_EQ(known(infos, {{"CUDA_VISIBLE_DEVICES", "GPU-00000003"}}), "nnny") << "a UUID means one thing";
  infos.erase(infos.begin() + 1);  // fallen off the bus
  EXPECT_EQ(known(infos, {{"CUDA_VISIBLE_DEVICES", "1"}, {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}}), "???");
}

TEST(Allocation, SlurmComesFirst) {
  EXPECT_EQ(known(four(), {{"SLURM_JOB_GPUS", "0,1"}, {"CUDA_VISIBLE_DEVICES", "0"}}), "yynn")
      << "all that the job was given, whatever it looks at";
  EXPECT_EQ(known(four(), {{"SLURM_STEP_GPUS", "2"}, {"SLURM_JOB_GPUS", "0-3"}}), "nnyn");
  EXPECT_EQ(known({gpu("NVIDIA", 0), gpu("NVIDIA", 1)}, {{"SLURM_JOB_GPUS", "2,3"}}), "yy")
      << "a job that sees only its own";
  EXPECT_EQ(known({gpu("NVIDIA", 0), gpu("NVIDIA", 1)}, {{"SLURM_JOB_GPUS", "3"}}), "??");
  EXPECT_EQ(known(four(), {{"SLURM_JOB_GPUS", ""}}), "????");
  EXPECT_EQ(known(four(), {{"SLURM_JOB_GPUS", "x"}, {"CUDA_VISIBLE_DEVICES", "1"}}), "nynn");
  const std::vector<UtilizationInfo> mixed{gpu("NVIDIA", 0), gpu("AMD", 0)};
  EXPECT_EQ(known(mixed, {{"SLURM_JOB_GPUS", "0"}}), "??") << "whose numbers?";
}

TEST(Allocation, AContainerNumbersTheMachineOutsideIt) {
  const auto list = [](const char* text) { return known(four(), {{"NVIDIA_VISIBLE_DEVICES", text}}); };
  EXPECT_EQ(list("all"), "????") << "is what images say of themselves";
  EXPECT_EQ(list("void"), "????");
  EXPECT_EQ(list("none"), "nnnn");
  EXPECT_EQ(list("4,5,6,7"), "yyyy");
  EXPECT_EQ(list("0,1"), "????");
  EXPECT_EQ(list("GPU-00000001-0000"), "nynn");
}

TEST(Allocation, Amd) {
  const auto infos = four("AMD");
  EXPECT_EQ(known(infos, {{"ROCR_VISIBLE_DEVICES", "1,3"}}), "nyny");
  EXPECT_EQ(known(infos, {{"ROCR_VISIBLE_DEVICES", "1,3"}, {"HIP_VISIBLE_DEVICES", "1"}}), "nnny")
      << "the second of those";
  EXPECT_EQ(known(infos, {{"HIP_VISIBLE_DEVICES", "0"}}), "ynnn");
  EXPECT_EQ(known(infos, {{"GPU_DEVICE_ORDINAL", "2"}}), "nnyn");
  EXPECT_EQ(known(infos, {{"ROCR_VISIBLE_DEVICES", "x"}, {"HIP_VISIBLE_DEVICES", "0"}}), "????");
  EXPECT_EQ(known(infos, {{"CUDA_VISIBLE_DEVICES", "0"}}), "????");
  auto older = infos;
  for (UtilizationInfo& info : older) info.part.device.insert(4, "0x");
  EXPECT_EQ(known(older, {{"ROCR_VISIBLE_DEVICES", "gpu-00000002"}}), "nnyn");
}

TEST(Allocation, Intel) {
  const auto infos = four("Intel");
  EXPECT_EQ(known(infos, {{"ZE_AFFINITY_MASK", "0,2"}}), "????") << "cards or tiles?";
  EXPECT_EQ(known(infos, {{"ZE_AFFINITY_MASK", "0,2"}, {"ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"}}), "ynyn");
  EXPECT_EQ(known(infos, {{"ZE_AFFINITY_MASK", "1.0,3.1"}, {"ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"}}), "nyny")
      << "a tile is a part of its card";
  EXPECT_EQ(known(infos, {{"ZE_AFFINITY_MASK", "1.x"}, {"ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"}}), "????");
}

// Whatever the source: the scheduler's statement, and what the driver declares.
TEST(Allocation, NoVendorIsKnownByName) {
  for (const char* vendor : {"NVIDIA", "AMD", "Intel", "Acme", ""}) {
    EXPECT_EQ(known(four(vendor), {{"SLURM_JOB_GPUS", "1,2"}}), "nyyn") << vendor;
    EXPECT_EQ(known(four(vendor), {{"UNHEARD_OF", "1"}}), "????") << vendor;
  }
  EXPECT_EQ(known(four("Acme"), {{"ACME_DEVICES", "3"}}), "nnny");
  EXPECT_EQ(known({gpu("Acme", 0), gpu("Intel", 0)}, {{"SLURM_JOB_GPUS", "0"}}), "??") << "whose numbers?";
  EXPECT_EQ(known({gpu("Acme", 0), gpu("Intel", 0)}, {{"ACME_DEVICES", "0"}}), "y?");
}

TEST(Allocation, WhoMayOpenADeviceNodeMayUseTheDevice) {
  std::vector<UtilizationInfo> infos{gpu("NVIDIA", 0), gpu("AMD", 0), gpu("Acme", 0)};
  infos[0].device_nodes = {"195:3"};
  infos[1].device_nodes = {"226:128", "226:129"};
  const auto openable = [&](const std::vector<std::string>& nodes) {
    std::string text;
    for (const auto& one : compute_openable(infos, nodes)) text += !one ? '?' : *one ? 'y' : 'n';
    return text;
  };
  EXPECT_EQ(openable({}), "nn?") << "the third's driver states no node";
  EXPECT_EQ(openable({"195:3", "226:130"}), "yn?") << "minor 3, whatever its index";
  EXPECT_EQ(openable({"226:129"}), "ny?");
  EXPECT_EQ(openable({"195:*", "226:128"}), "?y?") << "all of one kind is no confinement";
}

TEST(Allocation, OfTwoDiesEitherWillDo) {
  auto infos = std::vector{gpu("AMD", 0), gpu("AMD", 2)};
  infos[0].indices = {0, 1};
  infos[1].indices = {2, 3};
  EXPECT_EQ(known(infos, {{"ROCR_VISIBLE_DEVICES", "3"}}), "ny");
  EXPECT_EQ(known(infos, {{"SLURM_JOB_GPUS", "0-3"}}), "yy");
}

TEST(Allocation, NumbersOfInstancesAreNotThoseOfBoards) {
  auto infos = four();
  infos[0].indices.clear();  // MIG
  EXPECT_EQ(known(infos, {{"CUDA_VISIBLE_DEVICES", "1"}}), "????");
  EXPECT_EQ(known(infos, {{"SLURM_JOB_GPUS", "0,1,2"}}), "????");
  EXPECT_EQ(known(infos, {{"CUDA_VISIBLE_DEVICES", "GPU-00000002"}}), "?nyn");
}

TEST(Allocation, GoesToTheDevicesOfTheRecord) {
  std::vector<UtilizationInfo> infos{gpu("NVIDIA", 0), {}, gpu("NVIDIA", 1)};
  infos[1].part.domain = Domain::node;
  pb::Record record;
  write_devices(infos, record);
  ASSERT_EQ(record.devices_size(), 2);
  write_allocation(
      infos, [](const char*) { return std::nullopt; }, record);
  EXPECT_FALSE(record.devices(0).has_allocated());
  write_allocation(
      infos,
      [](const char* name) {
        return std::string_view(name) == "CUDA_VISIBLE_DEVICES" ? std::optional<std::string>("1") : std::nullopt;
      },
      record);
  EXPECT_FALSE(record.devices(0).allocated());
  EXPECT_TRUE(record.devices(0).has_allocated());
  EXPECT_TRUE(record.devices(1).allocated());
}

}  // namespace
}  // namespace nw
