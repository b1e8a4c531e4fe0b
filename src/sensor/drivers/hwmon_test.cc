#include <map>

#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

struct Machine : MemoryHost {
  // An ACPI power meter: its files hang on the device below hwmonN.
  void meter(int n, const std::string& label, std::uint64_t uw, const std::string& interval_ms = "") {
    const std::string dir = "/sys/class/hwmon/hwmon" + std::to_string(n);
    set_file(dir + "/name", "power_meter\n");
    set_file(dir + "/device/power1_average", std::to_string(uw) + "\n");
    set_file(dir + "/device/power1_is_battery", "0\n");
    set_file(dir + "/device/power1_oem_info", label + "\n");
    if (!interval_ms.empty()) set_file(dir + "/device/power1_average_interval", interval_ms + "\n");
  }
  void measures(int n, const std::string& device) {
    set_link("/sys/class/hwmon/hwmon" + std::to_string(n) + "/device/measures/" + device, "../../" + device);
  }
};

TEST(Hwmon, GraceHopperByLabel) {
  Machine host;
  host.meter(4, "Module Power Socket 0", 410'000'000, "1000");
  host.meter(2, "Grace Power Socket 0", 120'000'000, "50");
  host.meter(7, "CPU Power Socket 0", 70'000'000);
  host.meter(1, "SysIO Power Socket 0", 12'000'000, "0");
  ProbeResult probe = probe_hwmon(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 4u);
  Sensor* module = find_sensor(probe, "hwmon/module-0");
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->source->read().value, 410'000'000u);
  EXPECT_EQ(module->info.averaging_window.value, seconds(1));
  EXPECT_EQ(module->info.kind, SensorKind::gauge);
  EXPECT_EQ(module->info.boundary, Boundary::board);
  EXPECT_EQ(find_sensor(probe, "hwmon/package-0")->info.source, "Grace Power Socket 0 (hwmon)");
  EXPECT_EQ(find_sensor(probe, "hwmon/cpu-0")->info.boundary, Boundary::on_chip);
  EXPECT_EQ(find_sensor(probe, "hwmon/sysio-0")->info.averaging_window.value, millis(50));
}

TEST(Hwmon, FourSocketsAreFour) {
  Machine host;
  for (int socket = 0; socket < 4; ++socket) {
    host.meter(socket, "Module Power Socket " + std::to_string(socket), 1);
    host.measures(socket, "device:0" + std::to_string(socket));
  }
  EXPECT_EQ(probe_hwmon(host).sensors.size(), 4u);
}

// Kernels from 2025 on hang the files on hwmonN itself, and leave on the ACPI device what it measures.
TEST(Hwmon, TheNewerLayoutOfTheFiles) {
  Machine host;
  int n = 0;
  for (const char* socket : {"0", "1"})
    for (const char* what : {"Module", "Grace", "CPU", "SysIO"}) {
      const std::string dir = "/sys/class/hwmon/hwmon" + std::to_string(n);
      host.set_file(dir + "/name", "power_meter\n");
      host.set_file(dir + "/power1_average", std::to_string(1'000'000 * (n + 1)) + "\n");
      host.set_file(dir + "/power1_average_interval", "1000\n");
      host.set_file(dir + "/power1_label", std::string(what) + " Power Socket " + socket + "\n");
      host.set_file(dir + "/power1_oem_info", "not this\n");
      host.measures(n++, std::string("device:0") + socket);
    }
  ProbeResult probe = probe_hwmon(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 8u);
  Sensor* second = find_sensor(probe, "hwmon/package-1");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->source->read().value, 6'000'000u);
  EXPECT_EQ(second->info.averaging_window.value, seconds(1));

  Machine node;
  node.set_file("/sys/class/hwmon/hwmon0/name", "power_meter\n");
  node.set_file("/sys/class/hwmon/hwmon0/power1_average", "312000000\n");
  node.measures(0, "PNP0A08:00");
  EXPECT_NE(find_diagnostic(probe_hwmon(node), "PNP0A08:00"), nullptr) << "a meter of something else";
  Machine both;  // the same meter seen in both places is one
  both.meter(0, "", 312'000'000);
  both.set_file("/sys/class/hwmon/hwmon0/power1_average", "312000000\n");
  EXPECT_EQ(probe_hwmon(both).sensors.size(), 1u) << all_diagnostics(probe_hwmon(both));
}

