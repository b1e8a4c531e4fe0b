// A libnvidia-ml for a simulated machine: NVML's functions for power and energy, over the value files of `nodewatt-sim
// live` (live_view.h). Unmodified programs load it by its name. The tree is $NODEWATT_SIM_ROOT, or the one that
// contains this file: <root>/usr/lib/<triplet>/libnvidia-ml.so.1.
#include "sim/live/nvml_state.h"

namespace {
using namespace nw::sim;
using namespace nw::sim::nvml;

constexpr unsigned kPowerInstant = 186;
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
    case kNotFound: return "Not Found";
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

// A device by its UUID or PCI address.
static int find_device(const char* key, const char* wanted, void** device) {
  if (alive == 0) return kUninitialized;
  char text[128];
  for (unsigned n = 0; n < gpus; ++n)
    if (device_text(handles + n, key, text, sizeof text) == kSuccess && ::strcasecmp(text, wanted) == 0)
      return *device = handles + n, kSuccess;
  return kNotFound;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) { return find_device("uuid", uuid, device); }
int nvmlDeviceGetHandleByPciBusId_v2(const char* pci, void** device) { return find_device("pci", pci, device); }

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

int nvmlDeviceGetPowerUsage(void* device, unsigned* mw) { return device_number(device, "power_mw", mw); }
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* mj) {
  return device_number(device, "energy_mj", mj);
}

// nvmlUtilization_t: percent of the GPU and of its memory; the latter is not simulated.
int nvmlDeviceGetUtilizationRates(void* device, unsigned* rates) {
  rates[1] = 0;
  return device_number(device, "busy_percent", rates);
}

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  if (index_of(device) < 0) return kInvalid;
  return *current = *pending = 0, kSuccess;
}

// nvmlFieldValue_t: 40 bytes; the field and its scope at 0 and 4, type, result and value at 24, 28 and 32.
int nvmlDeviceGetFieldValues(void* device, int count, void* values) {
  if (index_of(device) < 0) return kInvalid;
  auto* bytes = static_cast<char*>(values);
  for (int i = 0; i < count; ++i, bytes += 40) {
    unsigned field = 0, scope = 0, mw = 0;  // scope 0: the whole GPU
    std::memcpy(&field, bytes, sizeof field);
    std::memcpy(&scope, bytes + 4, sizeof scope);
    const int result = field == kPowerInstant && scope == 0 ? device_number(device, "power_mw", &mw) : kNotSupported;
    const unsigned type = 1;
    std::memcpy(bytes + 24, &type, sizeof type);
    std::memcpy(bytes + 28, &result, sizeof result);
    std::memcpy(bytes + 32, &mw, sizeof mw);
  }
  return kSuccess;
}

}  // extern "C"
