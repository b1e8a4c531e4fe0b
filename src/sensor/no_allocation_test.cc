// Reads happen inside other people's jobs: after the first sweep they allocate nothing. Counted over a root folder with
// RAPL, an ACPI power meter, a pretended libnvidia-ml and /proc, through the real host.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>

#include "sensor/reader.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

// The whole test program counts; only the sweeps below look.
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
  const fs::path built = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib/libfake_nvml.so";
  fs::create_directories(root / "usr/lib64");
  fs::copy_file(built, root / "usr/lib64/libnvidia-ml.so.1");
}

TEST(NoAllocation, ReadAllAfterTheFirstSweep) {
  char folder[] = "/tmp/nodewatt-reads-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const fs::path root = folder;
  make_tree(root);
  {
    const auto host = make_real_host(root.string());
    Survey survey = make_survey(*host);
    ASSERT_EQ(survey.sensors.size(), 8u) << "2 packages, a node, 2 of a GPU, 3 of the model";
    Reader reader(*host, std::move(survey.sensors));
    Sweep sweep;
    reader.read_all(sweep);
    const std::uint64_t before = allocations;
    for (int i = 0; i < 100; ++i) reader.read_all(sweep);
    EXPECT_EQ(allocations - before, 0u);
    for (const Sample& sample : sweep) EXPECT_EQ(sample.status, Status::ok);
  }
  fs::remove_all(root);
}

}  // namespace
}  // namespace nw
