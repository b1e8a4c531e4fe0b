#include "accounting/utilization_summary.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

constexpr Nanos kBegin = seconds(1000);

ActivityPlate gpu(const std::string& device = "GPU-1") {
  ActivityPlate plate;
  plate.id = "nvml/" + device + "/activity";
  plate.part = {Domain::gpu, device};
  plate.label = "gpu0 A100";
  plate.window = seconds(1);
  plate.power_limit = watts(400);
  return plate;
}

ActivityPlate cpus() {
  ActivityPlate plate;
  plate.part = {Domain::node, ""};
  plate.telling = Telling::time;
  plate.full = 400;
  return plate;
}

Glance glance(Nanos since_begin, std::optional<std::uint64_t> busy, std::optional<std::uint64_t> processes = {}) {
  const auto said = [](auto value) { return value ? Reading::of(*value) : Reading::none(ErrorKind::denied); };
  return {kBegin + since_begin, said(busy), said(processes)};
}

// A run of one device: glances up to its end, and those after it.
pb::Record run(const ActivityPlate& plate, const std::vector<Glance>& inside, Nanos length,
               const std::vector<Glance>& after = {}) {
  Usage usage({plate});
  bool begun = false;
  for (const Glance& one : inside) {
    if (!begun && one.at > kBegin) begun = (usage.begin(kBegin), true);
    usage.add({one});
  }
  if (!begun) usage.begin(kBegin);
  usage.end(kBegin + length);
  for (const Glance& one : after) usage.add({one});
  pb::Record record;
  write_devices({plate}, record);
  usage.write(record);
  return record;
}

TEST(Usage, TheMeanIsWeightedByTime) {
  const pb::Record record =
      run(gpu(), {glance(-millis(5), 77, 0), glance(seconds(1), 100, 1), glance(seconds(4), 20, 3)}, millis(4500),
          {glance(millis(4520), 40, 0)});
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

TEST(Usage, ARunShorterThanTheWindowHasNoShare) {
  const pb::Record record = run(gpu(), {glance(-millis(5), 0, 0)}, millis(900), {glance(millis(950), 3, 0)});
  EXPECT_FALSE(record.devices(0).has_busy()) << "it may have been anything";
  EXPECT_FALSE(record.devices(0).has_processes()) << "nobody looked while it ran";
  EXPECT_EQ(record.devices(0).power_limit_uw(), 400'000'000);
  const pb::Record longer = run(gpu(), {glance(-millis(5), 0, 0)}, millis(1100), {glance(millis(1150), 80, 0)});
  EXPECT_DOUBLE_EQ(longer.devices(0).busy(), 0.8) << "what is read after the end tells of before it";
  EXPECT_FALSE(longer.devices(0).has_processes());
}

TEST(Usage, IdleIsKnownToBe0) {
  const pb::Record record = run(gpu(), {glance(seconds(1), 0, 0), glance(seconds(2), 0, 0)}, millis(2500));
  EXPECT_TRUE(record.devices(0).has_busy());
  EXPECT_EQ(record.devices(0).busy(), 0);
  EXPECT_TRUE(record.devices(0).has_processes());
  EXPECT_EQ(record.devices(0).processes(), 0u);
}

TEST(Usage, WhatCouldNotBeReadIsNoPartOfTheMean) {
  const pb::Record record =
      run(gpu(), {glance(seconds(1), 50, {}), glance(seconds(8), {}, {}), glance(seconds(9), 100, {})}, seconds(9));
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), (0.5 * 1 + 1.0 * 1) / 2);
  EXPECT_FALSE(record.devices(0).has_processes());
  const pb::Record none = run(gpu(), {glance(seconds(1), {}), glance(seconds(2), {})}, seconds(2));
  EXPECT_FALSE(none.devices(0).has_busy());
  EXPECT_FALSE(none.devices(0).has_busiest());
}

TEST(Usage, BusyWithoutAProcessMeansThatProcessesAreHidden) {
  const pb::Record record = run(gpu(), {glance(seconds(1), 90, 0), glance(seconds(2), 90, 0)}, seconds(2));
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.9);
  EXPECT_FALSE(record.devices(0).has_processes());
}

TEST(Usage, ADeviceThatWasNotReadAnewCountsOnce) {
  const Glance one = glance(seconds(1), 100);
  const pb::Record record = run(gpu(), {one, one, one, glance(seconds(2), 0)}, seconds(2));
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.5);
}

TEST(Usage, CpusAreTheNodesOwnShare) {
  const pb::Record record = run(cpus(), {glance(-millis(2), 1000), glance(seconds(1), 1100)}, seconds(2),
                                {glance(seconds(2) + millis(1), 1601), glance(seconds(3), 1601)});
  EXPECT_EQ(record.devices_size(), 0);
  EXPECT_NEAR(record.cpu_busy(), 601.0 / 400 / 2.003, 1e-9) << "up to the first glance after the end";
  EXPECT_FALSE(run(cpus(), {glance({}, 1000)}, millis(100), {glance(millis(100), 1010)}).has_cpu_busy())
      << "ticks are too coarse";
  EXPECT_FALSE(run(cpus(), {glance({}, {})}, seconds(2), {glance(seconds(2), {})}).has_cpu_busy());
}

TEST(Usage, BusyTimeOfADeviceHasABusiestMoment) {
  ActivityPlate plate = gpu();
  plate.telling = Telling::time;
  plate.full = 1000;
  const pb::Record record = run(plate, {glance({}, 0), glance(seconds(1), 100), glance(seconds(2), 1000)}, seconds(4),
                                {glance(seconds(4), 1000)});
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.25);
  EXPECT_DOUBLE_EQ(record.devices(0).busiest(), 0.9);
}

TEST(Usage, OfSeveralDevicesEachHasItsOwn) {
  Usage usage({gpu("GPU-a"), cpus(), gpu("GPU-\xff")});
  usage.begin(kBegin);
  usage.add({glance(seconds(1), 10), glance(seconds(1), 1), glance(seconds(1), 90)});
  usage.end(kBegin + seconds(1));
  pb::Record record;
  write_devices({gpu("GPU-a"), cpus(), gpu("GPU-\xff")}, record);
  usage.write(record);
  ASSERT_EQ(record.devices_size(), 2);
  EXPECT_DOUBLE_EQ(record.devices(0).busy(), 0.1);
  EXPECT_DOUBLE_EQ(record.devices(1).busy(), 0.9);
  pb::Record again;
  EXPECT_TRUE(again.ParseFromString(record.SerializeAsString())) << "foreign text is valid by now";
  pb::Record other;
  usage.write(other);  // of a run whose record has no devices
  EXPECT_EQ(other.devices_size(), 0);
}

}  // namespace
}  // namespace nw
