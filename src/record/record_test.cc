// What a record contains beside the energies: software, and the baseline of the idle node.
#include "record/record.h"

#include <gtest/gtest.h>

#include "base/host_memory.h"
#include "record/idle.h"
#include "record/record.pb.h"

namespace nw {
namespace {

constexpr std::int64_t kNow = 1'780'000'000'000'000'000;  // 2026-05-28 20:26:40 UTC

std::string software_of(Host& host, const std::vector<Software>& met = {}) {
  pb::Record record;
  write_node(host, *record.mutable_node());
  write_software(host, met, record);
  std::string text;
  for (const pb::Label& one : record.software()) text += one.key() + "=" + one.value() + ";";
  pb::Record again;
  EXPECT_TRUE(again.ParseFromString(record.SerializeAsString()));
  return text;
}

TEST(Software, SystemKernelAndDrivers) {
  MemoryHost host;
  EXPECT_EQ(software_of(host), "") << "unknown is left out";
  host.set_file("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  host.set_file("/usr/lib/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
  EXPECT_EQ(software_of(host, {{"NVIDIA driver", "550.54.15\n"}, {"CUDA driver", ""}}),
            "operating system=Debian GNU/Linux 12 (bookworm);kernel=6.1.0-18-amd64;NVIDIA driver=550.54.15;");
}

TEST(Software, OsReleaseAsAShellReadsIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"PRETTY_NAME='Arch'\n", "operating system=Arch;"},
      {"PRETTY_NAME=Arch", "operating system=Arch;"},
      {"PRETTY_NAME=\"a \\\"b\\\" \\$c\"\n", "operating system=a \"b\" $c;"},
      {"PRETTY_NAME=\"\n", "operating system=\";"},
      {"PRETTY_NAME=\\", ""},
      {"PRETTY_NAME=\n", ""},
      {"XPRETTY_NAME=a\n", ""},
      {"PRETTY_NAME=\"\xff\"\n", "operating system=\xef\xbf\xbd;"}};
  for (const auto& [text, wanted] : cases) {
    MemoryHost host;
    host.set_file("/etc/os-release", text);
    EXPECT_EQ(software_of(host), wanted) << text;
  }
  MemoryHost host;
  host.set_file("/etc/os-release", "PRETTY_NAME=" + std::string(5000, 'x'));
  EXPECT_LT(software_of(host).size(), 300u);
}

TEST(Gpus, AreModelsOfWhatTellsOfItself) {
  UtilizationInfo gpu, nameless, cpus;
  gpu.part = nameless.part = {Domain::gpu, "a"};
  gpu.model = "NVIDIA A100-SXM4-40GB";
  nameless.label = "gpu1 0000:07:00.0";
  cpus.part.domain = Domain::node;
  cpus.label = "CPUs";
  SensorInfo accelerator;
  accelerator.part = {Domain::gpu, "accel3"};
  accelerator.label = "accelerator 3";
  const auto gpus = [&](const std::vector<UtilizationInfo>& devices) {
    pb::Node node;
    write_gpus(devices, {accelerator, SensorInfo()}, node);
    std::string text;
    for (const auto& one : node.gpus()) text += one + ";";
    return text;
  };
  EXPECT_EQ(gpus({gpu, cpus, nameless}), "NVIDIA A100-SXM4-40GB;gpu1 0000:07:00.0;");
  EXPECT_EQ(gpus({cpus}), "accelerator;") << "of a controller that names none";
}

BaselineSite baseline(const std::string& date) {
  BaselineSite one;
  one.host = "g0412";
  one.date = date;
  one.sensors["hwmon/node-0"] = {watts(612), watts(1)};
  one.sensors["gone/package-0"] = {watts(20), watts(1)};
  return one;
}

TEST(Idle, IsThisHostsAndNotTooOld) {
  EXPECT_TRUE(is_current(baseline("2026-05-01T10:00:00Z"), "g0412", kNow, 180));
  EXPECT_TRUE(is_current(baseline("2026-05-29T04:00:00Z"), "g0412", kNow, 180)) << "a clock further east";
  EXPECT_TRUE(is_current(baseline("2026-05"), "g0412", kNow, 27));
  EXPECT_FALSE(is_current(baseline("2026-05"), "g0412", kNow, 26)) << "a month is its first day";
  EXPECT_FALSE(is_current(baseline("2025-11-28"), "g0412", kNow, 180));
  EXPECT_TRUE(is_current(baseline("2025-11-29"), "g0412", kNow, 180));
  EXPECT_FALSE(is_current(baseline("2026-06-03"), "g0412", kNow, 180)) << "not measured yet";
  for (const char* date : {"", "yesterday", "2026", "2026-13-01", "2026-02-30", "2026-5-1", "9999999999"})
    EXPECT_FALSE(is_current(baseline(date), "g0412", kNow, 36500)) << date;
  EXPECT_FALSE(is_current(baseline("2026-05-01"), "g0413", kNow, 180));
  EXPECT_FALSE(is_current(baseline("2026-05-01"), "", kNow, 180));
  BaselineSite nobodys = baseline("2026-05-01");
  for (const char* host : {"", "localhost", "localhost.localdomain"}) {
    nobodys.host = host;
    EXPECT_FALSE(is_current(nobodys, host, kNow, 180)) << "every machine is called so";
  }
  EXPECT_FALSE(is_current({}, "", kNow, 180));
}

TEST(Idle, OfTheSensorsThatTheNodeHas) {
  SensorInfo node, other;
  node.id = "hwmon/node-0";
  node.part = {Domain::node, "0"};
  other.id = "nvml/GPU-1/power";
  pb::Record record;
  write_idle(baseline("2026-05-01"), {other, node}, record);
  ASSERT_EQ(record.idle_size(), 1);
  EXPECT_EQ(record.idle(0).sensor(), "hwmon/node-0");
  EXPECT_EQ(record.idle(0).domain(), "node");
  EXPECT_EQ(record.idle(0).device(), "0");
  EXPECT_EQ(record.idle(0).power_uw(), 612'000'000);
  EXPECT_EQ(record.idle(0).u_uw(), 1'000'000);
  EXPECT_EQ(record.idle(0).date(), "2026-05-01");
}

}  // namespace
}  // namespace nw
