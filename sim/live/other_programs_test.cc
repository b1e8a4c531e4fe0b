// What programs other than nodewatt find of a live machine: powercap's layout, /proc, topology, GPUs, registers.
#include <cmath>
#include <numeric>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/live/live_view.h"
#include "sim/presets.h"

namespace nw::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Machine play(const std::string& preset) { return make_machine(find_scenario(preset).value()).value(); }

Machine play_text(const std::string& text) { return make_machine(parse_scenario(text, "test.toml").value()).value(); }

std::string text_at(const View& view, const std::string& path, Nanos t = {}) {
  const auto file = view.files.find(path);
  return file == view.files.end() ? "no such file" : file->second(t).value_or("error");
}

std::string link_at(const View& view, const std::string& path) {
  const auto link = view.links.find(path);
  return link == view.links.end() ? "no such link" : link->second;
}

TEST(OtherPrograms, PowercapZonesAreNestedAsTheKernelNestsThem) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine);
  const std::string control = "/sys/devices/virtual/powercap/intel-rapl", package = control + "/intel-rapl:1";
  const std::string dram = package + "/intel-rapl:1:0";
  EXPECT_EQ(text_at(view, package + "/name"), "package-1\n");
  EXPECT_EQ(text_at(view, dram + "/name"), "dram\n");
  const auto said = machine.read(machine.instrument("ram1"), seconds(30)).reading.value;
  EXPECT_EQ(text_at(view, dram + "/energy_uj", seconds(30)), std::to_string(said) + "\n");
  EXPECT_EQ(text_at(view, dram + "/max_energy_range_uj"), "65712999613\n");
  EXPECT_EQ(link_at(view, "/sys/class/powercap/intel-rapl"), "../../devices/virtual/powercap/intel-rapl");
  EXPECT_EQ(link_at(view, "/sys/class/powercap/intel-rapl:1:0"),
            "../../devices/virtual/powercap/intel-rapl/intel-rapl:1/intel-rapl:1:0");
  EXPECT_EQ(link_at(view, control + "/subsystem"), "../../../../class/powercap");
  EXPECT_EQ(link_at(view, dram + "/subsystem"), "../../../../../../class/powercap");
  EXPECT_EQ(link_at(view, dram + "/device"), "../../intel-rapl:1");
  for (const auto& [path, text] : view.files) EXPECT_FALSE(path.starts_with("/sys/class/powercap/")) << path;
}

TEST(OtherPrograms, ZonesHaveTheConstraintsThatTheirKindHas) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine);
  const std::string package = "/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0";
  EXPECT_EQ(text_at(view, package + "/enabled"), "1\n");
  EXPECT_EQ(text_at(view, package + "/constraint_0_name"), "long_term\n");
  EXPECT_EQ(text_at(view, package + "/constraint_0_power_limit_uw"), "265000000\n");
  EXPECT_EQ(text_at(view, package + "/constraint_1_name"), "short_term\n");
  EXPECT_EQ(text_at(view, package + "/intel-rapl:0:0/enabled"), "0\n");
  EXPECT_EQ(text_at(view, package + "/intel-rapl:0:0/constraint_0_max_power_uw"), "0\n");
  EXPECT_FALSE(view.files.contains(package + "/intel-rapl:0:0/constraint_1_name"));
}

// The numbers after "cpu ..." of a line of /proc/stat: user, nice, system, idle.
std::vector<std::vector<std::uint64_t>> cpu_lines(const std::string& stat) {
  std::vector<std::vector<std::uint64_t>> lines;
  std::istringstream text(stat);
  for (std::string line; std::getline(text, line) && line.starts_with("cpu");) {
    std::istringstream words(line.substr(line.find(' ')));
    lines.emplace_back();
    for (std::uint64_t number = 0; words >> number;) lines.back().push_back(number);
  }
  return lines;
}

