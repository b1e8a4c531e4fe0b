// A libnvidia-ml for a simulated machine: NVML's functions for power and energy, over the value files of `nodewatt-sim
// live` (live_view.h). Unmodified programs load it by its name. The tree is $NODEWATT_SIM_ROOT, or the one that
// contains this file: <root>/usr/lib/<triplet>/libnvidia-ml.so.1.
//
// Names, types and return codes are those of NVIDIA's public NVML reference. A missing file is returned as not
// supported, one that may not be read as no permission, anything else as unknown.
#include <cstdio>
#include <cstring>

#include "sim/live/value_file.h"

namespace {
using namespace nw::sim;

constexpr int kSuccess = 0, kUninitialized = 1, kInvalid = 2, kNotSupported = 3, kNoPermission = 4, kTooSmall = 7,
              kDriverNotLoaded = 9, kUnknown = 999;  // kTooSmall: NVML_ERROR_INSUFFICIENT_SIZE
constexpr unsigned kMostGpus = 64, kPowerInstant = 186;

int alive = 0;
unsigned gpus = 0;
char handles[kMostGpus];  // a device is the index in here

int code_of(Answer answer) {
  switch (answer) {
    case Answer::said: return kSuccess;
    case Answer::absent: return kNotSupported;
    case Answer::denied: return kNoPermission;
    case Answer::failed: break;
  }
  return kUnknown;
}

int read_text(const char* file, char* out, std::size_t size) { return code_of(read_value("nvml", file, out, size)); }

int read_number(const char* file, unsigned long long* out) { return code_of(read_value("nvml", file, out)); }

// The index of a device, or -1.
int index_of(const void* device) {
  const auto* at = static_cast<const char*>(device);
  return alive > 0 && at >= handles && at < handles + gpus ? static_cast<int>(at - handles) : -1;
}

int device_text(const void* device, const char* key, char* out, std::size_t size) {
  const int index = index_of(device);
  if (index < 0) return alive > 0 ? kInvalid : kUninitialized;
  char file[64];
  std::snprintf(file, sizeof file, "%d/%s", index, key);
  return read_text(file, out, size);
}

int device_number(const void* device, const char* key, unsigned long long* out) {
  const int index = index_of(device);
  if (index < 0 || out == nullptr) return alive > 0 ? kInvalid : kUninitialized;
  char file[64];
  std::snprintf(file, sizeof file, "%d/%s", index, key);
  return read_number(file, out);
}

int device_number(const void* device, const char* key, unsigned* out) {
  unsigned long long wide = 0;
  const int code = device_number(device, key, &wide);
  if (code == kSuccess) *out = static_cast<unsigned>(wide);
  return code;
}

int copy(const void* device, const char* key, char* out, unsigned size) {
  char text[128];
  const int code = device_text(device, key, text, sizeof text);
  if (code != kSuccess) return code;
  if (std::strlen(text) >= size) return kTooSmall;
  std::snprintf(out, size, "%s", text);
  return kSuccess;
}
}  // namespace

