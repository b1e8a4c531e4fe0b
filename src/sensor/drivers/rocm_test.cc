// The driver against fake AMD libraries that are really opened by dlopen, and against answers from a tape.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/host_tape.h"
#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

namespace fs = std::filesystem;

// A root folder whose only content is a library; its variables are cleared with it.
class FakeRocm : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/nodewatt-rocm-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    root_ = folder;
  }
  void TearDown() override {
    for (const char* name : {"GPUS", "NAME", "INIT", "SECOND", "PARTITIONS", "NO_ENERGY", "NO_POWER", "ENERGY_STATUS",
                             "WATTS", "BUSY", "BUSY_STATUS"})
      ::unsetenv((std::string("FAKE_ROCM_") + name).c_str());
    fs::remove_all(root_);
  }

  fs::path install(const std::string& built, const std::string& name) {
    const fs::path from =
        fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / ("lib" + built + ".so");
    EXPECT_TRUE(fs::exists(from)) << from << ": build the target " << built;
    const fs::path folder = root_ / "usr/lib/x86_64-linux-gnu";
    fs::create_directories(folder);
    fs::copy_file(from, folder / name);
    return folder / name;
  }
  fs::path install_amd_smi() { return install("fake_amd_smi", "libamd_smi.so"); }
  fs::path install_rocm_smi() { return install("fake_rocm_smi", "librocm_smi64.so.6"); }
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  static void set(const char* name, const char* value) {
    ::setenv((std::string("FAKE_ROCM_") + name).c_str(), value, 1);
  }
  ProbeResult probe() const { return probe_rocm(*make_real_host(Root{root_.string(), true})); }

  fs::path root_;
};

constexpr const char* kFirst = "GPU-00000001-0000-1000-8000-000000000000";
constexpr const char* kFirstOld = "GPU-0xabc0000000000001";

