#include "sensor/drivers/driver_test.h"
#include "sensor/drivers/model_site.h"

namespace nw {
namespace {

constexpr const char* kTwoSockets =
    "processor\t: 0\nphysical id\t: 0\nflags\t\t: fpu\n\nprocessor\t: 1\nphysical id\t: 0\n\n"
    "processor\t: 2\nphysical id\t: 1\n\nprocessor\t: 3\nphysical id\t: 1\n";

struct Machine : MemoryHost {
  explicit Machine(const char* cpuinfo) {
    set_file("/proc/cpuinfo", cpuinfo);
    set_file("/proc/meminfo", "MemTotal:       16384000 kB\nMemFree:        1 kB\n");
    busy(1000);
  }
  // user + nice + system + irq + softirq are `ticks`; what is not busy is large.
  void busy(std::uint64_t ticks) {
    set_file("/proc/stat",
             "cpu  " + std::to_string(ticks - 10) + " 1 2 900000 800000 3 4 700000 0 0\ncpu0 1 2 3 4 5 6 7 0 0 0\n");
  }
};

double joules_of(ProbeResult& probe, std::string_view id) {
  return static_cast<double>(find_sensor(probe, id)->source->read().value) * 1e-6;
}

TEST(Model, IdleNodeDrawsIdlePower) {
  Machine host(kTwoSockets);
  ProbeResult probe = probe_model(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 4u);
  host.advance(seconds(10));
  EXPECT_DOUBLE_EQ(joules_of(probe, "model/package-0"), 10.0);  // 2 CPUs x 0.5 W x 10 s
  EXPECT_DOUBLE_EQ(joules_of(probe, "model/package-1"), 10.0);
  EXPECT_NEAR(joules_of(probe, "model/dram-0"), 16.777216 * 0.2 * 10, 1e-5);
  EXPECT_DOUBLE_EQ(joules_of(probe, "model/other-0"), 600.0);
  for (const auto& sensor : probe.sensors) {
    EXPECT_EQ(sensor.info.provenance, Provenance::estimated);
    EXPECT_EQ(sensor.info.scale_tolerance.basis, "assumed");
    EXPECT_GE(sensor.info.scale_tolerance.relative, 0.5);
  }
}

TEST(Model, FullLoadIsSharedEvenly) {
  Machine host(kTwoSockets);
  ProbeResult probe = probe_model(host);
  host.advance(seconds(10));
  host.busy(1000 + 4 * 1000);                                   // four CPUs busy for 10 s
  EXPECT_DOUBLE_EQ(joules_of(probe, "model/package-0"), 80.0);  // 2 CPUs x 4 W x 10 s
  EXPECT_DOUBLE_EQ(joules_of(probe, "model/package-1"), 80.0);
}

TEST(Model, NeverStepsBack) {
  Machine host(kTwoSockets);
  ProbeResult probe = probe_model(host);
  std::uint64_t last = 0;
  for (const std::uint64_t ticks : {1100u, 1090u, 900u, 1101u, 20u, 1200u}) {
    host.advance(millis(20));
    host.busy(ticks);
    const auto now = find_sensor(probe, "model/package-0")->source->read().value;
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(Model, VirtualMachine) {
  Machine host(kGuest);
  ProbeResult probe = probe_model(host);
  ASSERT_EQ(probe.sensors.size(), 3u);
  host.advance(seconds(10));
  EXPECT_DOUBLE_EQ(joules_of(probe, "model/other-0"), 8.0);  // 2 CPUs x 0.4 W x 10 s
  EXPECT_EQ(find_sensor(probe, "model/other-0")->info.scale_tolerance.relative, 0.75);
  EXPECT_EQ(find_sensor(probe, "model/package-0")->info.label, "CPUs (this virtual machine's share)");
}

TEST(Model, WithoutStatThereIsNothing) {
  for (const char* content : {"", "cpu", "cpu  1 2 3", "intr 1 2 3 4 5 6 7 8", "cpu  -1 2 3 4 5 6 7 8",
                              "cpu  99999999999999999999 2 3 4 5 6 7", "cpu  18446744073709551615 1 1 1 1 1 1"}) {
    Machine host(kTwoSockets);
    host.set_file("/proc/stat", content);
    EXPECT_TRUE(probe_model(host).sensors.empty()) << content;
    EXPECT_NE(find_diagnostic(probe_model(host), "/proc/stat"), nullptr) << content;
  }
  Machine absent(kTwoSockets);
  absent.remove_file("/proc/stat");
  EXPECT_NE(find_diagnostic(probe_model(absent), "/proc/stat"), nullptr);
  Machine no_cpus("");
  EXPECT_NE(find_diagnostic(probe_model(no_cpus), "/proc/cpuinfo"), nullptr);
}

TEST(Model, BadMemoryLeavesTheOthers) {
  for (const char* content :
       {"", "MemTotal: 0 kB\n", "MemTotal: lots kB\n", "MemTotal: 99999999999999999999 kB\n", "MemTotal: 5\n"}) {
    Machine host(kTwoSockets);
    host.set_file("/proc/meminfo", content);
    ProbeResult probe = probe_model(host);
    EXPECT_EQ(probe.sensors.size(), 3u) << content;
    EXPECT_NE(find_diagnostic(probe, "/proc/meminfo"), nullptr) << content;
  }
}

TEST(Model, StatThatVanishesOrLeapsIsAFailedRead) {
  Machine host(kTwoSockets);
  ProbeResult probe = probe_model(host);
  Source& package = *find_sensor(probe, "model/package-0")->source;
  host.advance(seconds(1));
  host.busy(std::uint64_t{1} << 50);
  EXPECT_FALSE(package.read().ok);
  host.advance(seconds(1));
  host.remove_file("/proc/stat");
  EXPECT_EQ(package.read().error, ErrorKind::absent);
  EXPECT_TRUE(find_sensor(probe, "model/dram-0")->source->read().ok);
  host.advance(seconds(1));
  host.busy(1010);
  EXPECT_TRUE(package.read().ok);
}

ModelSite::Figure figure(double power, double half_width) {
  return {Watts::of(static_cast<std::int64_t>(power * kMicro)),
          Watts::of(static_cast<std::int64_t>(half_width * kMicro)), "data sheet", "2026-03"};
}

TEST(Model, TheSitesFiguresTakeTheirShareOfTheRest) {
  Machine host(kTwoSockets);
  Site site;
  site.model.fans = figure(40, 10);
  site.model.network = figure(25, 2);
  ProbeResult probe = probe_model(host, site);
  const SensorInfo& info = find_sensor(probe, "model/other-0")->info;
  host.advance(seconds(10));
  // 60 W less the network's third, and 40 + 25 W; +-30 W less its third, and 12 W.
  EXPECT_NEAR(joules_of(probe, "model/other-0"), 10 * (60 * 0.67 + 65), 1e-3);
  EXPECT_NEAR(info.scale_tolerance.relative, (30 * 0.67 + 12) / (60 * 0.67 + 65), 1e-9);
  EXPECT_EQ(info.scale_tolerance.basis,
            "network: data sheet, 2026-03; fans: data sheet, 2026-03; board, storage: assumed");
  EXPECT_EQ(info.provenance, Provenance::estimated);
}

TEST(Model, NothingIsAssumedWhereTheSiteKnowsAll) {
  Machine host(kTwoSockets);
  Site site;
  site.model.fans = site.model.network = site.model.board = site.model.storage = figure(10, 1);
  ProbeResult probe = probe_model(host, site);
  host.advance(seconds(10));
  EXPECT_DOUBLE_EQ(joules_of(probe, "model/other-0"), 400);
  const SensorInfo& info = find_sensor(probe, "model/other-0")->info;
  EXPECT_DOUBLE_EQ(info.scale_tolerance.relative, 0.1);
  EXPECT_EQ(info.scale_tolerance.basis.find("assumed"), std::string::npos);
}

Site with_psu() {
  Site site;
  site.model.fans = site.model.network = site.model.board = site.model.storage = figure(50, 0);
  site.model.psu_rating = watts(1000);
  site.model.psu_efficiency = {{0.1, 0.8}, {0.3, 0.9}, {1, 0.85}};
  site.model.psu_source = "80 PLUS report 123";
  site.model.psu_date = "2025-06";
  return site;
}

TEST(Model, PowerSuppliesLoseByTheirCurve) {
  Machine host(kTwoSockets);
  host.set_file("/proc/meminfo", "");  // so that sums are round
  ProbeResult probe = probe_model(host, with_psu());
  const SensorInfo& info = find_sensor(probe, "model/other-psu")->info;
  EXPECT_EQ(info.boundary, Boundary::wall);
  EXPECT_EQ(info.provenance, Provenance::estimated);
  EXPECT_EQ(info.scale_tolerance.basis, "80 PLUS report 123, 2025-06");
  // The curve's worst point for 0.01 is 0.9; when idle 2 of 202 W, the CPUs', are uncertain by half.
  EXPECT_NEAR(info.scale_tolerance.relative, 0.01 / (0.9 * 0.1) + 1.0 / 202, 1e-9);
  host.advance(seconds(10));  // 200 W and 4 x 0.5 W: 20.2 % of the rating
  const double efficiency = 0.8 + 0.1 * (0.202 - 0.1) / 0.2;
  EXPECT_NEAR(joules_of(probe, "model/other-psu"), 2020 / efficiency - 2020, 0.01);
  host.advance(seconds(10));
  host.busy(1000 + 4 * 1000);  // 200 W and 4 x 4 W in the second ten seconds
  const double busy = 0.8 + 0.1 * (0.216 - 0.1) / 0.2;
  EXPECT_NEAR(joules_of(probe, "model/other-psu"), 2020 / efficiency - 2020 + 2160 / busy - 2160, 0.02);
}

TEST(Model, PowerSupplyCurveIsHeldAtItsEnds) {
  const Site site = with_psu();
  EXPECT_EQ(compute_psu_loss(site.model, watts(0)), Watts{});
  EXPECT_NEAR(to_watts(compute_psu_loss(site.model, watts(10))), 10 / 0.8 - 10, 1e-5);
  EXPECT_NEAR(to_watts(compute_psu_loss(site.model, watts(5000))), 5000 / 0.85 - 5000, 1e-3);
  EXPECT_EQ(compute_psu_loss(ModelSite{}, watts(10)), Watts{});
}

TEST(Model, NoLossIsClaimedBesideAccelerators) {
  Machine host(kTwoSockets);
  host.set_file("/proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: x\n");
  ProbeResult probe = probe_model(host, with_psu());
  EXPECT_EQ(find_sensor(probe, "model/other-psu"), nullptr);
  EXPECT_NE(find_diagnostic(probe, "accelerators"), nullptr);
}

}  // namespace
}  // namespace nw