TEST(Hwmon, NodeMeter) {
  Machine host;
  host.meter(0, "", 312'000'000, "300000");
  host.measures(0, "LNXSYBUS:00");
  ProbeResult probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  EXPECT_EQ(probe.sensors[0].info.part, (Part{Domain::node, "0"}));
  EXPECT_EQ(probe.sensors[0].info.boundary, Boundary::wall);
  EXPECT_EQ(probe.sensors[0].info.averaging_window.value, seconds(300));
  EXPECT_EQ(probe.sensors[0].info.scale_tolerance.relative, 0.10);
}

TEST(Hwmon, WhatIsNotTheNodeIsNotTakenForIt) {
  Machine of_devices;
  of_devices.meter(0, "", 40'000'000);
  of_devices.measures(0, "PNP0A08:00");
  EXPECT_TRUE(probe_hwmon(of_devices).sensors.empty());
  EXPECT_NE(find_diagnostic(probe_hwmon(of_devices), "PNP0A08:00"), nullptr);

  Machine several;
  several.meter(0, "", 1);
  several.meter(1, "", 2);
  EXPECT_TRUE(probe_hwmon(several).sensors.empty());
  EXPECT_EQ(probe_hwmon(several).diagnostics.size(), 2u);

  Machine alone;
  alone.meter(0, "", 1);
  EXPECT_EQ(probe_hwmon(alone).sensors.size(), 1u) << "a node manager names nothing";

  Machine battery;
  battery.meter(0, "", 1);
  battery.set_file("/sys/class/hwmon/hwmon0/device/power1_is_battery", "1\n");
  EXPECT_TRUE(probe_hwmon(battery).sensors.empty());

  Machine others;
  for (const char* chip : {"ina3221", "mlx5", "pmbus", "nvme", "corsairpsu", "fam15h_power"}) {
    const std::string dir = std::string("/sys/class/hwmon/hwmon-") + chip;
    others.set_file(dir + "/name", std::string(chip) + "\n");
    others.set_file(dir + "/power1_input", "1000000\n");
    others.set_file(dir + "/power1_label", "total power\n");
  }
  others.set_file("/sys/class/hwmon/hwmon9/name", "");
  EXPECT_TRUE(probe_hwmon(others).sensors.empty());
  EXPECT_EQ(all_diagnostics(probe_hwmon(others)), "");

  Machine amdgpu;
  amdgpu.set_file("/sys/class/hwmon/hwmon3/name", "amdgpu\n");
  amdgpu.set_file("/sys/class/hwmon/hwmon3/power1_average", "40000000\n");
  EXPECT_TRUE(probe_hwmon(amdgpu).sensors.empty());
  EXPECT_NE(find_diagnostic(probe_hwmon(amdgpu), "AMD GPU"), nullptr);
}

