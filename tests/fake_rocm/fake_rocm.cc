// Fakes of AMD's libamd_smi (FAKE_AMD_SMI) and librocm_smi64 (FAKE_ROCM_SMI): the functions that nodewatt calls, with
// the vendor's names and types, for GPUs that environment variables describe. For tests and for simulating a machine; a
// host finds one if its root contains it in a library folder. Compiled with neither it has only amdsmi_init and
// rsmi_init.
//
//   FAKE_ROCM_GPUS=4          how many devices (default 1)
//   FAKE_ROCM_NAME=...        their name (default AMD Instinct MI210)
//   FAKE_ROCM_INIT=8          what init returns
//   FAKE_ROCM_SECOND=zero     every second device reads 0; "same": it reads what the one before it reads
//   FAKE_ROCM_PARTITIONS=4    so many devices share one PCI device and one socket
//   FAKE_ROCM_NO_ENERGY=1     this device has no counter;   FAKE_ROCM_NO_POWER=1  no power;
//   FAKE_ROCM_ENERGY_STATUS=30  what reading energy returns once the device was described
//   FAKE_ROCM_WATTS=300       the power of each; energy advances with the clock at that power
//   FAKE_ROCM_BUSY=40         how busy the first is, percent; each other is 10 busier than the one before it
//   FAKE_ROCM_BUSY_STATUS=2   what asking for it returns
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

extern "C" {
int fake_rocm_alive = 0;  // inits less shutdowns
}

namespace {
constexpr int kSuccess = 0, kInvalid = 1, kNotSupported = 2;
constexpr float kResolution = 15.259F;

[[maybe_unused]] long variable(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtol(text, nullptr, 10) : otherwise;
}
[[maybe_unused]] std::string word(const char* name, const char* otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? text : otherwise;
}
int start() {
  const int code = static_cast<int>(variable("FAKE_ROCM_INIT", 0));
  if (code == kSuccess) ++fake_rocm_alive;
  return code;
}

[[maybe_unused]] long gpus() { return variable("FAKE_ROCM_GPUS", 1); }
[[maybe_unused]] long partitions() { return variable("FAKE_ROCM_PARTITIONS", 1); }
[[maybe_unused]] long board_of(long gpu) { return gpu / partitions(); }

[[maybe_unused]] std::uint64_t bdf_id(long gpu) {
  return static_cast<std::uint64_t>(0xc1 + board_of(gpu)) << 8 | static_cast<std::uint64_t>(gpu % partitions());
}

int asked = 0;

[[maybe_unused]] int energy(long gpu, std::uint64_t* counter, float* resolution, std::uint64_t* ns) {
  if (counter == nullptr || resolution == nullptr || ns == nullptr) return kInvalid;
  if (variable("FAKE_ROCM_NO_ENERGY", -1) == gpu) return kNotSupported;
  if (++asked > gpus() && variable("FAKE_ROCM_ENERGY_STATUS", 0) != 0)
    return static_cast<int>(variable("FAKE_ROCM_ENERGY_STATUS", 0));
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  *ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
  *resolution = kResolution;
  const std::string second = word("FAKE_ROCM_SECOND", "");
  const long package = second.empty() ? board_of(gpu) : gpu / 2;
  const double joules = 1e6 * static_cast<double>(package + 1) +
                        static_cast<double>(*ns) * 1e-9 * static_cast<double>(variable("FAKE_ROCM_WATTS", 300));
  *counter = second == "zero" && gpu % 2 == 1 ? 0 : static_cast<std::uint64_t>(joules * 1e6 / kResolution);
  return kSuccess;
}

[[maybe_unused]] int power(long gpu, std::uint64_t* uw) {
  if (variable("FAKE_ROCM_NO_POWER", -1) == gpu) return kNotSupported;
  return *uw = static_cast<std::uint64_t>(variable("FAKE_ROCM_WATTS", 300)) * 1'000'000, kSuccess;
}
[[maybe_unused]] int busy(long gpu, std::uint32_t* percent) {
  if (const long status = variable("FAKE_ROCM_BUSY_STATUS", 0); status != 0) return static_cast<int>(status);
  return *percent = static_cast<std::uint32_t>(variable("FAKE_ROCM_BUSY", 40) + 10 * gpu), kSuccess;
}
}  // namespace

