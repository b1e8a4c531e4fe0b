// A libnvidia-ml for a machine that plays: NVML's functions for power and energy, over the value files of `nodewatt-sim
// live` (live_view.h). Unmodified programs load it by its name. The tree is $NODEWATT_SIM_ROOT, or the one that this
// file lies in: <root>/usr/lib/<triplet>/libnvidia-ml.so.1.
//
// Names, types and return codes are those of NVIDIA's public NVML reference. A file that is not there means what the
// vendor's library calls not supported, one that may not be read no permission, anything else unknown.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {
constexpr int kSuccess = 0, kUninitialized = 1, kInvalid = 2, kNotSupported = 3, kNoPermission = 4, kTooSmall = 7,
              kDriverNotLoaded = 9, kUnknown = 999;
constexpr unsigned kMostGpus = 64, kPowerInstant = 186;

char root[PATH_MAX];
int alive = 0;
unsigned gpus = 0;
char handles[kMostGpus];  // a device is its place in here

void find_root() {
  const char* told = std::getenv("NODEWATT_SIM_ROOT");
  if (told != nullptr && *told != '\0') {
    std::snprintf(root, sizeof root, "%s", told);
    return;
  }
  Dl_info self{};
  if (::dladdr(handles, &self) == 0 || ::realpath(self.dli_fname, root) == nullptr) return;
  for (int up = 0; up < 4; ++up)  // the name, the triplet, lib, usr
    if (char* slash = std::strrchr(root, '/')) *slash = '\0';
}

int read_text(const char* file, char* out, std::size_t size) {
  char path[PATH_MAX + 64];
  std::snprintf(path, sizeof path, "%s/nvml/%s", root, file);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? kNotSupported : errno == EACCES ? kNoPermission : kUnknown;
  const auto got = ::read(fd, out, size - 1);
  ::close(fd);
  if (got < 0) return kUnknown;
  out[got] = '\0';
  if (char* end = std::strchr(out, '\n')) *end = '\0';
  return kSuccess;
}

int read_number(const char* file, unsigned long long* out) {
  char text[64];
  const int code = read_text(file, text, sizeof text);
  if (code != kSuccess) return code;
  char* end = nullptr;
  *out = std::strtoull(text, &end, 10);
  return end == text ? kUnknown : kSuccess;
}

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
  if (alive == 0) find_root();
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

int nvmlSystemGetDriverVersion(char* out, unsigned size) {
  return std::snprintf(out, size, "0.0-nodewatt-sim") < static_cast<int>(size) ? kSuccess : kTooSmall;
}
int nvmlSystemGetNVMLVersion(char* out, unsigned size) { return nvmlSystemGetDriverVersion(out, size); }

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
