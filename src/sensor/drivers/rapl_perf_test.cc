#include <fmt/format.h>

#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

constexpr const char* kScale = "2.3283064365386962890625e-10";

struct Machine : MemoryHost {
  void pmu(const std::string& name, std::uint32_t type, const std::string& cpumask) {
    set_file(dir(name) + "/type", std::to_string(type) + "\n");
    set_file(dir(name) + "/cpumask", cpumask + "\n");
  }
  void event(const std::string& pmu, const std::string& event, const std::string& term,
             const std::string& scale = kScale, const std::string& unit = "Joules") {
    const std::string path = dir(pmu) + "/events/" + event;
    set_file(path, term + "\n");
    set_file(path + ".scale", scale + "\n");
    set_file(path + ".unit", unit + "\n");
  }
  void cpu(int cpu, const std::string& package, const std::string& die = "0") {
    set_file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/physical_package_id", cpu), package + "\n");
    set_file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/die_id", cpu), die + "\n");
  }
  static std::string dir(const std::string& pmu) { return "/sys/bus/event_source/devices/" + pmu; }
};

// Two sockets of Sapphire Rapids, CPUs 0 and 48; package, DRAM and platform.
Machine make_sapphire_rapids() {
  Machine host;
  host.set_file("/proc/cpuinfo", kXeon);
  host.pmu("power", 21, "0,48");
  host.event("power", "energy-pkg", "event=0x02");
  host.event("power", "energy-ram", "event=0x03");
  host.event("power", "energy-psys", "event=0x05");
  host.cpu(0, "0");
  host.cpu(48, "1");
  for (const std::uint32_t cpu : {0u, 48u})
    for (const std::uint64_t config : {2u, 3u, 5u}) host.set_perf({21, config, cpu}, 1000 * config + cpu);
  return host;
}

TEST(RaplPerf, OpensEachPartOnceOnItsOwnCpu) {
  Machine host = make_sapphire_rapids();
  ProbeResult probe = probe_rapl_perf(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 5u);
  EXPECT_EQ(find_sensor(probe, "rapl_perf/package-1")->source->read().value, 2048u);
  EXPECT_EQ(find_sensor(probe, "rapl_perf/dram-0")->source->read().value, 3000u);
  EXPECT_EQ(find_sensor(probe, "rapl_perf/psys-0")->source->read().value, 5000u);
  EXPECT_EQ(find_sensor(probe, "rapl_perf/psys-1"), nullptr);
  EXPECT_EQ(find_sensor(probe, "rapl_perf/package-0")->info.wrap, 0u);
}

