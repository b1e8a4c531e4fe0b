// A fake libnvidia-ml: the functions that nodewatt calls, with the vendor's names and types, for GPUs that environment
// variables describe. For tests and for simulating a machine; a host finds it if its root contains it in a library
// folder.
//
//   FAKE_NVML_GPUS=4            how many GPUs (default 1)
//   FAKE_NVML_NAME=...          their name (default NVIDIA A100-SXM4-40GB)
//   FAKE_NVML_INIT=9            what nvmlInit_v2 returns
//   FAKE_NVML_NO_ENERGY=1       this GPU has no energy counter;   FAKE_NVML_NO_INSTANT=1  no instant power;
//   FAKE_NVML_NO_POWER=1        and none at all;            FAKE_NVML_MIG=0         this GPU is in MIG mode;
//   FAKE_NVML_LOST=2            this GPU cannot be opened
//   FAKE_NVML_WATTS=300         the power of each GPU; its energy advances with the clock at that power
//   FAKE_NVML_BUSY=40           how busy each is, percent;  FAKE_NVML_BUSY_CODE=4   what asking for it returns;
//   FAKE_NVML_PROCESSES=1       and how many processes compute on it; on GPU 0 one more draws
//   FAKE_NVML_PROCESSES_CODE=4  what asking for them returns
//   FAKE_NVML_CUDA=12040        the version of CUDA that the driver can run
//   FAKE_NVML_LIMITS=DIR        power limits (default 400 W, 100 to 500 W) may be set: gpu0 holds that of GPU 0 in mW,
//   sets
//                               every one that was set, a line each; what FAKE_NVML_SET_CODE=4 says is returned in its
//                               place
// Compiled with FAKE_NVML_OLD it lacks the energy counter, the fields, MIG, all of what a GPU says of its activity, and
// limits that can be set.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern "C" {
int fake_nvml_alive = 0;  // inits less shutdowns
}

namespace {
constexpr int kSuccess = 0, kInvalid = 2, kNotSupported = 3, kNoPermission = 4, kInsufficientSize = 7, kLost = 15;
constexpr unsigned kLimit = 400'000, kLeastLimit = 100'000, kMostLimit = 500'000;

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

// As the vendor's: with no room it says how many there are, and that they do not fit.
[[maybe_unused]] int list_processes(long n, unsigned* count, void* infos) {
  if (const long code = variable("FAKE_NVML_PROCESSES_CODE", 0); code != 0) return static_cast<int>(code);
  if (*count != 0 || infos != nullptr) std::abort();  // nobody knows which structure
  *count = static_cast<unsigned>(n);
  return n > 0 ? kInsufficientSize : kSuccess;
}

unsigned limit_of(int gpu) {
  const char* dir = std::getenv("FAKE_NVML_LIMITS");
  if (dir == nullptr) return kLimit;
  char path[4096];
  std::snprintf(path, sizeof path, "%s/gpu%d", dir, gpu);
  std::FILE* file = std::fopen(path, "re");
  unsigned mw = kLimit;
  if (file != nullptr && std::fscanf(file, "%u", &mw) != 1) mw = kLimit;
  if (file != nullptr) std::fclose(file);
  return mw;
}

[[maybe_unused]] int set_limit(int gpu, unsigned mw) {
  const char* dir = std::getenv("FAKE_NVML_LIMITS");
  if (const long code = variable("FAKE_NVML_SET_CODE", 0); code != 0) return static_cast<int>(code);
  if (dir == nullptr) return kNoPermission;
  if (mw < kLeastLimit || mw > kMostLimit) return kInvalid;
  char path[4096];
  std::snprintf(path, sizeof path, "%s/gpu%d", dir, gpu);
  if (std::FILE* file = std::fopen(path, "we")) std::fprintf(file, "%u\n", mw), std::fclose(file);
  std::snprintf(path, sizeof path, "%s/sets", dir);
  if (std::FILE* file = std::fopen(path, "ae")) std::fprintf(file, "gpu%d %u\n", gpu, mw), std::fclose(file);
  return kSuccess;
}

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

// No index: they need not go the same way.
int nvmlDeviceGetMinorNumber(void* device, unsigned* minor) {
  return *minor = 15 - static_cast<unsigned>(index_of(device)), kSuccess;
}

int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* mw) { return *mw = limit_of(index_of(device)), kSuccess; }

int nvmlDeviceGetPowerUsage(void* device, unsigned* mw) {
  if (is("FAKE_NVML_NO_POWER", device)) return kNotSupported;
  return *mw = static_cast<unsigned>(watts() * 1000), kSuccess;
}

#ifndef FAKE_NVML_OLD
int nvmlDeviceGetPowerManagementLimit(void* device, unsigned* mw) { return *mw = limit_of(index_of(device)), kSuccess; }
int nvmlDeviceGetPowerManagementDefaultLimit(void*, unsigned* mw) { return *mw = kLimit, kSuccess; }
int nvmlDeviceGetPowerManagementLimitConstraints(void*, unsigned* least_mw, unsigned* most_mw) {
  return *least_mw = kLeastLimit, *most_mw = kMostLimit, kSuccess;
}
int nvmlDeviceSetPowerManagementLimit(void* device, unsigned mw) { return set_limit(index_of(device), mw); }

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

int nvmlDeviceGetUtilizationRates(void* device, void* rates) {
  if (const long code = variable("FAKE_NVML_BUSY_CODE", 0); code != 0) return static_cast<int>(code);
  if (is("FAKE_NVML_MIG", device)) return kNotSupported;
  const unsigned percent[2] = {static_cast<unsigned>(variable("FAKE_NVML_BUSY", 40)), 5};
  std::memcpy(rates, percent, sizeof percent);
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void* infos) {
  return list_processes(variable("FAKE_NVML_PROCESSES", 1), count, infos);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void* device, unsigned* count, void* infos) {
  return index_of(device) == 0 ? list_processes(1, count, infos) : kNotSupported;
}

int nvmlSystemGetDriverVersion(char* version, unsigned size) { return copy(version, "550.54.15", size), kSuccess; }

int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  return *version = static_cast<int>(variable("FAKE_NVML_CUDA", 12'040)), kSuccess;
}
#endif

}  // extern "C"
