#include "accounting/utilization_summary.h"

#include <gtest/gtest.h>

#include "record/record.pb.h"

namespace nw {
namespace {

constexpr Nanos kBegin = seconds(1000);

UtilizationInfo gpu(const std::string& device = "GPU-1") {
  UtilizationInfo info;
  info.id = "nvml/" + device + "/activity";
  info.part = {Domain::gpu, device};
  info.label = "gpu0 A100";
  info.averaging_window = seconds(1);
  info.power_limit = watts(400);
  return info;
}

UtilizationInfo cpus() {
  UtilizationInfo info;
  info.part = {Domain::node, ""};
  info.kind = UtilizationKind::time;
  info.full = 400;
  return info;
}

UtilizationSample utilization_sample(Nanos since_begin, std::optional<std::uint64_t> busy,
                                     std::optional<std::uint64_t> processes = {}) {
  const auto said = [](auto value) { return value ? Reading::of(*value) : Reading::none(ErrorKind::denied); };
  return {kBegin + since_begin, said(busy), said(processes)};
}

// A run of one device: utilization samples up to its end, and those after it.
pb::Record run(const UtilizationInfo& info, const std::vector<UtilizationSample>& inside, Nanos length,
               const std::vector<UtilizationSample>& after = {}) {
  UtilizationSummary utilization_summary({info});
  bool begun = false;
  for (const UtilizationSample& one : inside) {
    if (!begun && one.at > kBegin) begun = (utilization_summary.begin(kBegin), true);
    utilization_summary.add({one});
  }
  if (!begun) utilization_summary.begin(kBegin);
  utilization_summary.end(kBegin + length);
  for (const UtilizationSample& one : after) utilization_summary.add({one});
  pb::Record record;
  write_devices({info}, record);
  utilization_summary.write(record);
  return record;
}

TEST(UtilizationSummary, TheMeanIsWeightedByTime) {
  const pb::Record record = run(gpu(),
                                {utilization_sample(-millis(5), 77, 0), utilization_sample(seconds(1), 100, 1),
                                 utilization_sample(seconds(4), 20, 3)},
                                millis(4500), {utilization_sample(millis(4520), 40, 0)});
  const pb::Device& device = record.devices(0);
  EXPECT_DOUBLE_EQ(device.busy(), (1.0 * 1 + 0.2 * 3 + 0.4 * 0.5) / 4.5) << "nothing of before the run";
  EXPECT_DOUBLE_EQ(device.busiest(), 1.0);
  EXPECT_EQ(device.processes(), 3u);
  EXPECT_EQ(device.domain(), "gpu");
  EXPECT_EQ(device.device(), "GPU-1");
  EXPECT_EQ(device.label(), "gpu0 A100");
  EXPECT_EQ(device.power_limit_uw(), 400'000'000);
  EXPECT_FALSE(device.has_allocated());
}

TEST(UtilizationSummary, ARunShorterThanTheWindowHasNoShare) {
  const pb::Record record =
      run(gpu(), {utilization_sample(-millis(5), 0, 0)}, millis(900), {utilization_sample(millis(950), 3, 0)});
  EXPECT_FALSE(record.devices(0).has_busy()) << "it may have been anything";
  EXPECT_FALSE(record.devices(0).has_processes()) << "nobody looked while it ran";
  EXPECT_EQ(record.devices(0).power_limit_uw(), 400'000'000);
  const pb::Record longer =
      run(gpu(), {utilization_sample(-millis(5), 0, 0)}, millis(1100), {utilization_sample(millis(1150), 80, 0)});
  EXPECT_DOUBLE_EQ(longer.devices(0).busy(), 0.8) << "what is read after the end tells of before it";
  EXPECT_FALSE(longer.devices(0).has_processes());
}

TEST(UtilizationSummary, IdleIsKnownToBe0) {
  const pb::Record record =
      run(gpu(), {utilization_sample(seconds(1), 0, 0), utilization_sample(seconds(2), 0, 0)}, millis(2500));
  EXPECT_TRUE(record.devices(0).has_busy());
  EXPECT_EQ(record.devices(0).busy(), 0);
  EXPECT_TRUE(record.devices(0).has_processes());
  EXPECT_EQ(record.devices(0).processes(), 0u);
}

TEST(UtilizationSummary, WhatCouldNotBeReadIsNoPartOfTheMean) {
  const pb::Record record = run(gpu(),
                                {utilization_sample(seconds(1), 50, {}), utilization_sample(seconds(8), {}, {}),
                                 utilization_sample(seconds(9), 100, {})},
                                seconds(9));
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), (0.5 * 1 + 1.0 * 1) / 2);
  EXPECT_FALSE(record.devices(0).has_processes());
  const pb::Record none =
      run(gpu(), {utilization_sample(seconds(1), {}), utilization_sample(seconds(2), {})}, seconds(2));
  EXPECT_FALSE(none.devices(0).has_busy());
  EXPECT_FALSE(none.devices(0).has_busiest());
}