TEST_F(FakeRocm, AmdSmiCountsWithItsOwnTime) {
  install_amd_smi();
  set("GPUS", "2");
  ProbeResult found = probe();
  EXPECT_EQ(all_diagnostics(found), "");
  ASSERT_EQ(found.sensors.size(), 2u) << "no power: there is no file of the kernel's";
  Sensor& energy = found.sensors[0];
  EXPECT_EQ(energy.info.id, std::string("rocm/") + kFirst + "/energy");
  EXPECT_EQ(energy.info.part, (Part{Domain::gpu, kFirst}));
  EXPECT_EQ(energy.info.label, "gpu0 AMD Instinct MI210 0000:c1:00.0");
  EXPECT_EQ(energy.info.kind, SensorKind::counter);
  EXPECT_EQ(energy.info.unit_den, 1 << 20);
  EXPECT_EQ(static_cast<float>(unit_of(energy)), 15.259F) << "the library's float, exactly";
  EXPECT_EQ(energy.info.wrap, 0u);
  const Reading before = energy.source->read();
  ::usleep(20'000);
  const Reading after = energy.source->read();
  ASSERT_TRUE(before.ok && after.ok && before.device && after.device);
  const double seconds = to_seconds(*after.device - *before.device);
  EXPECT_GE(seconds, 0.02);
  EXPECT_NEAR(static_cast<double>(after.value - before.value) * unit_of(energy) * 1e-6, 300 * seconds, 0.001);
}

TEST_F(FakeRocm, RocmSmiHasPowerToo) {
  install_rocm_smi();
  set("WATTS", "250");
  ProbeResult found = probe();
  EXPECT_EQ(all_diagnostics(found), "");
  ASSERT_EQ(found.sensors.size(), 2u);
  EXPECT_EQ(found.sensors[0].info.part, (Part{Domain::gpu, kFirstOld}));
  EXPECT_EQ(found.sensors[1].info.part, found.sensors[0].info.part);
  EXPECT_EQ(found.sensors[1].info.kind, SensorKind::gauge);
  EXPECT_EQ(found.sensors[1].source->read().value, 250'000'000u);
}

TEST_F(FakeRocm, TheNewerLibraryComesFirstAndTheOtherIsTheWayOut) {
  install_rocm_smi();
  const fs::path newer = install_amd_smi();
  ProbeResult found = probe();
  ASSERT_FALSE(found.sensors.empty());
  EXPECT_EQ(found.sensors[0].info.part.device, kFirst);
  found = {};  // and with it the library
  fs::remove(newer);
  install("fake_rocm_broken", "libamd_smi.so");
  found = probe();
  ASSERT_FALSE(found.sensors.empty()) << all_diagnostics(found);
  EXPECT_EQ(found.sensors[0].info.part.device, kFirstOld);
}

TEST_F(FakeRocm, PowerFromTheKernelsFileWhereTheLibraryHasNone) {
  install_amd_smi();
  write("sys/bus/pci/devices/0000:c1:00.0/hwmon/hwmon7/power1_input", "123000000\n");
  ProbeResult found = probe();
  ASSERT_EQ(found.sensors.size(), 2u);
  EXPECT_EQ(found.sensors[1].info.id, std::string("rocm/") + kFirst + "/power");
  EXPECT_EQ(found.sensors[1].source->read().value, 123'000'000u);
  write("sys/bus/pci/devices/0000:c1:00.0/hwmon/hwmon7/power1_average", "125000000\n");
  EXPECT_EQ(probe().sensors[1].source->read().value, 125'000'000u);
}

TEST_F(FakeRocm, StatesWhoMayUseIt) {
  install_amd_smi();
  write("sys/bus/pci/devices/0000:c1:00.0/drm/renderD130/dev", "226:130\n");
  const ProbeResult found = probe();
  ASSERT_EQ(found.utilizations.size(), 1u);
  const UtilizationInfo& info = found.utilizations[0].info;
  EXPECT_EQ(info.vendor, "AMD");
  EXPECT_EQ(info.device_nodes, std::vector<std::string>{"226:130"});
  ASSERT_EQ(info.visible.size(), 3u);
  EXPECT_EQ(info.visible[0].variable, "ROCR_VISIBLE_DEVICES");
  EXPECT_TRUE(info.visible[1].among_shown) << "HIP chooses among those";
}

TEST_F(FakeRocm, OfTwoDiesOneIsCounted) {
  set("GPUS", "4");
  set("NAME", "AMD Instinct MI250X");
  for (const char* second : {"zero", "same"}) {
    set("SECOND", second);
    for (const bool newer : {true, false}) {
      const fs::path library = newer ? install_amd_smi() : install_rocm_smi();
      ProbeResult found = probe();
      std::size_t counters = 0;
      for (const Sensor& sensor : found.sensors) counters += sensor.info.kind == SensorKind::counter;
      EXPECT_EQ(counters, 2u) << second << newer;
      EXPECT_EQ(found.diagnostics.size(), 2u) << all_diagnostics(found);
      EXPECT_EQ(found.diagnostics[0].where.substr(0, 4), "gpu1");
      for (const Sensor& sensor : found.sensors) EXPECT_NE(sensor.info.label.substr(0, 4), "gpu1");
      fs::remove(library);
    }
  }
}

TEST_F(FakeRocm, NeighboursOfOtherModelsMayBeAlike) {
  install_amd_smi();
  set("GPUS", "2");
  set("SECOND", "same");
  EXPECT_EQ(probe().sensors.size(), 2u) << "two boards since the same moment";
}

TEST_F(FakeRocm, PartitionsOfOneSocketAreOne) {
  set("GPUS", "8");
  set("PARTITIONS", "4");
  set("NAME", "AMD Instinct MI300X");
  for (const bool newer : {true, false}) {
    const fs::path library = newer ? install_amd_smi() : install_rocm_smi();
    ProbeResult found = probe();
    std::size_t counters = 0;
    for (const Sensor& sensor : found.sensors) counters += sensor.info.kind == SensorKind::counter;
    EXPECT_EQ(counters, 2u) << all_diagnostics(found);
    EXPECT_EQ(found.diagnostics.size(), 6u);
    EXPECT_NE(find_diagnostic(found, "shows the energy of gpu4"), nullptr);
    fs::remove(library);
  }
}

TEST_F(FakeRocm, AnApuIsTheModuleOfItsNumaNode) {
  install_rocm_smi();
  write("sys/bus/pci/devices/0000:c1:00.0/device", "0x74a0\n");
  write("sys/bus/pci/devices/0000:c1:00.0/numa_node", "3\n");
  ProbeResult found = probe();
  ASSERT_EQ(found.sensors.size(), 2u);
  for (const Sensor& sensor : found.sensors) EXPECT_EQ(sensor.info.part, (Part{Domain::module, "3"}));
}

TEST_F(FakeRocm, WithoutACounterPowerStays) {
  install_rocm_smi();
  set("NO_ENERGY", "0");
  ProbeResult found = probe();
  ASSERT_EQ(found.sensors.size(), 1u);
  EXPECT_EQ(found.sensors[0].info.kind, SensorKind::gauge);
  EXPECT_NE(find_diagnostic(found, "no energy counter: not supported"), nullptr);
  set("NO_POWER", "0");
  EXPECT_TRUE(probe().sensors.empty());
}

TEST_F(FakeRocm, SaysHowBusyItIs) {
  set("GPUS", "2");
  write("sys/bus/pci/devices/0000:c2:00.0/hwmon/hwmon7/power1_cap", "560000000\n");
  write("sys/module/amdgpu/version", "6.7.0\n");
  for (const bool newer : {true, false}) {
    const fs::path library = newer ? install_amd_smi() : install_rocm_smi();
    const ProbeResult found = probe();
    ASSERT_EQ(found.utilizations.size(), 2u);
    EXPECT_EQ(found.utilizations[0].info.part, found.sensors[0].info.part);
    EXPECT_EQ(found.utilizations[0].info.full, 100u);
    EXPECT_FALSE(found.utilizations[0].info.power_limit);
    EXPECT_EQ(found.utilizations[1].info.power_limit, watts(560));
    EXPECT_EQ(found.utilizations[1].info.indices, std::vector<unsigned>{1});
    EXPECT_EQ(found.utilizations[1].utilization->read().value, 50u);
    EXPECT_EQ(found.utilizations[1].processes, nullptr);
    ASSERT_EQ(found.software.size(), 1u);
    EXPECT_EQ(found.software[0].name + " " + found.software[0].version, "amdgpu driver 6.7.0");
    fs::remove(library);
  }
}

TEST_F(FakeRocm, APackageIsAsBusyAsItsDiesInTheMean) {
  install_amd_smi();
  set("GPUS", "4");
  set("NAME", "AMD Instinct MI250X");
  set("SECOND", "zero");
  ProbeResult found = probe();
  ASSERT_EQ(found.utilizations.size(), 2u);
  EXPECT_EQ(found.utilizations[1].info.indices, (std::vector<unsigned>{2, 3}));
  EXPECT_EQ(found.utilizations[1].info.full, 200u);
  EXPECT_EQ(found.utilizations[1].utilization->read().value, 60u + 70u);
  set("SECOND", "same");
  found = probe();
  ASSERT_EQ(found.utilizations.size(), 2u) << "a mirror too";
  EXPECT_EQ(found.utilizations[0].utilization->read().value, 40u + 50u);
  ::unsetenv("FAKE_ROCM_SECOND");
  set("NAME", "AMD Instinct MI300X");
  set("PARTITIONS", "4");
  found = probe();
  ASSERT_EQ(found.utilizations.size(), 1u);
  EXPECT_EQ(found.utilizations[0].utilization->read().value, 40u + 50 + 60 + 70);
}

TEST_F(FakeRocm, WhatDoesNotSayHowBusyItIsIsNot0Busy) {
  set("BUSY", "-1");
  install_amd_smi();
  ProbeResult found = probe();
  ASSERT_EQ(found.utilizations.size(), 1u);
  EXPECT_EQ(found.utilizations[0].utilization, nullptr) << "all bits set";
  set("BUSY", "40");
  found = probe();
  set("BUSY_STATUS", "10");
  const Reading denied = found.utilizations[0].utilization->read();
  EXPECT_FALSE(denied.ok);
  EXPECT_EQ(denied.error, ErrorKind::denied);
  set("BUSY_STATUS", "2");
  EXPECT_EQ(probe().utilizations[0].utilization, nullptr);
}

TEST_F(FakeRocm, ShutsDownWithItsLastSource) {
  for (const bool newer : {true, false}) {
    const fs::path path = newer ? install_amd_smi() : install_rocm_smi();
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr);
    const int& alive = *static_cast<int*>(::dlsym(library, "fake_rocm_alive"));
    {
      ProbeResult found = probe();
      ASSERT_FALSE(found.sensors.empty());
      EXPECT_EQ(alive, 1);
      EXPECT_TRUE(found.sensors[0].source->read().ok) << "when the host is gone";
    }
    EXPECT_EQ(alive, 0);
    ::dlclose(library);
    fs::remove(path);
  }
}

