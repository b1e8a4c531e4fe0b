// What the stand-in for libnvidia-ml says of a device besides its sensors: what monitors ask when they start. All of it
// is in value files (gpu_details.cc). Nothing can be set: setters say no permission, as to a user who is not root.
#include "sim/live/nvml_state.h"

namespace {
using namespace nw::sim;
using namespace nw::sim::nvml;

constexpr unsigned kGraphicsClock = 0, kSmClock = 1, kMemoryClock = 2;

int memory_of(const void* device, unsigned long long* total, unsigned long long* used) {
  const int code = device_number(device, "memory_bytes", total);
  return code == kSuccess ? device_number(device, "memory_used_bytes", used) : code;
}

int clock_of(const void* device, unsigned type, const char* compute, unsigned* mhz) {
  if (type == kGraphicsClock || type == kSmClock) return device_number(device, compute, mhz);
  return type == kMemoryClock ? device_number(device, "memory_mhz", mhz) : kNotSupported;
}

// nvmlProcessInfo_t of versions 2 and 3: 24 bytes.
struct Process {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};
static_assert(sizeof(Process) == 24);
// Above the kernel's largest process id, so that a simulated process is never taken for one of this machine.
constexpr unsigned kFirstPid = 1U << 22;

int not_supported(const void* device) { return index_of(device) < 0 ? kInvalid : kNotSupported; }
int no_permission(const void* device) { return index_of(device) < 0 ? kInvalid : kNoPermission; }
}  // namespace

extern "C" {

// nvmlMemory_t: total, free, used.
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* memory) {
  const int code = memory_of(device, &memory[0], &memory[2]);
  if (code == kSuccess) memory[1] = memory[0] - memory[2];
  return code;
}
// nvmlMemory_v2_t: version, total, reserved, free, used, 8 bytes each.
int nvmlDeviceGetMemoryInfo_v2(void* device, unsigned long long* memory) {
  const int code = memory_of(device, &memory[1], &memory[4]);
  if (code == kSuccess) memory[2] = 0, memory[3] = memory[1] - memory[4];
  return code;
}

int nvmlDeviceGetTemperature(void* device, unsigned sensor, unsigned* celsius) {
  return sensor == 0 ? device_number(device, "temperature_c", celsius) : kInvalid;
}
// nvmlTemperature_t: version, sensor, temperature.
int nvmlDeviceGetTemperatureV(void* device, unsigned* temperature) {
  return nvmlDeviceGetTemperature(device, temperature[1], &temperature[2]);
}

int nvmlDeviceGetArchitecture(void* device, unsigned* number) { return device_number(device, "architecture", number); }
int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
  char text[32];
  const int code = device_text(device, "capability", text, sizeof text);
  if (code != kSuccess) return code;
  return std::sscanf(text, "%d.%d", major, minor) == 2 ? kSuccess : kUnknown;
}
int nvmlDeviceGetMinorNumber(void* device, unsigned* minor) {
  const int index = index_of(device);
  return index < 0 ? kInvalid : (*minor = static_cast<unsigned>(index), kSuccess);
}
// The default mode, in which several processes share the device.
int nvmlDeviceGetComputeMode(void* device, unsigned* mode) {
  return index_of(device) < 0 ? kInvalid : (*mode = 0, kSuccess);
}
int nvmlDeviceGetPersistenceMode(void* device, unsigned* mode) {
  return index_of(device) < 0 ? kInvalid : (*mode = 1, kSuccess);
}

int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* mw) { return device_number(device, "limit_mw", mw); }
int nvmlDeviceGetPowerManagementLimit(void* device, unsigned* mw) { return device_number(device, "limit_mw", mw); }
int nvmlDeviceGetPowerManagementDefaultLimit(void* device, unsigned* mw) {
  return device_number(device, "limit_mw", mw);
}
int nvmlDeviceGetPowerManagementLimitConstraints(void* device, unsigned* least, unsigned* most) {
  const int code = device_number(device, "limit_min_mw", least);
  return code == kSuccess ? device_number(device, "limit_mw", most) : code;
}

int nvmlDeviceGetClockInfo(void* device, unsigned type, unsigned* mhz) {
  return clock_of(device, type, "clock_mhz", mhz);
}
int nvmlDeviceGetMaxClockInfo(void* device, unsigned type, unsigned* mhz) {
  return clock_of(device, type, "clock_max_mhz", mhz);
}
int nvmlDeviceGetSupportedMemoryClocks(void* device, unsigned*, unsigned*) { return not_supported(device); }
int nvmlDeviceGetSupportedGraphicsClocks(void* device, unsigned, unsigned*, unsigned*) { return not_supported(device); }

// Some monitors take a function that is missing for a broken library, where one that is not supported is well.
int nvmlDeviceGetEncoderUtilization(void* device, unsigned*, unsigned*) { return not_supported(device); }
int nvmlDeviceGetDecoderUtilization(void* device, unsigned*, unsigned*) { return not_supported(device); }
int nvmlDeviceGetProcessUtilization(void* device, void*, unsigned*, unsigned long long) {
  return not_supported(device);
}
int nvmlDeviceGetPerformanceState(void* device, unsigned*) { return not_supported(device); }
int nvmlDeviceGetFanSpeed(void* device, unsigned*) { return not_supported(device); }
int nvmlDeviceGetSerial(void* device, char*, unsigned) { return not_supported(device); }

int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, Process* infos) {
  unsigned processes = 0;
  const int code = device_number(device, "processes", &processes);
  if (code != kSuccess) return code;
  const unsigned room = infos == nullptr ? 0 : *count;
  *count = processes;
  if (processes > room) return kTooSmall;
  unsigned long long total = 0, used = ~0ULL;  // NVML_VALUE_NOT_AVAILABLE
  if (memory_of(device, &total, &used) == kSuccess && processes > 0) used /= processes;
  for (unsigned n = 0; n < processes; ++n)
    infos[n] = {kFirstPid + static_cast<unsigned>(index_of(device)) * 1000 + n, used, ~0U, ~0U};
  return kSuccess;
}
int nvmlDeviceGetComputeRunningProcesses_v2(void* device, unsigned* count, Process* infos) {
  return nvmlDeviceGetComputeRunningProcesses_v3(device, count, infos);
}
// Version 1 has processes of 16 bytes: only the number, for callers that ask for no more.
int nvmlDeviceGetComputeRunningProcesses(void* device, unsigned* count, void* infos) {
  return infos != nullptr ? kNotSupported : nvmlDeviceGetComputeRunningProcesses_v3(device, count, nullptr);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(void* device, unsigned* count, void*) {
  return index_of(device) < 0 ? kInvalid : (*count = 0, kSuccess);
}
int nvmlDeviceGetGraphicsRunningProcesses_v2(void* device, unsigned* count, void*) {
  return nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, nullptr);
}
int nvmlDeviceGetGraphicsRunningProcesses(void* device, unsigned* count, void*) {
  return nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, nullptr);
}

int nvmlDeviceSetPowerManagementLimit(void* device, unsigned) { return no_permission(device); }
int nvmlDeviceSetPersistenceMode(void* device, unsigned) { return no_permission(device); }
int nvmlDeviceSetGpuLockedClocks(void* device, unsigned, unsigned) { return no_permission(device); }
int nvmlDeviceSetMemoryLockedClocks(void* device, unsigned, unsigned) { return no_permission(device); }
int nvmlDeviceResetGpuLockedClocks(void* device) { return no_permission(device); }
int nvmlDeviceResetMemoryLockedClocks(void* device) { return no_permission(device); }

}  // extern "C"
