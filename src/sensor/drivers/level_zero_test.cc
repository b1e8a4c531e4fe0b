// The driver against a fake libze_loader that is really opened by dlopen, and against answers from a tape.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/host_tape.h"
#include "sensor/drivers/driver_test.h"
#include "sensor/reader.h"

namespace nw {
namespace {

namespace fs = std::filesystem;

// A root folder whose only content is the library; its variables are cleared with it.
class FakeLevelZero : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/nodewatt-ze-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    root_ = folder;
  }
  void TearDown() override {
    for (const char* name : {"GPUS", "INIT", "DOMAINS", "INTEGRATED", "ENERGY", "WATTS", "ENGINES", "BUSY", "ACTIVITY"})
      ::unsetenv((std::string("FAKE_ZE_") + name).c_str());
    fs::remove_all(root_);
  }
  void install(const std::string& library) {
    const fs::path built =
        fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / ("lib" + library + ".so");
    ASSERT_TRUE(fs::exists(built)) << built << ": build the target " << library;
    fs::create_directories(root_ / "usr/lib64");
    fs::copy_file(built, root_ / "usr/lib64/libze_loader.so.1", fs::copy_options::overwrite_existing);
  }
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  static void set(const char* name, const char* value) { ::setenv((std::string("FAKE_ZE_") + name).c_str(), value, 1); }
  ProbeResult probe() const { return probe_level_zero(*make_real_host(Root{root_.string(), true})); }

  fs::path root_;
};