TEST(OtherPrograms, TheLinesOfTheCpusAddUpAndOnlyGrow) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine, seconds(1000));
  std::vector<std::vector<std::uint64_t>> before;
  for (Nanos t = seconds(9); t < seconds(14); t = t + millis(37)) {
    const auto lines = cpu_lines(text_at(view, "/proc/stat", t));
    ASSERT_EQ(lines.size(), 153U);
    for (const std::size_t column : {0U, 3U}) {
      const auto sum = std::accumulate(lines.begin() + 1, lines.end(), std::uint64_t{0},
                                       [&](std::uint64_t all, const auto& line) { return all + line[column]; });
      ASSERT_EQ(sum, lines[0][column]) << t.count();
      for (std::size_t cpu = 0; cpu < before.size(); ++cpu) ASSERT_GE(lines[cpu][column], before[cpu][column]);
    }
    before = lines;
  }
}

TEST(OtherPrograms, TicksFitTheLoadAndTheClock) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine, seconds(1000));
  const auto begin = cpu_lines(text_at(view, "/proc/stat", seconds(20))).at(0);
  const auto end = cpu_lines(text_at(view, "/proc/stat", seconds(60))).at(0);
  const auto busy = static_cast<double>(end[0] - begin[0]), idle = static_cast<double>(end[3] - begin[3]);
  EXPECT_NEAR(busy / (busy + idle), 0.032, 1e-4);
  EXPECT_NEAR(busy + idle, 152 * 40 * 100, 2);
  EXPECT_THAT(text_at(view, "/proc/stat"), HasSubstr("\nbtime 1767224600\n"));  // 1000 s before the wall clock at 0
  EXPECT_THAT(text_at(view, "/proc/uptime", seconds(20)), HasSubstr("1020.00 "));
}

TEST(OtherPrograms, MemoryIsThatOfTheScenario) {
  const Machine machine = play("horeka_green");
  const std::string text = text_at(make_live_view(machine), "/proc/meminfo");
  EXPECT_THAT(text, HasSubstr("MemTotal:       500000000 kB\n"));
  EXPECT_THAT(text, HasSubstr("MemAvailable:   450000000 kB\n"));
}

TEST(OtherPrograms, TheTopologyHasSocketsCoresAndThreads) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine);
  const auto said = [&](int cpu, const char* file) {
    return text_at(view, "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/" + file);
  };
  EXPECT_EQ(text_at(view, "/sys/devices/system/cpu/online"), "0-151\n");
  EXPECT_EQ(said(75, "physical_package_id"), "0\n");
  EXPECT_EQ(said(76, "physical_package_id"), "1\n");
  EXPECT_EQ(said(37, "core_id"), "37\n");
  EXPECT_EQ(said(38, "core_id"), "0\n");
  EXPECT_EQ(said(38, "thread_siblings_list"), "0,38\n");
  EXPECT_EQ(said(38, "core_cpus"), "00000000,00000000,00000000,00000040,00000001\n");
  EXPECT_EQ(said(80, "package_cpus_list"), "76-151\n");
  EXPECT_EQ(text_at(view, "/sys/devices/system/node/node1/cpulist"), "76-151\n");
  EXPECT_FALSE(view.files.contains("/sys/devices/system/cpu/cpu152/topology/core_id"));
  EXPECT_THAT(text_at(view, "/proc/cpuinfo"),
              HasSubstr("physical id\t: 1\nsiblings\t: 76\ncore id\t\t: 37\ncpu cores\t: 38"));
}

TEST(OtherPrograms, SocketsOfUnequalSizeShareOutAllCpus) {
  const Machine machine = play_text("end = \"10s\"\n[node]\ncpus = 5\nsockets = 2\nthreads = 2\n");
  const View view = make_live_view(machine);
  const std::string cpu = "/sys/devices/system/cpu/cpu";
  EXPECT_EQ(text_at(view, cpu + "2/topology/physical_package_id"), "0\n");
  EXPECT_EQ(text_at(view, cpu + "2/topology/core_cpus_list"), "0,2\n");
  EXPECT_EQ(text_at(view, cpu + "1/topology/core_cpus_list"), "1\n");
  EXPECT_EQ(text_at(view, cpu + "4/topology/core_cpus_list"), "3-4\n");
}