extern "C" {

int amdsmi_init(std::uint64_t flags) { return flags == 2 ? start() : kInvalid; }
int rsmi_init(std::uint64_t) { return start(); }

#ifdef FAKE_AMD_SMI
int amdsmi_shut_down() { return --fake_rocm_alive, kSuccess; }

int amdsmi_get_socket_handles(std::uint32_t* count, void** handles) {
  const auto boards = static_cast<std::uint32_t>((gpus() + partitions() - 1) / partitions());
  for (std::uint32_t i = 0; handles != nullptr && i < *count && i < boards; ++i)
    handles[i] = reinterpret_cast<void*>(static_cast<std::uintptr_t>(i + 1));
  return *count = boards, kSuccess;
}

int amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** handles) {
  const long first = (static_cast<long>(reinterpret_cast<std::uintptr_t>(socket)) - 1) * partitions();
  std::uint32_t n = 0;
  for (long gpu = first; gpu < first + partitions() && gpu < gpus(); ++gpu, ++n)
    if (handles != nullptr && n < *count) handles[n] = reinterpret_cast<void*>(static_cast<std::uintptr_t>(gpu + 1));
  return *count = n, kSuccess;
}

static long gpu_of(void* handle) { return static_cast<long>(reinterpret_cast<std::uintptr_t>(handle)) - 1; }

int amdsmi_get_gpu_device_uuid(void* handle, unsigned* length, char* uuid) {
  if (*length < 38) return kInvalid;
  std::snprintf(uuid, 38, "%08x-0000-1000-8000-000000000000", static_cast<unsigned>(gpu_of(handle) + 1));
  return *length = 38, kSuccess;
}

int amdsmi_get_gpu_bdf_id(void* handle, std::uint64_t* id) { return *id = bdf_id(gpu_of(handle)), kSuccess; }

// As in version 26: the name first, and a kilobyte of other things.
int amdsmi_get_gpu_asic_info(void*, void* info) {
  std::memset(info, 0x7f, 1024);
  std::snprintf(static_cast<char*>(info), 256, "%s", word("FAKE_ROCM_NAME", "AMD Instinct MI210").c_str());
  return kSuccess;
}

// 64 bytes, of which the first four are ours.
int amdsmi_get_gpu_activity(void* handle, void* usage) {
  std::memset(usage, 0xff, 64);
  return busy(gpu_of(handle), static_cast<std::uint32_t*>(usage));
}

int amdsmi_get_energy_count(void* handle, std::uint64_t* counter, float* resolution, std::uint64_t* ns) {
  return energy(gpu_of(handle), counter, resolution, ns);
}
#endif

#ifdef FAKE_ROCM_SMI
int rsmi_shut_down() { return --fake_rocm_alive, kSuccess; }

int rsmi_num_monitor_devices(std::uint32_t* count) { return *count = static_cast<std::uint32_t>(gpus()), kSuccess; }

int rsmi_dev_name_get(std::uint32_t, char* name, std::size_t size) {
  std::snprintf(name, size, "%s", word("FAKE_ROCM_NAME", "AMD Instinct MI210").c_str());
  return kSuccess;
}

int rsmi_dev_unique_id_get(std::uint32_t gpu, std::uint64_t* id) { return *id = 0xabc0000000000001 + gpu, kSuccess; }

int rsmi_dev_pci_id_get(std::uint32_t gpu, std::uint64_t* id) { return *id = bdf_id(gpu), kSuccess; }

int rsmi_dev_energy_count_get(std::uint32_t gpu, std::uint64_t* counter, float* resolution, std::uint64_t* ns) {
  return energy(gpu, counter, resolution, ns);
}

int rsmi_dev_power_get(std::uint32_t gpu, std::uint64_t* uw, int* kind) { return *kind = 1, power(gpu, uw); }

int rsmi_dev_busy_percent_get(std::uint32_t gpu, std::uint32_t* percent) { return busy(gpu, percent); }

int rsmi_dev_power_ave_get(std::uint32_t gpu, std::uint32_t, std::uint64_t* uw) { return power(gpu, uw); }
#endif

}  // extern "C"