TEST_F(FakeLevelZero, TheCardsCounterWithItsOwnTime) {
  install("fake_level_zero");
  set("GPUS", "3");
  ProbeResult found = probe();
  EXPECT_EQ(all_diagnostics(found), "");
  ASSERT_EQ(found.sensors.size(), 3u) << "of two drivers";
  Sensor& energy = found.sensors[1];
  EXPECT_EQ(energy.info.part, (Part{Domain::gpu, "GPU-e0000000000000000000000000000002"}));
  EXPECT_EQ(energy.info.label, "gpu1 Intel(R) Data Center GPU Max 1550 0000:2a:00.0");
  EXPECT_EQ(energy.info.kind, SensorKind::counter);
  EXPECT_EQ(energy.info.boundary, Boundary::board);
  EXPECT_EQ(energy.info.max_power, watts(1200)) << "twice the limit";
  EXPECT_EQ(unit_of(energy), 1);
  const Reading before = energy.source->read();
  ::usleep(20'000);
  const Reading after = energy.source->read();
  ASSERT_TRUE(before.ok && after.ok && before.device && after.device);
  EXPECT_GE(*after.device - *before.device, millis(20));
  EXPECT_EQ(static_cast<std::int64_t>(after.value - before.value) * 1000,
            (*after.device - *before.device).count() * 400)
      << "400 W, not the 300 W of the package";
}

TEST_F(FakeLevelZero, StatesWhoMayUseIt) {
  install("fake_level_zero");
  write("sys/bus/pci/devices/0000:29:00.0/drm/card1/dev", "226:1\n");
  write("sys/bus/pci/devices/0000:29:00.0/drm/renderD129/dev", "226:129\n");
  const ProbeResult found = probe();
  ASSERT_EQ(found.utilizations.size(), 1u);
  const UtilizationInfo& info = found.utilizations[0].info;
  EXPECT_EQ(info.vendor, "Intel");
  EXPECT_EQ(info.device_nodes, std::vector<std::string>{"226:129"});
  ASSERT_EQ(info.visible.size(), 1u);
  EXPECT_EQ(info.visible[0].variable, "ZE_AFFINITY_MASK");
  EXPECT_TRUE(info.visible[0].numbers_alike) << "of a card of one tile";
}

TEST_F(FakeLevelZero, OneDomainOfThoseThatHoldEachOther) {
  install("fake_level_zero");
  const auto source = [&](const char* domains) {
    set("DOMAINS", domains);
    ProbeResult found = probe();
    EXPECT_LE(found.sensors.size(), 1u) << domains;
    return found.sensors.empty() ? all_diagnostics(found) : found.sensors[0].info.source;
  };
  EXPECT_EQ(source("cps"), "Level Zero energy counter (card)");
  EXPECT_EQ(source("ssp"), "Level Zero energy counter (package)");
  EXPECT_EQ(source("ssu"), "Level Zero energy counter (card)");
  EXPECT_NE(source("ss").find("not supported"), std::string::npos);
  EXPECT_NE(source("uu").find("not supported"), std::string::npos) << "which of them holds the other nobody says";
  EXPECT_NE(source("").find("not supported"), std::string::npos);
}

TEST_F(FakeLevelZero, AnIntegratedGpuIsTheCpusAffair) {
  install("fake_level_zero");
  set("GPUS", "2");
  set("INTEGRATED", "0");
  const ProbeResult found = probe();
  ASSERT_EQ(found.sensors.size(), 1u);
  EXPECT_NE(find_diagnostic(found, "RAPL"), nullptr);
}

TEST_F(FakeLevelZero, TheKernelsCounterOfTheSameCardIsItsSecondName) {
  install("fake_level_zero");
  set("GPUS", "2");
  for (const auto& [chip, address] : {std::pair{"hwmon2", "0000:2a:00.0"}, std::pair{"hwmon3", "0000:2f:00.0"}}) {
    const fs::path dir = fs::path("sys/class/hwmon") / chip;
    write(dir / "name", "xe\n");
    write(dir / "energy1_input", "5000000\n");
    fs::create_symlink(std::string("../../../") + address, root_ / dir / "device");
  }
  const auto host = make_real_host(Root{root_.string(), true});
  std::vector<std::string> gpus;
  for (const Sensor& sensor : make_inventory(*host).sensors)
    if (sensor.info.part.domain == Domain::gpu) gpus.push_back(sensor.info.id);
  EXPECT_EQ(gpus, (std::vector<std::string>{"level_zero/GPU-e0000000000000000000000000000001/energy",
                                            "level_zero/GPU-e0000000000000000000000000000002/energy",
                                            "hwmon/gpu-0000:2f:00.0"}));
}

TEST_F(FakeLevelZero, ErrorsAtStart) {
  EXPECT_EQ(all_diagnostics(probe()), "");
  write("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n");
  write("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n");
  EXPECT_EQ(all_diagnostics(probe()), "") << "a CPU's graphics";
  write("sys/bus/pci/devices/0000:29:00.0/vendor", "0x8086\n");
  write("sys/bus/pci/devices/0000:29:00.0/class", "0x030000\n");
  EXPECT_NE(find_diagnostic(probe(), "libze1"), nullptr) << "a graphics card";
  write("sys/class/hwmon/hwmon3/name", "xe\n");
  EXPECT_EQ(all_diagnostics(probe()), "") << "whose energy the kernel shows";
  write("sys/bus/pci/devices/0000:29:00.0/class", "0x038000\n");
  EXPECT_NE(find_diagnostic(probe(), "libze1"), nullptr);
  install("fake_level_zero_old");
  EXPECT_NE(find_diagnostic(probe(), "no zesInit"), nullptr);
  install("fake_level_zero");
  set("INIT", "2013265921");  // 0x78000001
  EXPECT_NE(find_diagnostic(probe(), "no GPU driver answers"), nullptr);
  set("INIT", "2013265922");
  EXPECT_NE(find_diagnostic(probe(), "versions"), nullptr);
  set("INIT", "5");
  EXPECT_NE(find_diagnostic(probe(), "Level Zero error 0x5"), nullptr);
}

TEST_F(FakeLevelZero, ErrorsOfReadsHaveTheirKind) {
  install("fake_level_zero");
  const std::pair<const char*, ErrorKind> cases[] = {{"1879048193", ErrorKind::absent},   // 0x70000001, lost
                                                     {"1879113728", ErrorKind::denied},   // 0x70010000
                                                     {"1879113729", ErrorKind::busy},     // 0x70010001
                                                     {"2147483646", ErrorKind::failed}};  // 0x7ffffffe
  for (const auto& [code, kind] : cases) {
    ::unsetenv("FAKE_ZE_ENERGY");
    ProbeResult found = probe();
    ASSERT_EQ(found.sensors.size(), 1u);
    set("ENERGY", code);
    const Reading reading = found.sensors[0].source->read();
    EXPECT_FALSE(reading.ok);
    EXPECT_EQ(reading.error, kind) << code;
    EXPECT_TRUE(probe().sensors.empty()) << "nor at the start";
  }
}

TEST(LevelZeroTape, BadAnswers) {
  const auto probe_of = [&](const std::string& lines) {
    auto tape = parse_tape("nodewatt-tape 1\nask\tlevel_zero:library\tok\nask\tlevel_zero:init\tok\n" + lines +
                           "open\t0\tlevel_zero:GPU-a/energy\nt\t0\n");
    EXPECT_TRUE(tape);
    TapedHost host(std::move(*tape));
    return probe_level_zero(host);
  };
  const std::string one = "ask\tlevel_zero:count\t1\nask\tlevel_zero:gpu0\t";
  EXPECT_EQ(probe_of(one + "id a\\nenergy ok\\n\n").sensors.size(), 1u);
  EXPECT_EQ(probe_of(one + "id a\\nenergy ok\\nlimit_mw 99999999999999999999\\n\n").sensors[0].info.max_power,
            watts(2000));
  EXPECT_TRUE(probe_of(one + "energy ok\\n\n").sensors.empty());
  EXPECT_TRUE(probe_of(one + "\n").sensors.empty());
  EXPECT_EQ(probe_of("ask\tlevel_zero:count\t2\nask\tlevel_zero:gpu0\tid a\\nenergy ok\\n\nask\tlevel_zero:gpu1\tid "
                     "a\\nenergy ok\\n\n")
                .sensors.size(),
            1u)
      << "twice the same";
  for (const char* count : {"x", "-1", "100000"})
    EXPECT_NE(find_diagnostic(probe_of(std::string("ask\tlevel_zero:count\t") + count + "\n"), "no number"), nullptr);
}

TEST_F(FakeLevelZero, SaysHowLongItsEnginesWereActive) {
  install("fake_level_zero");
  const ProbeResult found = probe();
  ASSERT_EQ(found.utilizations.size(), 1u);
  const Utilization& utilization = found.utilizations[0];
  EXPECT_EQ(utilization.info.part, found.sensors[0].info.part);
  EXPECT_EQ(utilization.info.kind, UtilizationKind::time);
  EXPECT_EQ(utilization.processes, nullptr);
  UtilizationSample before{{}, utilization.utilization->read(), {}};
  ::usleep(20'000);
  const UtilizationSample after{{}, utilization.utilization->read(), {}};
  const auto share = share_between(utilization.info, before, after);
  ASSERT_TRUE(share);
  EXPECT_NEAR(*share, 0.25, 0.001) << "by the GPU's own clock: our own stood still";
  ASSERT_EQ(found.software.size(), 1u);
  EXPECT_EQ(found.software[0].name + " " + found.software[0].version, "Intel GPU driver 1.3.29735");
}

TEST_F(FakeLevelZero, WithoutAGroupOfAllEnginesOfTheWholeItSaysNothing) {
  install("fake_level_zero");
  for (const char* engines : {"", "c", "cs"}) {
    set("ENGINES", engines);
    const ProbeResult found = probe();
    ASSERT_EQ(found.utilizations.size(), 1u);
    EXPECT_EQ(found.utilizations[0].utilization, nullptr) << engines;
  }
  set("ENGINES", "a");
  const ProbeResult found = probe();
  set("ACTIVITY", "1879113728");  // no permission
  const Reading denied = found.utilizations[0].utilization->read();
  EXPECT_FALSE(denied.ok);
  EXPECT_EQ(denied.error, ErrorKind::denied);
  EXPECT_EQ(probe().utilizations[0].utilization, nullptr);
}

}  // namespace
}  // namespace nw