TEST_F(FakeRocm, ErrorsAtStart) {
  EXPECT_EQ(all_diagnostics(probe()), "") << "no library and no hardware";
  write("sys/class/kfd/kfd/topology/nodes/0/gpu_id", "0\n");
  EXPECT_EQ(all_diagnostics(probe()), "") << "a CPU's node";
  write("sys/class/kfd/kfd/topology/nodes/1/gpu_id", "51499\n");
  EXPECT_NE(find_diagnostic(probe(), "amd-smi-lib"), nullptr);
  const fs::path broken = install("fake_rocm_broken", "librocm_smi64.so");
  EXPECT_NE(find_diagnostic(probe(), "lacks a function"), nullptr);
  fs::remove(broken);
  install_amd_smi();
  set("INIT", "34");
  ProbeResult found = probe();
  EXPECT_TRUE(found.sensors.empty());
  EXPECT_NE(find_diagnostic(found, "amdgpu driver is not loaded"), nullptr) << all_diagnostics(found);
  set("INIT", "10");
  EXPECT_NE(find_diagnostic(probe(), "no permission"), nullptr);
  set("INIT", "16");
  EXPECT_NE(find_diagnostic(probe(), "AMD SMI status 16"), nullptr);
  set("INIT", "0");
  set("GPUS", "0");
  EXPECT_NE(find_diagnostic(probe(), "amd_smi: '0' GPUs"), nullptr);
}

