#include "sensor/drivers/cray_pm_line.h"

#include <functional>

#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

const std::string kDir = "/sys/cray/pm_counters/";
constexpr std::uint64_t kStamp = 1'767'225'600'000'000;

struct Node : MemoryHost {
  Node() {
    set_file(kDir + "raw_scan_hz", "10\n");
    set_file(kDir + "version", "2\n");
    set_file(kDir + "generation", "1\n");
    start(77);
    scan(1);
    energy("energy", 1000);
    energy("cpu_energy", 300);
    energy("memory_energy", 200);
    energy("accel0_energy", 150);
    energy("accel1_energy", 250);
    power("power", 451);
    power("accel0_power", 103);
  }
  void scan(std::uint64_t n) { set_file(kDir + "freshness", std::to_string(n) + "\n"); }
  void start(std::uint64_t n) { set_file(kDir + "startup", std::to_string(n) + "\n"); }
  void energy(const std::string& file, std::uint64_t joules) { line(file, joules, "J"); }
  void power(const std::string& file, std::uint64_t watts) { line(file, watts, "W"); }
  void line(const std::string& file, std::uint64_t value, const char* unit) {
    set_file(kDir + file, std::to_string(value) + " " + unit + " " + std::to_string(kStamp) + " us\n");
  }
};

// A machine on which something happens after every so many reads of one file.
struct Restless : Node {
  Result<std::unique_ptr<Source>> open_number(const std::string& path, const Extract& extract) override {
    auto source = Node::open_number(path, extract);
    if (!source || path != watched) return source;
    struct Watched : Source {
      Watched(std::unique_ptr<Source> i, Restless& h) : inner(std::move(i)), host(h) {}
      Reading read() noexcept override {
        const Reading reading = inner->read();
        if (host.then) host.then(++host.reads);
        return reading;
      }
      std::unique_ptr<Source> inner;
      Restless& host;
    };
    return std::make_unique<Watched>(std::move(*source), *this);
  }
  std::string watched = kDir + "cpu_energy";
  std::function<void(int)> then;
  int reads = 0;
};

Reading read(ProbeResult& probe, std::string_view id) { return find_sensor(probe, id)->source->read(); }

constexpr std::string_view kNode = "cray_pm/node-0/energy", kCpu = "cray_pm/package-all/energy";

TEST(CrayPm, WhatTheControllerCounts) {
  Node host;
  ProbeResult probe = probe_cray_pm(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 7u);
  const Sensor* node = find_sensor(probe, kNode);
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->info.part, (Part{Domain::node, "0"}));
  EXPECT_EQ(node->info.boundary, Boundary::node_dc);
  EXPECT_EQ(node->info.kind, SensorKind::counter);
  EXPECT_EQ(unit_of(*node), 1e6);
  EXPECT_EQ(node->info.wrap, 0u);
  EXPECT_EQ(node->info.update_interval.value, millis(100));
  EXPECT_EQ(find_sensor(probe, "cray_pm/node-0/power")->info.kind, SensorKind::gauge);
  EXPECT_EQ(find_sensor(probe, "cray_pm/node-0/power")->info.part, node->info.part);
  EXPECT_EQ(find_sensor(probe, kCpu)->info.part, (Part{Domain::package, "all"}));
  EXPECT_EQ(find_sensor(probe, "cray_pm/dram-all/energy")->info.part, (Part{Domain::dram, "all"}));
  const Sensor* accel = find_sensor(probe, "cray_pm/gpu-accel1/energy");
  ASSERT_NE(accel, nullptr);
  EXPECT_EQ(accel->info.part, (Part{Domain::gpu, "accel1"}));
  EXPECT_EQ(accel->info.boundary, Boundary::board);
  EXPECT_EQ(read(probe, kNode).value, 1000u);
  EXPECT_EQ(read(probe, "cray_pm/node-0/power").value, 451u);
  EXPECT_EQ(read(probe, kNode).device, Nanos::of(kStamp * 1000));
}