TEST(OtherPrograms, GpusSayWhatMonitorsAskAtTheirStart) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine);
  EXPECT_EQ(text_at(view, "/nvml/3/memory_bytes"), "42949672960\n");
  EXPECT_EQ(text_at(view, "/nvml/3/memory_used_bytes", seconds(5)), "0\n");
  EXPECT_EQ(text_at(view, "/nvml/3/memory_used_bytes", seconds(40)), "21474836480\n");
  EXPECT_EQ(text_at(view, "/nvml/3/architecture"), "7\n");
  EXPECT_EQ(text_at(view, "/nvml/3/capability"), "8.0\n");
  EXPECT_EQ(text_at(view, "/nvml/3/clock_mhz", seconds(5)), "210\n");
  EXPECT_EQ(text_at(view, "/nvml/3/temperature_c", seconds(5)), "30\n");  // 25 + 40 x 54 / 400
  const double watts = machine.energy(machine.component("gpu3"), seconds(30), seconds(60)) / 30;
  EXPECT_EQ(text_at(view, "/nvml/3/temperature_c", seconds(60)), std::to_string(std::lround(25 + watts / 10)) + "\n");
}

constexpr const char* kUnknownGpu = R"(end = "10s"
[[component]]
name = "gpu0"
domain = "gpu"
model = "NVIDIA of another year"
max_w = 100
[[sensor]]
name = "energy"
family = "nvml"
channel = "energy"
of = ["gpu0"]
)";

TEST(OtherPrograms, WhatIsNotKnownOfAModelIsNotMadeUp) {
  const Machine machine = play_text(kUnknownGpu);
  const View view = make_live_view(machine);
  EXPECT_TRUE(view.files.contains("/nvml/0/temperature_c"));
  EXPECT_FALSE(view.files.contains("/nvml/0/memory_bytes"));
  EXPECT_FALSE(view.files.contains("/nvml/0/architecture"));
}

constexpr const char* kRegisters = R"(end = "60s"
[node]
cpus = 4
sockets = 2
vendor = "GenuineIntel"
[[component]]
name = "cpu#"
count = 2
domain = "package"
idle_w = 100
max_w = 100
[[sensor]]
name = "pkg#"
each = "package"
family = "rapl_msr"
channel = "package-#"
unit = 6.103515625e-5
quantum = 6.103515625e-5
wrap = 4294967296
[[fault]]
kind = "fail"
sensor = "pkg1"
from = "20s"
)";

TEST(OtherPrograms, EveryCpuHasItsSocketsRegisters) {
  const Machine machine = play_text(kRegisters);
  const View view = make_live_view(machine);
  std::vector<std::string> devices;
  for (const auto& [path, registers] : view.registers) devices.push_back(path);
  EXPECT_THAT(devices, ElementsAre("/dev/cpu/0/msr", "/dev/cpu/1/msr", "/dev/cpu/2/msr", "/dev/cpu/3/msr"));
  const auto& last = view.registers.at("/dev/cpu/3/msr");
  EXPECT_EQ(last.at(0x606)({}).value >> 8 & 31, 14U);
  EXPECT_NEAR(static_cast<double>(last.at(0x611)(seconds(10)).value) / 16384, 1000, 1);
  EXPECT_FALSE(last.contains(0x123));
  EXPECT_FALSE(last.at(0x611)(seconds(25)).ok);
  EXPECT_TRUE(view.registers.at("/dev/cpu/1/msr").at(0x611)(seconds(25)).ok);
}

}  // namespace
}  // namespace nw::sim
