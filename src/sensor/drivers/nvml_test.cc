// The driver against a fake libnvidia-ml that is really opened by dlopen, and against answers from a tape.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/host_tape.h"
#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

namespace fs = std::filesystem;

// A root folder whose only content is the library; NVML's variables are cleared with it.
class FakeNvml : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/nodewatt-nvml-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    root_ = folder;
  }
  void TearDown() override {
    for (const char* name : {"GPUS", "NAME", "INIT", "NO_ENERGY", "NO_INSTANT", "NO_POWER", "MIG", "LOST", "WATTS",
                             "BUSY", "BUSY_CODE", "PROCESSES", "PROCESSES_CODE", "CUDA"})
      ::unsetenv((std::string("FAKE_NVML_") + name).c_str());
    fs::remove_all(root_);
  }

  void install(const std::string& library) {
    const fs::path built =
        fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / ("lib" + library + ".so");
    ASSERT_TRUE(fs::exists(built)) << built << ": build the target " << library;
    const fs::path folder = root_ / "usr/lib/x86_64-linux-gnu";
    fs::create_directories(folder);
    fs::copy_file(built, folder / "libnvidia-ml.so.1");
    library_ = folder / "libnvidia-ml.so.1";
  }
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    FILE* file = std::fopen((root_ / path).c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  static void set(const char* name, const char* value) {
    ::setenv((std::string("FAKE_NVML_") + name).c_str(), value, 1);
  }
  std::unique_ptr<Host> host() const { return make_real_host(Root{root_.string(), true}); }

  fs::path root_, library_;
};

constexpr const char* kFirst = "GPU-00000000-0000-4000-8000-000000000001";
std::string id(int gpu, const char* what) {
  return "nvml/GPU-00000000-0000-4000-8000-00000000000" + std::to_string(gpu + 1) + "/" + what;
}

TEST_F(FakeNvml, TwoSensorsAGpuUnderItsUuid) {
  install("fake_nvml");
  set("GPUS", "4");
  set("WATTS", "250");
  const auto machine = host();
  ProbeResult probe = probe_nvml(*machine);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 8u);
  Sensor* energy = find_sensor(probe, id(0, "energy"));
  Sensor* power = find_sensor(probe, id(0, "power"));
  ASSERT_TRUE(energy != nullptr && power != nullptr);
  EXPECT_EQ(energy->info.part, (Part{Domain::gpu, kFirst}));
  EXPECT_EQ(energy->info.label, "gpu0 NVIDIA A100-SXM4-40GB 0000:07:00.0");
  EXPECT_EQ(energy->info.kind, SensorKind::counter);
  EXPECT_EQ(energy->info.max_power, watts(800));
  EXPECT_EQ(energy->info.offset, Watts::of(2'500'000));
  EXPECT_EQ(unit_of(*energy), 1000);
  EXPECT_EQ(power->info.kind, SensorKind::gauge);
  EXPECT_EQ(power->info.averaging_window.value, millis(25));
  EXPECT_EQ(power->source->read().value, 250'001u) << "the instant field, told by its odd milliwatt";
  EXPECT_TRUE(energy->source->read().ok);
}

TEST_F(FakeNvml, ShutsDownWithItsLastSource) {
  install("fake_nvml");
  void* library = ::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr);
  const int& alive = *static_cast<int*>(::dlsym(library, "fake_nvml_alive"));
  {
    const auto machine = host();
    ProbeResult probe = probe_nvml(*machine);
    ASSERT_EQ(probe.sensors.size(), 2u);
    probe.sensors.pop_back();
    EXPECT_EQ(alive, 1);
    EXPECT_TRUE(probe.sensors[0].source->read().ok);
  }
  EXPECT_EQ(alive, 0);
  ::dlclose(library);
}

TEST_F(FakeNvml, WhatOneGpuLacksTheOthersKeep) {
  install("fake_nvml");
  set("GPUS", "4");
  set("NO_ENERGY", "1");
  set("NO_INSTANT", "2");
  set("LOST", "3");
  set("MIG", "0");
  const auto machine = host();
  ProbeResult probe = probe_nvml(*machine);
  EXPECT_EQ(find_sensor(probe, id(1, "energy")), nullptr);
  EXPECT_NE(find_sensor(probe, id(1, "power")), nullptr);
  EXPECT_NE(find_diagnostic(probe, "gpu1 NVIDIA A100-SXM4-40GB 0000:0f:00.0"), nullptr) << all_diagnostics(probe);
  EXPECT_NE(find_diagnostic(probe, "gpu3"), nullptr);
  EXPECT_EQ(find_sensor(probe, id(2, "power"))->info.source, "NVML power (default)");
  EXPECT_EQ(find_sensor(probe, id(2, "power"))->source->read().value, 300'000u);
  EXPECT_NE(find_sensor(probe, id(0, "energy"))->info.label.find("MIG: the whole board"), std::string::npos);
}

TEST_F(FakeNvml, LibraryOf2016HasPowerAlone) {
  install("fake_nvml_old");
  set("NAME", "Tesla P100-PCIE-16GB");
  const auto machine = host();
  ProbeResult probe = probe_nvml(*machine);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].info.averaging_window.value, millis(10));
  EXPECT_NE(find_diagnostic(probe, "no such function"), nullptr);
}

