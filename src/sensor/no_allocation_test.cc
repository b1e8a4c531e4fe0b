// Reads happen inside other people's jobs: after the first sample set they allocate nothing. Counted over a root folder
// with RAPL, an ACPI power meter, a Cray controller's files, pretended libraries of NVIDIA, AMD and Intel, and /proc,
// through the real host.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>

#include "base/root.h"
#include "sensor/reader.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

// The whole test program counts; only the sample sets below look.
void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace nw {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

void make_tree(const fs::path& root) {
  for (int socket = 0; socket < 2; ++socket) {
    const fs::path zone = root / ("sys/class/powercap/intel-rapl:" + std::to_string(socket));
    write(zone / "name", "package-" + std::to_string(socket) + "\n");
    write(zone / "max_energy_range_uj", "262143328850\n");
    write(zone / "energy_uj", "1000000\n");
  }
  write(root / "sys/class/hwmon/hwmon0/name", "power_meter\n");
  write(root / "sys/class/hwmon/hwmon0/device/power1_average", "300000000\n");
  write(root / "proc/cpuinfo", "processor : 0\nvendor_id : GenuineIntel\n");
  write(root / "proc/meminfo", "MemTotal: 16000000 kB\n");
  write(root / "proc/stat", "cpu  1 2 3 4 5 6 7 8 9 0\n");
  for (const char* file : {"energy", "cpu_energy", "accel0_energy"})
    write(root / "sys/cray/pm_counters" / file, "1000 J 1767225600000000 us\n");
  for (const char* file : {"freshness", "startup"}) write(root / "sys/cray/pm_counters" / file, "5\n");
  const fs::path built = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib";
  fs::create_directories(root / "usr/lib64");
  fs::copy_file(built / "libfake_nvml.so", root / "usr/lib64/libnvidia-ml.so.1");
  fs::copy_file(built / "libfake_rocm_smi.so", root / "usr/lib64/librocm_smi64.so");
  fs::copy_file(built / "libfake_level_zero.so", root / "usr/lib64/libze_loader.so.1");
}

// Of the processor's registers, on a machine without powercap.
void make_registers(const fs::path& root) {
  write(root / "proc/cpuinfo",
        "processor : 0\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 85\nmodel name : Xeon\n");
  write(root / "sys/devices/system/cpu/online", "0\n");
  write(root / "sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
  std::string registers(0x700, '\1');
  write(root / "dev/cpu/0/msr", registers);
}

TEST(NoAllocation, ReadAllAfterTheFirstSampleSet) {
  char folder[] = "/tmp/nodewatt-reads-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const fs::path root = folder;
  make_tree(root);
  {
    const auto host = make_real_host(Root{root.string(), true});
    Inventory inventory = make_inventory(*host);
    ASSERT_EQ(inventory.sensors.size(), 14u)
        << "2 packages, a node, 2 and 2 and 1 of GPUs, 3 of a controller, 3 of the model";
    Reader reader(*host, std::move(inventory.sensors));
    SampleSet sample_set;
    reader.read_all(sample_set);
    const std::uint64_t before = allocations;
    for (int i = 0; i < 100; ++i) reader.read_all(sample_set);
    EXPECT_EQ(allocations - before, 0u);
    for (const Sample& sample : sample_set) EXPECT_EQ(sample.status, Status::ok);

    ASSERT_EQ(inventory.utilizations.size(), 4u) << "a GPU of each maker, and the CPUs";
    UtilizationReader utilizations(*host, std::move(inventory.utilizations));
    std::vector<UtilizationSample> utilization_samples;
    utilizations.read_all(utilization_samples);
    const std::uint64_t glanced = allocations;
    for (int i = 0; i < 100; ++i) utilizations.read_all(utilization_samples);
    EXPECT_EQ(allocations - glanced, 0u);
    for (const UtilizationSample& utilization_sample : utilization_samples)
      EXPECT_TRUE(utilization_sample.utilization.ok);
  }
  fs::remove_all(root);
}

TEST(NoAllocation, Registers) {
  char folder[] = "/tmp/nodewatt-reads-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  make_registers(folder);
  {
    const auto host = make_real_host(folder);
    ProbeResult probe = probe_rapl_msr(*host);
    ASSERT_EQ(probe.sensors.size(), 2u) << "a package and its DRAM";
    const std::uint64_t before = allocations;
    for (int i = 0; i < 100; ++i)
      for (const Sensor& sensor : probe.sensors) EXPECT_EQ(sensor.source->read().value, 0x01010101u);
    EXPECT_EQ(allocations - before, 0u);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace nw