TEST(CrayPm, AnotherScanRateIsAnotherUpdateInterval) {
  Node host;
  host.set_file(kDir + "raw_scan_hz", "2\n");
  EXPECT_EQ(probe_cray_pm(host).sensors[0].info.update_interval.value, millis(500));
  for (const char* hz : {"0\n", "", "1001\n", "ten\n"}) {
    host.set_file(kDir + "raw_scan_hz", hz);
    EXPECT_EQ(probe_cray_pm(host).sensors[0].info.update_interval.value, millis(100)) << hz;
  }
}

TEST(CrayPm, OneSnapshotServesASampleSet) {
  Restless host;
  ProbeResult probe = probe_cray_pm(host);
  for (int sample_set = 0; sample_set < 3; ++sample_set) {
    for (const Sensor& sensor : probe.sensors) EXPECT_TRUE(sensor.source->read().ok) << sensor.info.id;
    host.advance(millis(100));
  }
  host.then = [](int) {};
  for (const Sensor& sensor : probe.sensors) EXPECT_TRUE(sensor.source->read().ok);
  EXPECT_EQ(host.reads, 2) << "its value once, and its time once";
}

TEST(CrayPm, ReadsAgainWhenTheScanMovedOn) {
  Restless host;
  ProbeResult probe = probe_cray_pm(host);
  host.then = [&](int reads) {  // the next scan is published between the CPUs and the node
    if (reads > 1) return;
    host.scan(2);
    host.energy("energy", 1045);
    host.energy("cpu_energy", 307);
  };
  EXPECT_EQ(read(probe, kCpu).value, 307u) << "300 was of the scan before the node's 1045";
  EXPECT_EQ(read(probe, kNode).value, 1045u);
}

TEST(CrayPm, AScanThatNeverRestsIsBusy) {
  Restless host;
  ProbeResult probe = probe_cray_pm(host);
  host.then = [&](int reads) { host.scan(static_cast<std::uint64_t>(reads) + 1); };
  const Reading reading = read(probe, kNode);
  EXPECT_FALSE(reading.ok);
  EXPECT_EQ(reading.error, ErrorKind::busy);
  EXPECT_EQ(host.reads, 6) << "three tries of a value and its time";
  host.then = nullptr;
  host.advance(millis(100));
  EXPECT_TRUE(read(probe, kNode).ok);
}

TEST(CrayPm, AFreshnessThatStandsStillIsAControllerThatHangs) {
  Node host;
  ProbeResult probe = probe_cray_pm(host);
  EXPECT_TRUE(read(probe, kNode).ok);
  host.advance(seconds(2));
  EXPECT_TRUE(read(probe, kNode).ok);
  host.advance(millis(100));
  EXPECT_EQ(read(probe, kNode).error, ErrorKind::busy);
  host.scan(2);
  host.advance(millis(100));
  EXPECT_TRUE(read(probe, kNode).ok);
}

TEST(CrayPm, ASlowControllerDoesNotHang) {
  Node host;
  host.set_file(kDir + "raw_scan_hz", "1\n");
  ProbeResult probe = probe_cray_pm(host);
  EXPECT_TRUE(read(probe, kNode).ok);
  host.advance(seconds(5));
  EXPECT_TRUE(read(probe, kNode).ok);
  host.advance(millis(100));
  EXPECT_FALSE(read(probe, kNode).ok);
}

TEST(CrayPm, ARestartBeginsAtZeroWhateverTheCounterSays) {
  for (const std::uint64_t after : {5u, 1000u, 1040u, 987654u}) {
    Node host;
    ProbeResult probe = probe_cray_pm(host);
    EXPECT_EQ(read(probe, kNode).value, 1000u);
    host.advance(millis(100));
    host.start(78);
    host.scan(2);
    host.energy("energy", after);
    EXPECT_EQ(read(probe, kNode).value, 0u) << after;
    EXPECT_EQ(read(probe, "cray_pm/node-0/power").value, 451u) << "power is no count";
    host.advance(millis(100));
    host.scan(3);
    host.energy("energy", after + 45);
    EXPECT_EQ(read(probe, kNode).value, 45u) << after;
  }
}

