#include "sensor/drivers/rapl_msr_unit.h"

#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

std::string cpuinfo(const char* vendor, unsigned family, unsigned model, const char* name, const char* flags = "fpu") {
  return std::string("processor\t: 0\nvendor_id\t: ") + vendor + "\ncpu family\t: " + std::to_string(family) +
         "\nmodel\t\t: " + std::to_string(model) + "\nmodel name\t: " + name + "\nflags\t\t: " + flags + "\n";
}
const std::string kSkylake = cpuinfo("GenuineIntel", 6, 0x55, "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz");
const std::string kRome = cpuinfo("AuthenticAMD", 23, 0x31, "AMD EPYC 7302 16-Core Processor");

constexpr std::uint64_t kIntelUnits = 0xa0e03, kAmdUnits = 0xa1003;  // exponents 14 and 16

struct Machine : MemoryHost {
  explicit Machine(const std::string& info) { set_file("/proc/cpuinfo", info); }
  void cpu(unsigned n, unsigned package, unsigned die = 0) {
    const std::string dir = "/sys/devices/system/cpu/cpu" + std::to_string(n) + "/topology/";
    set_file(dir + "physical_package_id", std::to_string(package) + "\n");
    set_file(dir + "die_id", std::to_string(die) + "\n");
    last_ = std::max(last_, n);
    set_file("/sys/devices/system/cpu/online", "0-" + std::to_string(last_) + "\n");
  }
  void msr(unsigned n, std::uint64_t address, std::uint64_t value) {
    set_register("/dev/cpu/" + std::to_string(n) + "/msr", address, value);
  }

 private:
  unsigned last_ = 0;
};