TEST(Hwmon, OtherFirmwaresLabelsOfASocketAreReadByTheirWords) {
  MemoryHost host;
  int number = 0;
  const auto add = [&](const std::string& label, int watts) {
    const std::string dir = "/sys/class/hwmon/hwmon" + std::to_string(++number);
    host.set_file(dir + "/name", "power_meter\n");
    host.set_file(dir + "/power1_oem_info", label + "\n");
    host.set_file(dir + "/power1_average", std::to_string(watts) + "000000\n");
  };
  add("Total Power in uW socket 0", 150);
  add("CPU Rail Power in uW socket 0", 80);
  add("SoC Rail Power in uW socket 0", 9);
  add("DRAM Power in uW socket 0", 41);
  add("Total Input Power in uW socket 1", 160);
  ProbeResult probe = probe_hwmon(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  for (const auto& [id, watts] : std::map<std::string, unsigned>{
           {"package-0", 150}, {"cpu-0", 80}, {"sysio-0", 9}, {"dram-0", 41}, {"package-1", 160}}) {
    Sensor* sensor = find_sensor(probe, "hwmon/" + id);
    ASSERT_NE(sensor, nullptr) << id;
    EXPECT_EQ(sensor->source->read().value, watts * 1'000'000u) << id;
  }
  EXPECT_EQ(find_sensor(probe, "hwmon/package-0")->info.boundary, Boundary::board) << "so that it holds the memory";
}

TEST(Hwmon, ASingleMeterWithALabelThatNobodyKnowsIsNotTheNode) {
  for (const char* label : {"Total Power socket 0", "Fabric Power Socket 0", "Storage Tray", "GPU Baseboard"}) {
    MemoryHost host;
    host.set_file("/sys/class/hwmon/hwmon0/name", "power_meter\n");
    host.set_file("/sys/class/hwmon/hwmon0/power1_oem_info", std::string(label) + "\n");
    host.set_file("/sys/class/hwmon/hwmon0/power1_average", "150000000\n");
    ProbeResult probe = probe_hwmon(host);
    EXPECT_EQ(find_sensor(probe, "hwmon/node-0"), nullptr) << label;
    EXPECT_TRUE(!probe.sensors.empty() || !probe.diagnostics.empty()) << label;
  }
}

TEST(Hwmon, AMeanOverMinutesIsNamedWithItsFix) {
  MemoryHost host;
  host.set_file("/sys/class/hwmon/hwmon0/name", "power_meter\n");
  host.set_file("/sys/class/hwmon/hwmon0/device/power1_average", "250000000\n");
  host.set_file("/sys/class/hwmon/hwmon0/device/power1_average_interval", "300000\n");
  ProbeResult probe = probe_hwmon(host);
  ASSERT_NE(find_sensor(probe, "hwmon/node-0"), nullptr);
  EXPECT_EQ(find_sensor(probe, "hwmon/node-0")->info.averaging_window.value, seconds(300));
  ASSERT_NE(find_diagnostic(probe, "a mean over 300 s"), nullptr) << all_diagnostics(probe);
  EXPECT_NE(find_diagnostic(probe, "power1_average_interval"), nullptr);
}

// A machine on which reading a meter takes its time, and that notes what was opened as slow.
struct SlowMachine : MemoryHost {
  Result<std::string> read_text(const std::string& path) override {
    if (path.ends_with("power1_average")) ++reads, sleep_until(now() + millis(150));
    return MemoryHost::read_text(path);
  }
  Result<std::vector<std::unique_ptr<Source>>> open_slow_numbers(const std::vector<std::string>& paths,
                                                                 BusSchedule schedule) override {
    slow = paths;
    period = schedule.period;
    at_probe = reads;
    return MemoryHost::open_slow_numbers(paths, schedule);
  }
  std::vector<std::string> slow;
  Nanos period{};
  int reads = 0, at_probe = 0;
};

TEST(Hwmon, MetersThatBlockGetAThreadOfTheirOwnAndTheIntervalOfItsRounds) {
  SlowMachine host;
  int number = 0;
  for (const char* what : {"Module", "Grace", "CPU", "SysIO"})
    for (const char* socket : {"0", "1"}) {
      const std::string dir = "/sys/class/hwmon/hwmon" + std::to_string(++number);
      host.set_file(dir + "/name", "power_meter\n");
      host.set_file(dir + "/power1_oem_info", std::string(what) + " Power Socket " + socket + "\n");
      host.set_file(dir + "/power1_average", "150000000\n");
    }
  const ProbeResult probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 8u);
  EXPECT_EQ(host.slow.size(), 8u);
  EXPECT_EQ(host.at_probe, 1) << "one slow read is enough to know";
  EXPECT_EQ(host.period, millis(1200));
  for (const Sensor& sensor : probe.sensors) EXPECT_EQ(sensor.info.update_interval.value, millis(1200));
}

