// A libamd_smi for a simulated machine: AMD SMI's functions for energy, over the value files of `nodewatt-sim live`
// (live_view.h), as nvml_library.cc is for NVML. Each device is a socket of its own with one processor, whose handle is
// its number plus one. Names, types and status codes are those of AMD's public amdsmi.h, versions 23 to 26.
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "sim/live/value_file.h"

namespace {
using namespace nw::sim;

constexpr int kSuccess = 0, kInvalid = 1, kNotSupported = 2, kNoPermission = 10, kNotInit = 32, kDriverNotLoaded = 34,
              kUnknown = -1;
constexpr unsigned kUuidSize = 38;

constexpr std::uint32_t kMostGpus = 64;

int alive = 0;
std::uint32_t gpus = 0;
char handles[kMostGpus];  // a device, and its socket, is the index in here

int code_of(Answer answer) {
  switch (answer) {
    case Answer::said: return kSuccess;
    case Answer::absent: return kNotSupported;
    case Answer::denied: return kNoPermission;
    case Answer::failed: break;
  }
  return kUnknown;
}

// <i>/<key> of a handle, "" for what is no handle.
struct File {
  char name[64] = "";
  File(const void* handle, const char* key) {
    const auto* at = static_cast<const char*>(handle);
    if (alive > 0 && at >= handles && at < handles + gpus)
      std::snprintf(name, sizeof name, "%d/%s", static_cast<int>(at - handles), key);
  }
  bool known() const { return name[0] != '\0'; }
};

int read_text(const void* handle, const char* key, char* out, std::size_t size) {
  const File file(handle, key);
  return file.known() ? code_of(read_value("rocm", file.name, out, size)) : alive > 0 ? kInvalid : kNotInit;
}
}  // namespace

extern "C" {

int amdsmi_init(std::uint64_t) {
  if (alive == 0) find_root(&alive);
  unsigned long long count = 0;
  if (read_value("rocm", "count", &count) != Answer::said) return kDriverNotLoaded;
  gpus = count < kMostGpus ? static_cast<std::uint32_t>(count) : kMostGpus;
  ++alive;
  return kSuccess;
}

int amdsmi_shut_down() { return alive > 0 ? --alive, kSuccess : kNotInit; }

int amdsmi_get_socket_handles(std::uint32_t* count, void** sockets) {
  if (alive == 0) return kNotInit;
  for (std::uint32_t i = 0; sockets != nullptr && i < *count && i < gpus; ++i) sockets[i] = handles + i;
  if (sockets == nullptr || *count > gpus) *count = gpus;
  return kSuccess;
}

int amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** processors) {
  if (!File(socket, "").known()) return kInvalid;
  if (processors != nullptr && *count > 0) processors[0] = socket;
  *count = 1;
  return kSuccess;
}

int amdsmi_get_gpu_device_uuid(void* handle, unsigned* length, char* uuid) {
  if (*length < kUuidSize) return kInvalid;
  *length = kUuidSize;
  return read_text(handle, "uuid", uuid, kUuidSize);
}

// Domain, bus, device and function as one number: 32, 8, 5 and 3 bits from bit 32, 8, 3 and 0 on.
int amdsmi_get_gpu_bdf_id(void* handle, std::uint64_t* id) {
  char text[64];
  if (const int code = read_text(handle, "pci", text, sizeof text); code != kSuccess) return code;
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (std::sscanf(text, "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4) return kUnknown;
  *id = std::uint64_t{domain} << 32 | std::uint64_t{bus} << 8 | std::uint64_t{device} << 3 | function;
  return kSuccess;
}

// The market name is the first member in every version; the others are left as they are.
int amdsmi_get_gpu_asic_info(void* handle, void* info) {
  return read_text(handle, "name", static_cast<char*>(info), 64);
}

// amdsmi_engine_usage_t: 64 bytes, percent of the graphics engine first; all bits set where there is no value.
int amdsmi_get_gpu_activity(void* handle, void* usage) {
  char text[64];
  if (const int code = read_text(handle, "busy_percent", text, sizeof text); code != kSuccess) return code;
  std::memset(usage, 0xff, 64);
  const auto percent = static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
  std::memcpy(usage, &percent, sizeof percent);
  return kSuccess;
}

int amdsmi_get_energy_count(void* handle, std::uint64_t* counter, float* resolution, std::uint64_t* ns) {
  char text[64];
  if (const int code = read_text(handle, "resolution_uj", text, sizeof text); code != kSuccess) return code;
  *resolution = std::strtof(text, nullptr);
  if (const int code = read_text(handle, "energy_counts", text, sizeof text); code != kSuccess) return code;
  *counter = std::strtoull(text, nullptr, 10);
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  *ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
  return kSuccess;
}

}  // extern "C"
