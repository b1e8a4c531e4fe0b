#include <map>
#include <tuple>

#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

constexpr std::uint64_t kPackageMax = 262143328850;  // 2^-14 J, as every Xeon of Ice Lake shows it
constexpr std::uint64_t kDramMax = 65712999613;      // the kernel's 15.3 uJ

struct Machine : MemoryHost {
  void zone(const std::string& id, const std::string& name, std::uint64_t max, std::uint64_t energy) {
    const std::string dir = "/sys/class/powercap/" + id;
    set_file(dir + "/name", name + "\n");
    set_file(dir + "/max_energy_range_uj", std::to_string(max) + "\n");
    set_file(dir + "/energy_uj", std::to_string(energy) + "\n");
  }
};

Machine make_two_sockets() {
  Machine host;
  host.set_file("/proc/cpuinfo", kXeon);
  host.set_file("/sys/class/powercap/intel-rapl/enabled", "1\n");
  host.zone("intel-rapl:0", "package-1", kPackageMax, 1000);
  host.zone("intel-rapl:0:0", "dram", kDramMax, 2000);
  host.zone("intel-rapl:1", "package-0", kPackageMax, 3000);
  host.zone("intel-rapl:1:0", "dram", kDramMax, 4000);
  return host;
}

TEST(RaplPowercap, NamesZonesByNameAndNotByNumber) {
  Machine host = make_two_sockets();
  ProbeResult probe = probe_rapl_powercap(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 4u);
  Sensor* package = find_sensor(probe, "rapl_powercap/package-1");
  ASSERT_NE(package, nullptr);
  EXPECT_EQ(package->source->read().value, 1000u);
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/dram-0")->source->read().value, 4000u);
  EXPECT_EQ(package->info.part, (Part{Domain::package, "1"}));
  EXPECT_EQ(package->info.kind, SensorKind::counter);
  EXPECT_EQ(package->info.scale_tolerance.relative, 0.05);
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/dram-0")->info.scale_tolerance.relative, 0.10);
}

TEST(RaplPowercap, OneTurnIsTwoToThe32Counts) {
  Machine host = make_two_sockets();
  host.zone("intel-rapl:2", "psys", 999, 0);
  ProbeResult probe = probe_rapl_powercap(host);
  // floor(2^32 x 61035 / 1000) and floor(2^32 x 15300 / 1000): one count, 61 and 15 uJ, beyond the largest value.
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/package-0")->info.wrap, 262143328911u);
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/dram-0")->info.wrap, 65712999628u);
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/psys-0")->info.wrap, 1000u);  // no 32-bit register: the documented range
}

TEST(RaplPowercap, PlatformUnitOfOneJoule) {
  Machine host;
  host.zone("intel-rapl:0", "psys", 4294967295000000, 5000000);
  ProbeResult probe = probe_rapl_powercap(host);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].info.wrap, 4294967296000000u);
  EXPECT_EQ(probe.sensors[0].info.boundary, Boundary::board);
}

TEST(RaplPowercap, MmioCopiesAreNotCountedTwice) {
  Machine host = make_two_sockets();
  host.zone("intel-rapl-mmio:0", "package-0", kPackageMax, 7);
  ProbeResult probe = probe_rapl_powercap(host);
  EXPECT_EQ(probe.sensors.size(), 4u);
  EXPECT_EQ(all_diagnostics(probe), "");
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/package-0")->source->read().value, 3000u);

  Machine alone;
  alone.zone("intel-rapl-mmio:0", "package-0", kPackageMax, 7);
  EXPECT_EQ(probe_rapl_powercap(alone).sensors.size(), 1u);
}