// Two packages with the numbers 0 and 8, four CPUs, of which 0 and 2 are the first ones.
Machine make_skylake(const std::string& info = kSkylake) {
  Machine host(info);
  for (unsigned n = 0; n < 4; ++n) host.cpu(n, n / 2 * 8);
  for (const unsigned n : {0u, 2u}) {
    host.msr(n, 0x606, kIntelUnits);
    host.msr(n, 0x611, 0xdead'beef'0000'0001 + n);
    host.msr(n, 0x619, 1000 + n);
  }
  return host;
}

TEST(RaplMsr, TheFirstCpuOfEachPackageUnderThePackagesNumber) {
  Machine host = make_skylake();
  ProbeResult probe = probe_rapl_msr(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 4u);
  Sensor* package = find_sensor(probe, "rapl_msr/package-8");
  ASSERT_NE(package, nullptr);
  EXPECT_EQ(package->info.part, (Part{Domain::package, "8"}));
  EXPECT_EQ(package->info.wrap, std::uint64_t{1} << 32);
  EXPECT_EQ(package->source->read().value, 3u) << "what stands above 32 bits is not of the count";
  host.msr(2, 0x611, 0xffff'ffff);
  EXPECT_EQ(package->source->read().value, 0xffff'ffffu);
  EXPECT_DOUBLE_EQ(unit_of(*package), 1e6 / 16384);
  EXPECT_DOUBLE_EQ(unit_of(*find_sensor(probe, "rapl_msr/dram-8")), 1e6 / 65536) << "four times less on this CPU";
}

TEST(RaplMsr, UnitsByDomainAndModel) {
  using namespace rapl;
  const auto intel = [](unsigned model, bool server) {
    Cpu cpu;
    cpu.x86 = true, cpu.server = server, cpu.family = 6, cpu.model = model;
    return cpu;
  };
  const CountUnit standard = unit_of_exponent(14), fixed = unit_of_exponent(16), joule = unit_of_exponent(0);
  for (const unsigned model : {0x3fu, 0x4fu, 0x56u, 0x55u, 0x6au, 0x6cu, 0x57u, 0x85u}) {
    EXPECT_EQ(compute_unit(Domain::dram, intel(model, true), kIntelUnits), fixed) << model;
    EXPECT_EQ(compute_unit(Domain::package, intel(model, true), kIntelUnits), standard) << model;
    EXPECT_EQ(compute_unit(Domain::psys, intel(model, true), kIntelUnits), std::nullopt) << model;
    EXPECT_EQ(compute_unit(Domain::core, intel(model, true), kIntelUnits), std::nullopt) << model;
  }
  for (const unsigned model : {0x8fu, 0xcfu}) {
    EXPECT_EQ(compute_unit(Domain::dram, intel(model, true), kIntelUnits), standard);
    EXPECT_EQ(compute_unit(Domain::psys, intel(model, true), kIntelUnits), joule);
  }
  const Cpu client = intel(0x9e, false);
  EXPECT_EQ(compute_unit(Domain::core, client, kIntelUnits), standard);
  EXPECT_EQ(compute_unit(Domain::uncore, client, kIntelUnits), standard);
  EXPECT_EQ(compute_unit(Domain::psys, client, kIntelUnits), standard);
  EXPECT_EQ(compute_unit(Domain::package, intel(0x37, false), kIntelUnits), std::nullopt) << "counts in 2^E uJ";
  Cpu old = intel(0x55, true);
  old.family = 15;
  EXPECT_EQ(compute_unit(Domain::dram, old, kIntelUnits), standard) << "a model is a model of its family";
  Cpu amd;
  amd.x86 = amd.amd = true;
  EXPECT_EQ(compute_unit(Domain::package, amd, kAmdUnits), fixed);
  EXPECT_EQ(compute_unit(Domain::dram, amd, kAmdUnits), std::nullopt);
  EXPECT_EQ(compute_unit(Domain::package, Cpu{}, kIntelUnits), std::nullopt);
}

TEST(RaplMsr, PlatformOfSapphireRapidsOnceInJoules) {
  Machine host = make_skylake(cpuinfo("GenuineIntel", 6, 0x8f, "Intel(R) Xeon(R) Platinum 8468"));
  host.msr(0, 0x64d, 500);
  host.msr(2, 0x64d, 600);
  ProbeResult probe = probe_rapl_msr(host);
  ASSERT_EQ(probe.sensors.size(), 5u);
  Sensor* psys = find_sensor(probe, "rapl_msr/psys-0");
  ASSERT_NE(psys, nullptr);
  EXPECT_EQ(unit_of(*psys), 1e6);
  EXPECT_EQ(psys->source->read().value, 500u);
}

TEST(RaplMsr, AmdPackagesAndNoCores) {
  Machine host(kRome);
  for (unsigned n = 0; n < 4; ++n) host.cpu(n, n / 2, n % 2);  // two dies a package
  for (unsigned n = 0; n < 4; ++n) {
    host.msr(n, 0xc0010299, kAmdUnits);
    host.msr(n, 0xc001029a, 5);
    host.msr(n, 0xc001029b, 70 + n);
  }
  ProbeResult probe = probe_rapl_msr(host);
  ASSERT_EQ(probe.sensors.size(), 2u) << "the register is the package's, whichever die is asked";
  EXPECT_EQ(find_sensor(probe, "rapl_msr/package-1")->source->read().value, 72u);
  EXPECT_DOUBLE_EQ(unit_of(probe.sensors[0]), 1e6 / 65536);
  EXPECT_EQ(probe.sensors[0].info.scale_tolerance.relative, 0.10);
}

TEST(RaplMsr, DiesOfIntelCountByThemselves) {
  Machine host(kSkylake);
  for (unsigned n = 0; n < 4; ++n) {
    host.cpu(n, 0, n / 2);
    host.msr(n, 0x606, kIntelUnits);
    host.msr(n, 0x611, 100 + n);
  }
  ProbeResult probe = probe_rapl_msr(host);
  ASSERT_EQ(probe.sensors.size(), 2u);
  EXPECT_EQ(find_sensor(probe, "rapl_msr/package-0-die-1")->source->read().value, 102u);
}

TEST(RaplMsr, ARegisterThatReadsZeroIsNotThere) {
  Machine host = make_skylake();
  host.msr(0, 0x619, 0);
  host.msr(2, 0x619, 0xffff'ffff'0000'0000);
  EXPECT_EQ(probe_rapl_msr(host).sensors.size(), 2u);
  host.msr(0, 0x611, 0);
  const ProbeResult probe = probe_rapl_msr(host);
  EXPECT_EQ(probe.sensors.size(), 1u);
  EXPECT_NE(find_diagnostic(probe, "no counter"), nullptr);
}

TEST(RaplMsr, FilteredIsADiagnostic) {
  Machine host = make_skylake();
  host.msr(0, 0xbc, 2);
  EXPECT_EQ(find_diagnostic(probe_rapl_msr(host), "filtered"), nullptr);
  host.msr(0, 0xbc, 3);
  EXPECT_NE(find_diagnostic(probe_rapl_msr(host), "energy filtering is set"), nullptr);
  Machine sgx = make_skylake(cpuinfo("GenuineIntel", 6, 0x55, "Intel(R) Xeon(R) Gold 6130", "fpu sgx sgx_lc"));
  EXPECT_NE(find_diagnostic(probe_rapl_msr(sgx), "SGX is on"), nullptr);
  EXPECT_EQ(probe_rapl_msr(sgx).sensors.size(), 4u) << "said, and used all the same";
}

TEST(RaplMsr, UnreadableIsOneDiagnosticWithItsRepair) {
  Machine absent(kSkylake);
  absent.cpu(0, 0);
  absent.cpu(1, 1);
  ProbeResult probe = probe_rapl_msr(absent);
  EXPECT_TRUE(probe.sensors.empty());
  ASSERT_EQ(probe.diagnostics.size(), 1u) << all_diagnostics(probe);
  EXPECT_EQ(probe.diagnostics[0].repair, "sudo modprobe msr");

  Machine denied(kSkylake);
  denied.cpu(0, 0);
  denied.set_error("/dev/cpu/0/msr", ErrorKind::denied);
  probe = probe_rapl_msr(denied);
  ASSERT_EQ(probe.diagnostics.size(), 1u);
  EXPECT_NE(probe.diagnostics[0].repair.find("cap_sys_rawio"), std::string::npos);
  EXPECT_EQ(probe.diagnostics[0].repair.find("0444"), std::string::npos);
}

TEST(RaplMsr, SilentWhereTheKernelHasABetterWay) {
  Machine powercap = make_skylake();
  powercap.set_file("/sys/class/powercap/intel-rapl:0/energy_uj", "5\n");
  EXPECT_TRUE(probe_rapl_msr(powercap).sensors.empty());

  Machine refused = make_skylake();
  refused.set_error("/sys/class/powercap/intel-rapl:0/energy_uj", ErrorKind::denied);
  EXPECT_EQ(probe_rapl_msr(refused).sensors.size(), 4u);

  Machine perf(kSkylake);
  perf.cpu(0, 0);
  perf.set_file("/sys/bus/event_source/devices/power/events/energy-pkg", "event=0x02\n");
  EXPECT_EQ(all_diagnostics(probe_rapl_msr(perf)), "");

  Machine guest(cpuinfo("GenuineIntel", 6, 0x55, "Intel Xeon Processor", "fpu hypervisor"));
  guest.cpu(0, 0);
  EXPECT_EQ(all_diagnostics(probe_rapl_msr(guest)), "");
  Machine arm("processor : 0\nCPU implementer : 0x41\n");
  arm.cpu(0, 0);
  EXPECT_EQ(all_diagnostics(probe_rapl_msr(arm)), "");
  Machine nothing(kSkylake);
  EXPECT_EQ(all_diagnostics(probe_rapl_msr(nothing)), "");
}

TEST(RaplMsr, BadContent) {
  Machine host = make_skylake();
  host.set_file("/sys/devices/system/cpu/cpu2/topology/physical_package_id", "-1\n");
  host.set_file("/sys/devices/system/cpu/cpu3/topology/physical_package_id", "x\n");
  EXPECT_EQ(probe_rapl_msr(host).sensors.size(), 2u) << "the other package stays";
  Machine list = make_skylake();
  list.set_file("/sys/devices/system/cpu/online", "a-b\n");
  EXPECT_NE(find_diagnostic(probe_rapl_msr(list), "not a list"), nullptr);
  Machine taped = make_skylake();
  taped.set_answer("msr:/dev/cpu/0/msr@0x606", "what");
  EXPECT_NE(find_diagnostic(probe_rapl_msr(taped), "no register's value"), nullptr);
}

}  // namespace
}  // namespace nw