TEST(CrayPm, ARestartIsRememberedUntilAValueComes) {
  Node host;
  ProbeResult probe = probe_cray_pm(host);
  EXPECT_TRUE(read(probe, kNode).ok);
  host.advance(millis(100));
  host.start(78);
  host.set_file(kDir + "energy", "");
  EXPECT_EQ(read(probe, kNode).error, ErrorKind::malformed);
  host.advance(millis(100));
  host.scan(2);
  host.energy("energy", 5000);
  EXPECT_EQ(read(probe, kNode).value, 0u);
  host.advance(millis(100));
  host.scan(3);
  host.energy("energy", 30);  // again, and `startup` did not say so
  EXPECT_EQ(read(probe, kNode).value, 30u);
}

TEST(CrayPm, WithoutFreshnessItSaysSo) {
  Node host;
  host.remove_file(kDir + "freshness");
  host.remove_file(kDir + "startup");
  ProbeResult probe = probe_cray_pm(host);
  EXPECT_NE(find_diagnostic(probe, "two scans"), nullptr);
  EXPECT_EQ(read(probe, kNode).value, 1000u);
  host.advance(seconds(60));
  EXPECT_TRUE(read(probe, kNode).ok);
}

TEST(CrayPm, AnUnreadableStartupIsNoCounter) {
  Node host;
  host.set_error(kDir + "startup", ErrorKind::denied);
  const ProbeResult probe = probe_cray_pm(host);
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_NE(find_diagnostic(probe, "restart of the controller"), nullptr);
}

TEST(CrayPm, SingleCpusOnlyWhereThereIsNoSum) {
  Node host;
  host.energy("cpu0_energy", 1);
  host.energy("cpu_x_energy", 1);
  host.energy("accel_energy", 1);
  EXPECT_EQ(probe_cray_pm(host).sensors.size(), 7u);
  host.remove_file(kDir + "cpu_energy");
  ProbeResult probe = probe_cray_pm(host);
  EXPECT_NE(find_sensor(probe, "cray_pm/package-cpu0/energy"), nullptr);
  EXPECT_EQ(probe.sensors.size(), 7u);
}

TEST(CrayPm, BadFiles) {
  MemoryHost other;
  EXPECT_TRUE(probe_cray_pm(other).sensors.empty());
  EXPECT_EQ(all_diagnostics(probe_cray_pm(other)), "");
  for (const char* content : {"", "J", "12", "12 W 5 us", "-1 J 5 us", "1.5 J 5 us", "99999999999999999999 J 1 us",
                              "12 J us", "12 J 5 us x", "12 J 5 ms", "12J 5 us"}) {
    Node host;
    host.set_file(kDir + "cpu_energy", content);
    ProbeResult probe = probe_cray_pm(host);
    EXPECT_EQ(find_sensor(probe, kCpu), nullptr) << content;
    EXPECT_NE(find_diagnostic(probe, "cpu_energy"), nullptr) << content;
    EXPECT_EQ(read(probe, kNode).value, 1000u) << content;
  }
  Node host;
  ProbeResult probe = probe_cray_pm(host);
  host.set_file(kDir + "cpu_energy", "gone wrong\n");
  EXPECT_EQ(read(probe, kCpu).error, ErrorKind::malformed);
  EXPECT_TRUE(read(probe, kNode).ok) << "one bad file spoils no other";
  host.advance(millis(100));
  host.remove_file(kDir + "freshness");
  EXPECT_EQ(read(probe, kNode).error, ErrorKind::absent);
}

TEST(CrayPm, Lines) {
  using cray_pm::parse_line;
  EXPECT_EQ(parse_line("12 J 34 us\n56 J 78 us\n")->stamp_us, 34u);
  EXPECT_EQ(parse_line("12 J 34")->stamp_us, 34u);
  EXPECT_EQ(parse_line("12\t34 us")->stamp_us, 34u);
  EXPECT_EQ(parse_line("  12  \n")->value, 12u);
  EXPECT_EQ(parse_line("12 J\n")->unit, "J");
  EXPECT_FALSE(parse_line("12 J 34 us more"));
  EXPECT_FALSE(parse_line("\n12 J"));
  Node host;  // a time that does not fit is no time
  host.set_file(kDir + "energy", "12 J 18446744073709551615 us\n");
  ProbeResult probe = probe_cray_pm(host);
  EXPECT_EQ(read(probe, kNode).value, 12u);
  EXPECT_EQ(read(probe, kNode).device, std::nullopt);
}

}  // namespace
}  // namespace nw