TEST(RaplPowercap, DiesThatMirrorTheSocketCountOnce) {
  Machine host;
  host.zone("intel-rapl:0", "package-0-die-0", kPackageMax, 68'000'000'000);
  host.zone("intel-rapl:1", "package-0-die-1", kPackageMax, 68'000'000'400);
  ProbeResult probe = probe_rapl_powercap(host);
  EXPECT_EQ(probe.sensors.size(), 1u);
  EXPECT_NE(find_diagnostic(probe, "another die"), nullptr);

  host.zone("intel-rapl:1", "package-0-die-1", kPackageMax, 91'000'000'400);
  probe = probe_rapl_powercap(host);
  ASSERT_EQ(probe.sensors.size(), 2u);
  EXPECT_EQ(probe.sensors[1].info.part, (Part{Domain::package, "0-die-1"}));
}

// A machine whose counters move at these powers, in watts, when time is waited for.
struct MovingMachine : Machine {
  bool sleep_until(Nanos when) override {
    const Nanos before = now();
    const bool more = Machine::sleep_until(when);
    for (auto& [path, counter] : counters) {
      counter.first += static_cast<std::uint64_t>(counter.second * to_seconds(now() - before) * 1e6);
      set_file(path, std::to_string(counter.first));
    }
    return more;
  }
  void die(int number, std::uint64_t energy, double watts) {
    const std::string zone = "intel-rapl:" + std::to_string(number);
    this->zone(zone, "package-0-die-" + std::to_string(number), kPackageMax, energy);
    counters["/sys/class/powercap/" + zone + "/energy_uj"] = {energy, watts};
  }
  std::map<std::string, std::pair<std::uint64_t, double>> counters;
};

TEST(RaplPowercap, DiesAreOneCounterWhereTheyMoveAlikeAndNotByAnInstant) {
  for (const auto& [offset, other_watts, sensors] :
       std::initializer_list<std::tuple<std::uint64_t, double, std::size_t>>{
           {1'300'000, 170, 1},          // a pause between the two reads
           {400, 250, 2},                // near by chance, and not alike
           {20'000'000'000, 170, 2}}) {  // equally loaded, and each its own
    MovingMachine host;
    host.die(0, 68'000'000'000, 170);
    host.die(3, 68'000'000'000 + offset, other_watts);
    EXPECT_EQ(probe_rapl_powercap(host).sensors.size(), sensors) << offset << " uJ, " << other_watts << " W";
  }
}

TEST(RaplPowercap, OneCounterUnderTheNamesOfTwoSocketsIsOneAndTwoEqualSocketsAreTwo) {
  for (const auto& [offset, sensors] : std::map<std::uint64_t, std::size_t>{{0, 1}, {500'000, 2}}) {
    MovingMachine host;
    for (const int socket : {0, 1}) {
      const std::string zone = "intel-rapl:" + std::to_string(socket);
      const std::uint64_t energy = 68'000'000'000 + static_cast<std::uint64_t>(socket) * offset;
      host.zone(zone, "package-" + std::to_string(socket), kPackageMax, energy);
      host.counters["/sys/class/powercap/" + zone + "/energy_uj"] = {energy, 170};
    }
    EXPECT_EQ(probe_rapl_powercap(host).sensors.size(), sensors) << offset;
  }
}

TEST(RaplPowercap, TheRangeBetraysAMemoryUnitThatIsNotTheCpus) {
  const auto with_model = [](unsigned model, std::uint64_t range) {
    Machine host;
    host.set_file("/proc/cpuinfo", "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: " + std::to_string(model) +
                                       "\nmodel name\t: Intel(R) Xeon(R) Platinum\nflags\t\t: fpu\n");
    host.zone("intel-rapl:0", "package-0", kPackageMax, 1000);
    host.zone("intel-rapl:0:0", "dram", range, 2000);
    return probe_rapl_powercap(host);
  };
  ProbeResult probe = with_model(143, kDramMax);
  EXPECT_NEAR(unit_of(*find_sensor(probe, "rapl_powercap/dram-0")), 61.035 / 15.3, 1e-9);
  EXPECT_NE(find_diagnostic(probe, "multiplied by 3.989"), nullptr) << all_diagnostics(probe);
  probe = with_model(106, kPackageMax);
  EXPECT_NEAR(unit_of(*find_sensor(probe, "rapl_powercap/dram-0")), 15.259 / 61.035, 1e-9);
  for (const auto& [model, range] :
       std::map<unsigned, std::uint64_t>{{106, kDramMax}, {143, kPackageMax}, {999, kDramMax}}) {
    probe = with_model(model, range);
    EXPECT_EQ(unit_of(*find_sensor(probe, "rapl_powercap/dram-0")), 1) << model;
    EXPECT_EQ(all_diagnostics(probe), "") << model;
  }
}

TEST(RaplPowercap, WhatAPackageIsMadeForBoundsWhatIsBelieved) {
  Machine host = make_two_sockets();
  host.set_file("/sys/class/powercap/intel-rapl:0/constraint_0_max_power_uw", "6000000\n");
  host.set_file("/sys/class/powercap/intel-rapl:0/constraint_1_max_power_uw", "0\n");
  host.set_file("/sys/class/powercap/intel-rapl:1/constraint_0_max_power_uw", "270000000\n");
  ProbeResult probe = probe_rapl_powercap(host);
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/package-1")->info.max_power, watts(60));
  EXPECT_EQ(find_sensor(probe, "rapl_powercap/package-0")->info.max_power, watts(1000)) << "no higher than any part";
}

TEST(RaplPowercap, InAVirtualMachineItIsTheHypervisorsWord) {
  Machine host = make_two_sockets();
  host.set_file("/proc/cpuinfo", kGuest);
  ProbeResult probe = probe_rapl_powercap(host);
  const SensorInfo& info = find_sensor(probe, "rapl_powercap/package-0")->info;
  EXPECT_EQ(info.provenance, Provenance::attributed);
  EXPECT_EQ(info.source, "RAPL package (powercap) of a virtual machine");
  EXPECT_EQ(info.scale_tolerance.relative, 0.5);
  EXPECT_NE(find_diagnostic(probe, "virtual machine"), nullptr);
}

TEST(RaplPowercap, ACpuThatCouldNotBeReadIsNotTakenForTheBetterOne) {
  Machine host = make_two_sockets();
  host.set_error("/proc/cpuinfo", ErrorKind::failed);
  ProbeResult probe = probe_rapl_powercap(host);
  const SensorInfo& info = find_sensor(probe, "rapl_powercap/package-0")->info;
  EXPECT_EQ(info.scale_tolerance.relative, 0.10);
  EXPECT_EQ(info.offset, watts(2));
  EXPECT_NE(find_diagnostic(probe, "no CPU that is known"), nullptr);
}

TEST(RaplPowercap, InAContainerMaskedZonesAreNamedWithTheirFix) {
  Machine host;
  host.set_file("/proc/cpuinfo", kXeon);
  host.set_file("/sys/class/powercap/intel-rapl:0/uevent", "");
  EXPECT_NE(find_diagnostic(probe_rapl_powercap(host), "links lead to nothing"), nullptr);
  host.set_file("/.dockerenv", "");
  ProbeResult probe = probe_rapl_powercap(host);
  ASSERT_EQ(probe.diagnostics.size(), 1u) << all_diagnostics(probe);
  EXPECT_NE(probe.diagnostics[0].what.find("masks /sys/devices/virtual/powercap"), std::string::npos);
  EXPECT_NE(probe.diagnostics[0].repair.find("-v /sys:/host/sys:ro"), std::string::npos);
}

TEST(RaplPowercap, AmdCoreZoneIsOneCoreAndLeftOut) {
  Machine host;
  host.set_file("/proc/cpuinfo", kEpyc);
  host.zone("intel-rapl:0", "package-0", 65532610987, 10);
  host.zone("intel-rapl:0:0", "core", 65532610987, 10);
  ProbeResult probe = probe_rapl_powercap(host);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].info.scale_tolerance.relative, 0.10);
  EXPECT_NE(find_diagnostic(probe, "one core"), nullptr);
}

TEST(RaplPowercap, DeniedNamesTheGroupRuleAndTheDanger) {
  Machine host = make_two_sockets();
  for (const char* zone : {"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:1:0"})
    host.set_error(std::string("/sys/class/powercap/") + zone + "/energy_uj", ErrorKind::denied);
  ProbeResult probe = probe_rapl_powercap(host);
  EXPECT_TRUE(probe.sensors.empty());
  ASSERT_EQ(probe.diagnostics.size(), 1u) << all_diagnostics(probe);
  EXPECT_EQ(probe.diagnostics[0].where, "/sys/class/powercap/intel-rapl:0/energy_uj (and 3 more)");
  EXPECT_NE(probe.diagnostics[0].what.find("CVE-2020-8694"), std::string::npos);
  EXPECT_NE(probe.diagnostics[0].repair.find("chgrp energy"), std::string::npos);
  EXPECT_EQ(probe.diagnostics[0].repair.find("0444"), std::string::npos);
  EXPECT_EQ(probe.diagnostics[0].repair.find('\n'), std::string::npos);
}

TEST(RaplPowercap, MissingModuleAndVirtualMachine) {
  MemoryHost bare;
  bare.set_file("/proc/cpuinfo", kXeon);
  EXPECT_NE(find_diagnostic(probe_rapl_powercap(bare), "modprobe intel_rapl_msr"), nullptr);
  MemoryHost guest;
  guest.set_file("/proc/cpuinfo", kGuest);
  EXPECT_NE(find_diagnostic(probe_rapl_powercap(guest), "virtual machine"), nullptr);
  MemoryHost arm;
  arm.set_file("/proc/cpuinfo", "processor : 0\nCPU implementer : 0x41\n");
  EXPECT_EQ(all_diagnostics(probe_rapl_powercap(arm)), "");
}

TEST(RaplPowercap, BadContentIsADiagnosticThatNamesThePath) {
  struct Case {
    const char* file;
    std::string content;
  };
  for (const auto& [file, content] : std::initializer_list<Case>{{"name", ""},
                                                                 {"name", "package-"},
                                                                 {"name", "package--1"},
                                                                 {"name", "package-0-die-x"},
                                                                 {"name", "\x1b[2Jpackage"},
                                                                 {"name", std::string(100'000, 'p')},
                                                                 {"name", "psys-1"},
                                                                 {"energy_uj", ""},
                                                                 {"energy_uj", "-5"},
                                                                 {"energy_uj", "12 34"},
                                                                 {"energy_uj", "0x10"},
                                                                 {"energy_uj", "99999999999999999999999"},
                                                                 {"energy_uj", "262143328851"},
                                                                 {"max_energy_range_uj", "0"},
                                                                 {"max_energy_range_uj", "18446744073709551615"},
                                                                 {"max_energy_range_uj", "garbage"}}) {
    Machine host = make_two_sockets();
    host.set_file(std::string("/sys/class/powercap/intel-rapl:1/") + file, content);
    const ProbeResult probe = probe_rapl_powercap(host);
    const bool name = std::string_view(file) == "name";
    EXPECT_EQ(probe.sensors.size(), name ? 2u : 3u) << file << " " << content.substr(0, 40);
    ASSERT_FALSE(probe.diagnostics.empty()) << file << " " << content.substr(0, 40);
    EXPECT_NE(probe.diagnostics[0].where.find("/sys/class/powercap/intel-rapl:1"), std::string::npos);
    EXPECT_LT(probe.diagnostics[0].what.size(), 200u);
    EXPECT_EQ(probe.diagnostics[0].what.find('\x1b'), std::string::npos);
  }
}

TEST(RaplPowercap, VanishingFileReadsAsAbsentAndGarbageAsMalformed) {
  Machine host = make_two_sockets();
  ProbeResult probe = probe_rapl_powercap(host);
  Source& source = *find_sensor(probe, "rapl_powercap/package-0")->source;
  host.set_file("/sys/class/powercap/intel-rapl:1/energy_uj", "junk");
  EXPECT_EQ(source.read().error, ErrorKind::malformed);
  host.remove_file("/sys/class/powercap/intel-rapl:1/energy_uj");
  EXPECT_FALSE(source.read().ok);
  EXPECT_EQ(source.read().error, ErrorKind::absent);
}

}  // namespace
}  // namespace nw
