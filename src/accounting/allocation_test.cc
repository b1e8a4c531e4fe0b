#include "accounting/allocation.h"

#include <gtest/gtest.h>

#include <map>

#include "accounting/utilization_summary.h"

namespace nw {
namespace {

using Variables = std::map<std::string, std::string>;

UtilizationInfo gpu(const std::string& driver, unsigned number, const std::string& model = "A100") {
  UtilizationInfo info;
  info.part = {Domain::gpu, "GPU-" + std::string(7, '0') + std::to_string(number) + "-0000"};
  info.id = driver + "/" + info.part.device + "/activity";
  info.model = model;
  info.indices = {number};
  return info;
}

std::vector<UtilizationInfo> four(const std::string& driver = "nvml") {
  return {gpu(driver, 0), gpu(driver, 1), gpu(driver, 2), gpu(driver, 3)};
}

// "yyn?": what is known of each.
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
  EXPECT_EQ(known(four("level_zero"), {{"CUDA_VISIBLE_DEVICES", "0"}}), "????");
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
  EXPECT_EQ(known({gpu("nvml", 0), gpu("nvml", 1)}, {{"SLURM_JOB_GPUS", "2,3"}}), "yy")
      << "a job that sees only its own";
  EXPECT_EQ(known({gpu("nvml", 0), gpu("nvml", 1)}, {{"SLURM_JOB_GPUS", "3"}}), "??");
  EXPECT_EQ(known(four(), {{"SLURM_JOB_GPUS", ""}}), "????");
  EXPECT_EQ(known(four(), {{"SLURM_JOB_GPUS", "x"}, {"CUDA_VISIBLE_DEVICES", "1"}}), "nynn");
  const std::vector<UtilizationInfo> mixed{gpu("nvml", 0), gpu("rocm", 0)};
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
  const auto infos = four("rocm");
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

TEST(Allocation, OfTwoDiesEitherWillDo) {
  auto infos = std::vector{gpu("rocm", 0), gpu("rocm", 2)};
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
  std::vector<UtilizationInfo> infos{gpu("nvml", 0), {}, gpu("nvml", 1)};
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