TEST_F(FakeRocm, ErrorsOfReadsHaveTheirKind) {
  const std::pair<const char*, ErrorKind> cases[] = {
      {"2", ErrorKind::absent}, {"10", ErrorKind::denied}, {"30", ErrorKind::busy}, {"7", ErrorKind::failed}};
  install_amd_smi();
  for (const auto& [status, kind] : cases) {
    ::unsetenv("FAKE_ROCM_ENERGY_STATUS");
    ProbeResult found = probe();
    ASSERT_FALSE(found.sensors.empty());
    set("ENERGY_STATUS", status);
    Reading reading = found.sensors[0].source->read();
    if (reading.ok) reading = found.sensors[0].source->read();
    EXPECT_FALSE(reading.ok);
    EXPECT_EQ(reading.error, kind) << status;
  }
}

TEST(RocmTape, AnswersStandForTheLibrary) {
  const auto text = [](const char* lines) { return std::string("nodewatt-tape 1\n") + lines + "t\t0\n"; };
  const auto probe_of = [&](const std::string& answer) {
    auto tape = parse_tape(text(("ask\trocm:amd_smi\t1\nask\trocm:gpu0\t" + answer +
                                 "\nopen\t0\trocm:GPU-a/energy\nopen\t1\trocm:GPU-a/power\n")
                                    .c_str()));
    EXPECT_TRUE(tape);
    TapedHost host(std::move(*tape));
    return probe_rocm(host);
  };
  EXPECT_EQ(probe_of("id a\\nenergy ok\\ncounter 5\\nresolution 15.259\\npower ok\\n").sensors.size(), 2u);
  for (const char* resolution : {"0", "-1", "x", "1e9", "nan", ""}) {
    const ProbeResult found =
        probe_of(std::string("id a\\nenergy ok\\ncounter 5\\nresolution ") + resolution + "\\npower no\\n");
    EXPECT_TRUE(found.sensors.empty()) << resolution;
    EXPECT_NE(find_diagnostic(found, "resolution"), nullptr) << resolution;
  }
  EXPECT_NE(find_diagnostic(probe_of("id a\\nenergy ok\\ncounter 0\\nresolution 15.259\\npower ok\\n"), "reads 0"),
            nullptr);
  for (const char* count : {"x", "-1", "100000", "0"}) {
    auto tape = parse_tape(text((std::string("ask\trocm:amd_smi\t") + count + "\n").c_str()));
    TapedHost host(std::move(*tape));
    EXPECT_TRUE(probe_rocm(host).sensors.empty()) << count;
  }
}

}  // namespace
}  // namespace nw