TEST_F(FakeNvml, SaysHowBusyItIsAndWhoHoldsIt) {
  install("fake_nvml");
  set("GPUS", "2");
  const auto machine = host();
  const ProbeResult probe = probe_nvml(*machine);
  ASSERT_EQ(probe.utilizations.size(), 2u);
  const Utilization& first = probe.utilizations[0];
  EXPECT_EQ(first.info.id, id(0, "activity"));
  EXPECT_EQ(first.info.part, (Part{Domain::gpu, kFirst})) << "as on its sensors";
  EXPECT_EQ(first.info.kind, UtilizationKind::share);
  EXPECT_EQ(first.info.full, 100u);
  EXPECT_EQ(first.info.power_limit, watts(400));
  EXPECT_EQ(first.info.model, "NVIDIA A100-SXM4-40GB");
  EXPECT_EQ(probe.utilizations[1].info.indices, std::vector<unsigned>{1});
  EXPECT_EQ(probe.utilizations[1].info.vendor, "NVIDIA");
  EXPECT_EQ(probe.utilizations[1].info.device_nodes, std::vector<std::string>{"195:14"}) << "of its minor number";
  ASSERT_EQ(first.info.visible.size(), 2u);
  EXPECT_EQ(first.info.visible[0].variable, "CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(first.utilization->read().value, 40u);
  EXPECT_EQ(first.processes->read().value, 2u) << "one that computes and one that draws";
  EXPECT_EQ(probe.utilizations[1].processes->read().value, 1u) << "a GPU that cannot draw";
  set("PROCESSES", "0");
  EXPECT_TRUE(probe.utilizations[1].processes->read().ok);
  EXPECT_EQ(probe.utilizations[1].processes->read().value, 0u);
  ASSERT_EQ(probe.software.size(), 2u);
  EXPECT_EQ(probe.software[0].name + " " + probe.software[0].version, "NVIDIA driver 550.54.15");
  EXPECT_EQ(probe.software[1].name + " " + probe.software[1].version, "CUDA driver 12.4");
}

TEST_F(FakeNvml, WhatIsNotSaidOfItsUtilizationIsAbsentAndNever0) {
  install("fake_nvml");
  set("MIG", "0");
  set("GPUS", "2");
  const auto machine = host();
  ProbeResult probe = probe_nvml(*machine);
  EXPECT_EQ(probe.utilizations[0].utilization, nullptr) << "MIG";
  EXPECT_NE(probe.utilizations[0].processes, nullptr);
  EXPECT_NE(probe.utilizations[1].utilization, nullptr);
  EXPECT_EQ(all_diagnostics(probe), "") << "nothing to fix";
  set("BUSY_CODE", "4");
  set("PROCESSES_CODE", "3");
  const Reading denied = probe.utilizations[1].utilization->read();
  EXPECT_FALSE(denied.ok);
  EXPECT_EQ(denied.error, ErrorKind::denied);
  set("CUDA", "-1");
  probe = probe_nvml(*machine);
  EXPECT_EQ(probe.utilizations[1].utilization, nullptr);
  EXPECT_EQ(probe.utilizations[1].processes, nullptr);
  EXPECT_EQ(probe.utilizations[1].info.power_limit, watts(400)) << "which is known all the same";
  EXPECT_NE(find_diagnostic(probe, "does not say how busy it is: no permission"), nullptr) << all_diagnostics(probe);
  EXPECT_EQ(probe.software.size(), 1u) << "no version of CUDA is -1";
}

TEST_F(FakeNvml, LibraryWithoutUtilization) {
  install("fake_nvml_old");
  const auto machine = host();
  const ProbeResult probe = probe_nvml(*machine);
  ASSERT_EQ(probe.utilizations.size(), 1u);
  EXPECT_EQ(probe.utilizations[0].utilization, nullptr);
  EXPECT_EQ(probe.utilizations[0].processes, nullptr);
  EXPECT_TRUE(probe.software.empty());
}

TEST_F(FakeNvml, GraceHopperCountsItsModule) {
  install("fake_nvml");
  set("NAME", "NVIDIA GH200 480GB");
  const auto machine = host();
  ProbeResult probe = probe_nvml(*machine);
  EXPECT_EQ(find_sensor(probe, id(0, "energy")), nullptr);
  EXPECT_NE(find_diagnostic(probe, "which one cannot be read"), nullptr);
  write("sys/bus/pci/devices/0000:07:00.0/numa_node", "0\n");
  probe = probe_nvml(*machine);
  EXPECT_EQ(find_sensor(probe, id(0, "energy"))->info.part, (Part{Domain::module, "0"}));
  EXPECT_EQ(find_sensor(probe, id(0, "power"))->info.part, (Part{Domain::gpu, kFirst}));
  set("NAME", "NVIDIA GB10");
  probe = probe_nvml(*machine);
  EXPECT_EQ(find_sensor(probe, id(0, "energy")), nullptr);
  EXPECT_NE(find_diagnostic(probe, "is not known"), nullptr);
}

TEST_F(FakeNvml, NoGpuIsNoDiagnosticAndAGpuWithoutLibraryIs) {
  const auto machine = host();
  EXPECT_EQ(all_diagnostics(probe_nvml(*machine)), "");
  write("sys/bus/pci/devices/0000:07:00.0/vendor", "0x10de\n");
  write("sys/bus/pci/devices/0000:07:00.0/class", "0x030200\n");
  EXPECT_NE(find_diagnostic(probe_nvml(*machine), "libnvidia-ml1"), nullptr);
}

TEST_F(FakeNvml, DriverThatDoesNotAnswer) {
  install("fake_nvml");
  set("INIT", "9");
  const auto machine = host();
  EXPECT_EQ(all_diagnostics(probe_nvml(*machine)), "") << "a GPU node's image on a CPU node";
  write("proc/driver/nvidia/version", "NVRM\n");
  EXPECT_NE(find_diagnostic(probe_nvml(*machine), "modprobe nvidia"), nullptr);
  set("INIT", "18");
  EXPECT_NE(find_diagnostic(probe_nvml(*machine), "different versions"), nullptr);
}

TEST_F(FakeNvml, FileThatIsNoLibrary) {
  write("usr/lib/libnvidia-ml.so.1", "not an ELF file");
  write("proc/driver/nvidia/version", "NVRM\n");
  const auto machine = host();
  EXPECT_NE(find_diagnostic(probe_nvml(*machine), "libnvidia-ml"), nullptr);
}

TEST(Nvml, AnswersFromATapeNeedNoLibrary) {
  const std::string start = "nodewatt-tape 1\nask\tnvml:library\tok\nask\tnvml:init\tok\n";
  const auto probe_of = [&](const std::string& rest) {
    TapedHost host(*parse_tape(start + rest));
    return probe_nvml(host);
  };
  ProbeResult probe = probe_of(
      "ask\tnvml:count\t1\nask\tnvml:gpu0\tuuid GPU-1\\nname NVIDIA H100 PCIe\\nlimit_mw 0\\nenergy ok\\ninstant "
      "no\\npower ok\\n\n"
      "open\t0\tnvml:GPU-1/energy\nopen\t1\tnvml:GPU-1/power\nt\t0\n=\t0\t5\n=\t1\t7\n");
  ASSERT_EQ(probe.sensors.size(), 2u) << all_diagnostics(probe);
  EXPECT_EQ(probe.sensors[0].source->read().value, 5u);
  EXPECT_EQ(probe.sensors[0].info.max_power, watts(2000));
  EXPECT_EQ(probe.sensors[1].info.averaging_window.value, seconds(1));
  EXPECT_EQ(probe.sensors[1].info.offset, Watts::of(2'500'000));
  ASSERT_EQ(probe.utilizations.size(), 1u) << "of a tape that is older than activities";
  EXPECT_EQ(probe.utilizations[0].utilization, nullptr);
  EXPECT_FALSE(probe.utilizations[0].info.power_limit) << "0 is no limit";
  EXPECT_TRUE(probe.software.empty());
  const ProbeResult geforce = probe_of(
      "ask\tnvml:count\t1\nask\tnvml:gpu0\tuuid GPU-1\\nname NVIDIA GeForce RTX 4090\\nlimit_mw 0\\nenergy "
      "no\\ninstant no\\npower ok\\n\nopen\t0\tnvml:GPU-1/power\nt\t0\n=\t0\t7\n");
  ASSERT_EQ(geforce.sensors.size(), 1u);
  EXPECT_EQ(geforce.sensors[0].info.offset, watts(8));
  for (const char* bad :
       {"", "ask\tnvml:count\t-1\n", "ask\tnvml:count\t999999\n", "ask\tnvml:count\t1\n",
        "ask\tnvml:count\t1\nask\tnvml:gpu0\t\n", "ask\tnvml:count\t1\nask\tnvml:gpu0\tuuid ../../x\n",
        "ask\tnvml:count\t1\nask\tnvml:gpu0\tuuid GPU-1\\nenergy ok\n"}) {
    probe = probe_of(bad);
    EXPECT_TRUE(probe.sensors.empty()) << bad;
    EXPECT_FALSE(probe.diagnostics.empty()) << bad;
  }
}

}  // namespace
}  // namespace nw