TEST(RaplPerf, ScaleIsExact) {
  struct Case {
    const char* scale;
    std::int64_t num, den;
  };
  // 2^-32 J is 10^6 / 2^32 uJ, in lowest terms 5^6 / 2^26.
  for (const auto& [scale, num, den] : std::initializer_list<Case>{{kScale, 15625, 67108864},
                                                                   {"1", 1'000'000, 1},
                                                                   {"0.5", 500'000, 1},
                                                                   {"1e-6", 1, 1},
                                                                   {"6.103515625e-05", 15625, 256},
                                                                   {"2.5E+1", 25'000'000, 1}}) {
    Machine host = make_sapphire_rapids();
    host.event("power", "energy-pkg", "event=0x02", scale);
    ProbeResult probe = probe_rapl_perf(host);
    Sensor* package = find_sensor(probe, "rapl_perf/package-0");
    ASSERT_NE(package, nullptr) << scale << all_diagnostics(probe);
    EXPECT_EQ(package->info.unit_num, num) << scale;
    EXPECT_EQ(package->info.unit_den, den) << scale;
  }
}

TEST(RaplPerf, BadTextIsADiagnostic) {
  for (const char* scale :
       {"", "0", "-1e-10", "nan", "inf", "1e", "1e-99", "1e999999999999", "1.2.3", "0x1p-32", "1e-30",
        "3.141592653589793238462643383279502884197169399375", "99999999999999999999999999"}) {
    Machine host = make_sapphire_rapids();
    host.event("power", "energy-pkg", "event=0x02", scale);
    ProbeResult probe = probe_rapl_perf(host);
    EXPECT_EQ(find_sensor(probe, "rapl_perf/package-0"), nullptr) << scale;
    EXPECT_NE(find_diagnostic(probe, "energy-pkg.scale"), nullptr) << scale;
    EXPECT_EQ(probe.sensors.size(), 3u);
  }
  for (const char* term : {"", "event=", "event=0xzz", "event=0x02,umask=1", "config=2", "event=0x11111111111111111"}) {
    Machine host = make_sapphire_rapids();
    host.event("power", "energy-pkg", term);
    EXPECT_NE(find_diagnostic(probe_rapl_perf(host), "events/energy-pkg"), nullptr) << term;
  }
  Machine unit = make_sapphire_rapids();
  unit.event("power", "energy-pkg", "event=0x02", kScale, "Watts");
  EXPECT_NE(find_diagnostic(probe_rapl_perf(unit), "Watts"), nullptr);
  for (const char* mask : {"", "x", "5-2", "0-99999999"}) {
    Machine host = make_sapphire_rapids();
    host.set_file(Machine::dir("power") + "/cpumask", mask);
    EXPECT_TRUE(probe_rapl_perf(host).sensors.empty()) << mask;
    EXPECT_NE(find_diagnostic(probe_rapl_perf(host), "cpumask"), nullptr) << mask;
  }
}

TEST(RaplPerf, DeniedNamesTheLevelAndTheCapabilityOnce) {
  Machine host = make_sapphire_rapids();
  host.set_file("/proc/sys/kernel/perf_event_paranoid", "3\n");
  for (const std::uint32_t cpu : {0u, 48u})
    for (const std::uint64_t config : {2u, 3u, 5u}) host.set_perf_error({21, config, cpu}, ErrorKind::denied);
  const ProbeResult probe = probe_rapl_perf(host);
  EXPECT_TRUE(probe.sensors.empty());
  ASSERT_EQ(probe.diagnostics.size(), 1u) << all_diagnostics(probe);
  EXPECT_NE(probe.diagnostics[0].what.find("perf_event_paranoid is 3"), std::string::npos);
  EXPECT_NE(probe.diagnostics[0].repair.find("setcap cap_perfmon=ep"), std::string::npos);
}

TEST(RaplPerf, DiesOfIntelAreApartAndThoseOfAmdAreMirrors) {
  Machine host = make_sapphire_rapids();
  host.cpu(48, "0", "1");
  ProbeResult probe = probe_rapl_perf(host);
  EXPECT_NE(find_sensor(probe, "rapl_perf/package-0-die-0"), nullptr);
  EXPECT_NE(find_sensor(probe, "rapl_perf/package-0-die-1"), nullptr);

  host.set_file("/proc/cpuinfo", kEpyc);
  probe = probe_rapl_perf(host);
  EXPECT_NE(find_sensor(probe, "rapl_perf/package-0"), nullptr);
  EXPECT_EQ(probe.sensors.size(), 3u) << "one package, one DRAM, one platform";
}

TEST(RaplPerf, CoresAddUpAndOneDeadTermIsNoSum) {
  Machine host;
  host.set_file("/proc/cpuinfo", kEpyc);
  host.pmu("power", 9, "0");
  host.event("power", "energy-pkg", "event=0x02");
  host.set_perf({9, 2, 0}, 100);
  host.pmu("power_core", 10, "0-3");
  host.event("power_core", "energy-core", "event=0x01");
  for (int cpu = 0; cpu < 4; ++cpu) host.cpu(cpu, cpu < 2 ? "0" : "1");
  for (std::uint32_t cpu = 0; cpu < 4; ++cpu) host.set_perf({10, 1, cpu}, 10 + cpu);
  ProbeResult probe = probe_rapl_perf(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  Sensor* cores = find_sensor(probe, "rapl_perf/core-1");
  ASSERT_NE(cores, nullptr);
  EXPECT_EQ(cores->source->read().value, 25u);  // 12 + 13
  host.set_perf_error({10, 1, 3}, ErrorKind::failed);
  EXPECT_FALSE(cores->source->read().ok);

  host.pmu("power_core", 10, "0-95");
  EXPECT_NE(find_diagnostic(probe_rapl_perf(host), "96 counters"), nullptr);
}

TEST(RaplPerf, AbsentPmu) {
  MemoryHost bare;
  bare.set_file("/proc/cpuinfo", kXeon);
  EXPECT_NE(find_diagnostic(probe_rapl_perf(bare), "modprobe rapl"), nullptr);
  MemoryHost guest;
  guest.set_file("/proc/cpuinfo", kGuest);
  EXPECT_EQ(all_diagnostics(probe_rapl_perf(guest)), "");
  Machine host = make_sapphire_rapids();
  host.event("power", "energy-moon", "event=0x09");
  EXPECT_NE(find_diagnostic(probe_rapl_perf(host), "energy-moon"), nullptr);
  host.remove_file("/sys/devices/system/cpu/cpu48/topology/physical_package_id");
  EXPECT_NE(find_diagnostic(probe_rapl_perf(host), "cpu48"), nullptr);
}

}  // namespace
}  // namespace nw