TEST(Hwmon, AnIntelCardsOwnCounterIsReadOnceAndItsCardBeforeItsPackage) {
  MemoryHost host;
  const std::string dir = "/sys/class/hwmon/hwmon7";
  host.set_file(dir + "/name", "xe\n");
  host.set_file(dir + "/energy1_label", "pkg\n");
  host.set_file(dir + "/energy1_input", "4000000\n");
  host.set_file(dir + "/energy2_label", "card\n");
  host.set_file(dir + "/energy2_input", "5000000\n");
  host.set_file(dir + "/power1_cap", "275000000\n");
  ProbeResult probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  const SensorInfo& info = probe.sensors[0].info;
  EXPECT_EQ(info.part, (Part{Domain::gpu, "hwmon7"}));
  EXPECT_EQ(info.kind, SensorKind::counter);
  EXPECT_EQ(info.boundary, Boundary::board);
  EXPECT_EQ(info.max_power, watts(550));
  EXPECT_EQ(probe.sensors[0].source->read().value, 5'000'000u);
  host.remove_file(dir + "/energy2_input");
  probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].info.boundary, Boundary::on_chip) << "its package";
}

TEST(Hwmon, AverageBeforeInputAndNeverBoth) {
  Machine host;
  host.meter(0, "", 300'000'000);
  host.set_file("/sys/class/hwmon/hwmon0/device/power1_input", "999\n");
  ProbeResult probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].source->read().value, 300'000'000u);
  host.remove_file("/sys/class/hwmon/hwmon0/device/power1_average");
  probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].source->read().value, 999u);
}

TEST(Hwmon, SocketsOfAmdEnergy) {
  Machine host;
  const std::string dir = "/sys/class/hwmon/hwmon5";
  host.set_file(dir + "/name", "amd_energy\n");
  host.set_file(dir + "/energy1_label", "Ecore000\n");
  host.set_file(dir + "/energy1_input", "1\n");
  host.set_file(dir + "/energy129_label", "Esocket1\n");
  host.set_file(dir + "/energy129_input", "18446744073709551615\n");
  ProbeResult probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  EXPECT_EQ(probe.sensors[0].info.part, (Part{Domain::package, "1"}));
  EXPECT_EQ(probe.sensors[0].info.kind, SensorKind::counter);
  host.set_error(dir + "/energy129_input", ErrorKind::denied);
  EXPECT_NE(find_diagnostic(probe_hwmon(host), "chgrp"), nullptr);
}

TEST(Hwmon, BadContent) {
  for (const char* content : {"", "abc", "-1", "99999999999999999999999", "1.5"}) {
    Machine host;
    host.meter(0, "", 1);
    host.set_file("/sys/class/hwmon/hwmon0/device/power1_average", content);
    EXPECT_TRUE(probe_hwmon(host).sensors.empty()) << content;
    EXPECT_NE(find_diagnostic(probe_hwmon(host), "power1_average"), nullptr) << content;
  }
  for (const char* label : {"Module Power Socket", "Module Power Socket x", "Moon Power Socket 0", " Power Socket 0"}) {
    Machine host;
    host.meter(0, label, 1);
    host.meter(1, "", 1);
    for (const auto& sensor : probe_hwmon(host).sensors) EXPECT_EQ(sensor.info.part.domain, Domain::node) << label;
  }
  Machine twice;
  twice.meter(0, "CPU Power Socket 0", 1);
  twice.meter(1, "CPU Power Socket 0", 2);
  EXPECT_EQ(probe_hwmon(twice).sensors.size(), 1u);
  EXPECT_NE(find_diagnostic(probe_hwmon(twice), "second channel"), nullptr);
}

TEST(Hwmon, VanishingAndAbsurdReadings) {
  Machine host;
  host.meter(0, "", 4294967295000);  // the firmware's "no value"
  ProbeResult probe = probe_hwmon(host);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_GT(static_cast<std::int64_t>(probe.sensors[0].source->read().value), probe.sensors[0].info.max_power.count());
  host.remove_file("/sys/class/hwmon/hwmon0/device/power1_average");
  EXPECT_EQ(probe.sensors[0].source->read().error, ErrorKind::absent);
}

}  // namespace
}  // namespace nw