TEST(UtilizationSummary, BusyWithoutAProcessMeansThatProcessesAreHidden) {
  const pb::Record record =
      run(gpu(), {utilization_sample(seconds(1), 90, 0), utilization_sample(seconds(2), 90, 0)}, seconds(2));
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.9);
  EXPECT_FALSE(record.devices(0).has_processes());
}

TEST(UtilizationSummary, ADeviceThatWasNotReadAnewCountsOnce) {
  const UtilizationSample one = utilization_sample(seconds(1), 100);
  const pb::Record record = run(gpu(), {one, one, one, utilization_sample(seconds(2), 0)}, seconds(2));
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.5);
}

TEST(UtilizationSummary, CpusAreTheNodesOwnShare) {
  const pb::Record record =
      run(cpus(), {utilization_sample(-millis(2), 1000), utilization_sample(seconds(1), 1100)}, seconds(2),
          {utilization_sample(seconds(2) + millis(1), 1601), utilization_sample(seconds(3), 1601)});
  EXPECT_EQ(record.devices_size(), 0);
  EXPECT_NEAR(record.cpu_busy(), 601.0 / 400 / 2.003, 1e-9) << "up to the first glance after the end";
  EXPECT_FALSE(
      run(cpus(), {utilization_sample({}, 1000)}, millis(100), {utilization_sample(millis(100), 1010)}).has_cpu_busy())
      << "ticks are too coarse";
  EXPECT_FALSE(
      run(cpus(), {utilization_sample({}, {})}, seconds(2), {utilization_sample(seconds(2), {})}).has_cpu_busy());
}

TEST(UtilizationSummary, BusyTimeOfADeviceHasABusiestMoment) {
  UtilizationInfo info = gpu();
  info.kind = UtilizationKind::time;
  info.full = 1000;
  const pb::Record record =
      run(info, {utilization_sample({}, 0), utilization_sample(seconds(1), 100), utilization_sample(seconds(2), 1000)},
          seconds(4), {utilization_sample(seconds(4), 1000)});
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.25);
  EXPECT_DOUBLE_EQ(record.devices(0).busiest(), 0.9);
}

TEST(UtilizationSummary, OfSeveralDevicesEachHasItsOwn) {
  UtilizationSummary utilization_summary({gpu("GPU-a"), cpus(), gpu("GPU-\xff")});
  utilization_summary.begin(kBegin);
  utilization_summary.add(
      {utilization_sample(seconds(1), 10), utilization_sample(seconds(1), 1), utilization_sample(seconds(1), 90)});
  utilization_summary.end(kBegin + seconds(1));
  pb::Record record;
  write_devices({gpu("GPU-a"), cpus(), gpu("GPU-\xff")}, record);
  utilization_summary.write(record);
  ASSERT_EQ(record.devices_size(), 2);
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.1);
  EXPECT_DOUBLE_EQ(record.devices(1).busy(), 0.9);
  pb::Record again;
  EXPECT_TRUE(again.ParseFromString(record.SerializeAsString())) << "foreign text is valid by now";
  pb::Record other;
  utilization_summary.write(other);  // of a run whose record has no devices
  EXPECT_EQ(other.devices_size(), 0);
}

}  // namespace
}  // namespace nw