extern "C" {

int nvmlInitWithFlags(unsigned) {
  if (alive == 0) find_root(handles);
  unsigned long long count = 0;
  if (read_number("count", &count) != kSuccess) return kDriverNotLoaded;
  gpus = count < kMostGpus ? static_cast<unsigned>(count) : kMostGpus;
  ++alive;
  return kSuccess;
}
int nvmlInit_v2() { return nvmlInitWithFlags(0); }
int nvmlInit() { return nvmlInitWithFlags(0); }
int nvmlShutdown() { return alive > 0 ? --alive, kSuccess : kUninitialized; }

const char* nvmlErrorString(int code) {
  switch (code) {
    case kSuccess: return "Success";
    case kUninitialized: return "Uninitialized";
    case kInvalid: return "Invalid Argument";
    case kNotSupported: return "Not Supported";
    case kNoPermission: return "Insufficient Permissions";
    case kTooSmall: return "Insufficient Size";
    case kDriverNotLoaded: return "Driver Not Loaded";
    default: return "Unknown Error";
  }
}

int nvmlSystemGetNVMLVersion(char* out, unsigned size) {
  return std::snprintf(out, size, "0.0-nodewatt-sim") < static_cast<int>(size) ? kSuccess : kTooSmall;
}
int nvmlSystemGetDriverVersion(char* out, unsigned size) {
  char text[96];
  if (read_text("driver", text, sizeof text) != kSuccess) return nvmlSystemGetNVMLVersion(out, size);
  return std::snprintf(out, size, "%s", text) < static_cast<int>(size) ? kSuccess : kTooSmall;
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  unsigned long long number = 0;
  const int code = read_number("cuda", &number);
  if (code == kSuccess) *version = static_cast<int>(number);
  return code;
}
int nvmlSystemGetCudaDriverVersion(int* version) { return nvmlSystemGetCudaDriverVersion_v2(version); }

int nvmlDeviceGetCount_v2(unsigned* count) {
  if (alive == 0) return kUninitialized;
  *count = gpus;
  return kSuccess;
}
int nvmlDeviceGetCount(unsigned* count) { return nvmlDeviceGetCount_v2(count); }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (alive == 0) return kUninitialized;
  if (index >= gpus) return kInvalid;
  *device = handles + index;
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex(unsigned index, void** device) { return nvmlDeviceGetHandleByIndex_v2(index, device); }

int nvmlDeviceGetIndex(void* device, unsigned* index) {
  if (index_of(device) < 0) return kInvalid;
  *index = static_cast<unsigned>(index_of(device));
  return kSuccess;
}
int nvmlDeviceGetUUID(void* device, char* out, unsigned size) { return copy(device, "uuid", out, size); }
int nvmlDeviceGetName(void* device, char* out, unsigned size) { return copy(device, "name", out, size); }

// nvmlPciInfo_t of version 3: 68 bytes, the bus's name at 0 in a short form and at 36 in the long one.
int nvmlDeviceGetPciInfo_v3(void* device, void* info) {
  char pci[32];
  if (const int code = device_text(device, "pci", pci, sizeof pci); code != kSuccess) return code;
  auto* bytes = static_cast<char*>(info);
  std::memset(bytes, 0, 68);
  unsigned place[3] = {};
  if (std::sscanf(pci, "%x:%x:%x", &place[0], &place[1], &place[2]) != 3) return kUnknown;
  std::snprintf(bytes, 16, "%04X:%02X:%02X.0", place[0] & 0xffff, place[1] & 0xff, place[2] & 0xff);
  std::memcpy(bytes + 16, place, sizeof place);
  std::snprintf(bytes + 36, 32, "%s", pci);
  return kSuccess;
}

int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* mw) { return device_number(device, "limit_mw", mw); }
int nvmlDeviceGetPowerManagementLimit(void* device, unsigned* mw) { return device_number(device, "limit_mw", mw); }
int nvmlDeviceGetPowerUsage(void* device, unsigned* mw) { return device_number(device, "power_mw", mw); }
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* mj) {
  return device_number(device, "energy_mj", mj);
}

// nvmlUtilization_t: percent of the GPU and of its memory; the latter is not simulated.
int nvmlDeviceGetUtilizationRates(void* device, unsigned* rates) {
  rates[1] = 0;
  return device_number(device, "busy_percent", rates);
}

// Only the number, for callers that ask for no more: simulated processes have no ids.
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, void* infos) {
  if (infos != nullptr) return kNotSupported;
  const int code = device_number(device, "processes", count);
  return code == kSuccess && *count > 0 ? kTooSmall : code;
}
int nvmlDeviceGetComputeRunningProcesses_v2(void* device, unsigned* count, void* infos) {
  return nvmlDeviceGetComputeRunningProcesses_v3(device, count, infos);
}
int nvmlDeviceGetComputeRunningProcesses(void* device, unsigned* count, void* infos) {
  return nvmlDeviceGetComputeRunningProcesses_v3(device, count, infos);
}

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  if (index_of(device) < 0) return kInvalid;
  return *current = *pending = 0, kSuccess;
}

// nvmlFieldValue_t: 40 bytes; the field at 0, type, result and value at 24, 28 and 32.
int nvmlDeviceGetFieldValues(void* device, int count, void* values) {
  if (index_of(device) < 0) return kInvalid;
  auto* bytes = static_cast<char*>(values);
  for (int i = 0; i < count; ++i, bytes += 40) {
    unsigned field = 0, mw = 0;
    std::memcpy(&field, bytes, sizeof field);
    const int result = field == kPowerInstant ? device_number(device, "power_mw", &mw) : kNotSupported;
    const unsigned type = 1;
    std::memcpy(bytes + 24, &type, sizeof type);
    std::memcpy(bytes + 28, &result, sizeof result);
    std::memcpy(bytes + 32, &mw, sizeof mw);
  }
  return kSuccess;
}

}  // extern "C"
