// A libnvidia-ml that pretends: the functions that nodewatt calls, with the vendor's names and types, over GPUs that
// are told to it by environment variables. For tests and for playing a machine; it is found by a host whose root holds
// it in a library folder.
//
//   FAKE_NVML_GPUS=4            how many GPUs (default 1)
//   FAKE_NVML_NAME=...          their name (default NVIDIA A100-SXM4-40GB)
//   FAKE_NVML_INIT=9            what nvmlInit_v2 returns
//   FAKE_NVML_NO_ENERGY=1       this GPU has no energy counter;   FAKE_NVML_NO_INSTANT=1  no instant power;
//   FAKE_NVML_NO_POWER=1 FAKE_NVML_MIG=0             this GPU is in MIG mode FAKE_NVML_LOST=2            this GPU
//   cannot be opened FAKE_NVML_WATTS=300         the power of each GPU; its energy advances with the clock at that
//   power
// Compiled with FAKE_NVML_OLD it lacks the energy counter, the fields and MIG, as a library of 2016 does.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern "C" {
int fake_nvml_alive = 0;  // inits less shutdowns
}

namespace {
constexpr int kSuccess = 0, kInvalid = 2, kNotSupported = 3, kLost = 15;

long variable(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtol(text, nullptr, 10) : otherwise;
}

struct Gpu {
  int index;
};
Gpu gpus[16];

int index_of(void* device) { return static_cast<Gpu*>(device)->index; }
bool is(const char* name, void* device) { return variable(name, -1) == index_of(device); }

long watts() { return variable("FAKE_NVML_WATTS", 300); }

void copy(char* to, const char* from, unsigned size) { std::snprintf(to, size, "%s", from); }
}  // namespace

extern "C" {

int nvmlInit_v2() {
  const int code = static_cast<int>(variable("FAKE_NVML_INIT", 0));
  if (code == kSuccess) ++fake_nvml_alive;
  return code;
}

int nvmlShutdown() { return --fake_nvml_alive, kSuccess; }

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(variable("FAKE_NVML_GPUS", 1));
  return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= 16) return kInvalid;
  if (variable("FAKE_NVML_LOST", -1) == static_cast<long>(index)) return kLost;
  gpus[index].index = static_cast<int>(index);
  *device = &gpus[index];
  return kSuccess;
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned size) {
  char text[64];
  std::snprintf(text, sizeof text, "GPU-00000000-0000-4000-8000-%012d", index_of(device) + 1);
  return copy(uuid, text, size), kSuccess;
}

int nvmlDeviceGetName(void*, char* name, unsigned size) {
  const char* text = std::getenv("FAKE_NVML_NAME");
  return copy(name, text != nullptr ? text : "NVIDIA A100-SXM4-40GB", size), kSuccess;
}

int nvmlDeviceGetPciInfo_v3(void* device, void* info) {
  auto* bytes = static_cast<char*>(info);
  std::memset(bytes, 0, 68);
  std::snprintf(bytes + 36, 32, "00000000:%02X:00.0", 7 + 8 * index_of(device));
  return kSuccess;
}

int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* mw) { return *mw = 400'000, kSuccess; }

int nvmlDeviceGetPowerUsage(void* device, unsigned* mw) {
  if (is("FAKE_NVML_NO_POWER", device)) return kNotSupported;
  return *mw = static_cast<unsigned>(watts() * 1000), kSuccess;
}

#ifndef FAKE_NVML_OLD
int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *current = *pending = is("FAKE_NVML_MIG", device) ? 1 : 0;
  return kSuccess;
}

int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* mj) {
  if (is("FAKE_NVML_NO_ENERGY", device)) return kNotSupported;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto ms =
      static_cast<unsigned long long>(now.tv_sec) * 1000 + static_cast<unsigned long long>(now.tv_nsec) / 1'000'000;
  *mj = ms / 100 * 100 * static_cast<unsigned long long>(watts());  // a new value every 100 ms
  return kSuccess;
}

int nvmlDeviceGetFieldValues(void* device, int count, void* values) {
  auto* bytes = static_cast<char*>(values);
  for (int i = 0; i < count; ++i, bytes += 40) {
    unsigned field = 0;
    std::memcpy(&field, bytes, sizeof field);
    const int result = field == 186 && !is("FAKE_NVML_NO_INSTANT", device) ? kSuccess : kNotSupported;
    const unsigned type = 1;
    const auto mw = static_cast<unsigned>(watts() * 1000 + 1);
    std::memcpy(bytes + 24, &type, sizeof type);
    std::memcpy(bytes + 28, &result, sizeof result);
    std::memcpy(bytes + 32, &mw, sizeof mw);
  }
  return kSuccess;
}
#endif

}  // extern "C"
