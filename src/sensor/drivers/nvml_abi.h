// The part of NVIDIA's management library (libnvidia-ml.so.1) that nodewatt calls, declared by us after its public
// documentation, so that nodewatt builds without CUDA. Sizes are those of the 64-bit ABI; a wrong one fails the build,
// not a job.
#pragma once

#include <cstddef>

namespace nw::nvml {

using Return = int;
constexpr Return kSuccess = 0;
constexpr Return kNotSupported = 3;
constexpr Return kNoPermission = 4;
constexpr Return kNotFound = 6;
constexpr Return kInsufficientSize = 7;
constexpr Return kDriverNotLoaded = 9;
constexpr Return kFunctionNotFound = 13;
constexpr Return kGpuIsLost = 15;
constexpr Return kVersionMismatch = 18;

using Device = struct DeviceHandle*;
static_assert(sizeof(Device) == 8);

// nvmlPciInfo_t as nvmlDeviceGetPciInfo_v3 fills it.
struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];  // "00000000:07:00.0"
};
static_assert(sizeof(PciInfo) == 68 && offsetof(PciInfo, bus_id) == 36);

// nvmlFieldValue_t. What the caller asks for: field and scope; the rest is the answer.
struct FieldValue {
  unsigned field;
  unsigned scope;
  long long timestamp_us;  // wall clock
  long long latency_us;
  unsigned value_type;
  Return result;
  union {
    double f64;
    unsigned u32;
    unsigned long ul;
    unsigned long long u64;
    long long i64;
    int i32;
  } value;
};
static_assert(sizeof(FieldValue) == 40 && offsetof(FieldValue, value) == 32);

// nvmlUtilization_t: percent of the last sample period, 1/6 s to 1 s.
struct UtilizationRates {
  unsigned gpu, memory;
};
static_assert(sizeof(UtilizationRates) == 8);

constexpr unsigned kTypeDouble = 0, kTypeU32 = 1, kTypeUl = 2, kTypeU64 = 3;
constexpr unsigned kFieldPowerInstant = 186;  // NVML_FI_DEV_POWER_INSTANT, mW
constexpr unsigned kScopeGpu = 0;             // NVML_POWER_SCOPE_GPU
constexpr unsigned kMigEnabled = 1;           // NVML_DEVICE_MIG_ENABLE
constexpr unsigned kUuidSize = 96, kNameSize = 96, kVersionSize = 96;

// Null where the library is too old to have the function.
struct Api {
  Return (*init)() = nullptr;
  Return (*shutdown)() = nullptr;
  Return (*device_count)(unsigned*) = nullptr;
  Return (*device_by_index)(unsigned, Device*) = nullptr;
  Return (*uuid)(Device, char*, unsigned) = nullptr;
  Return (*name)(Device, char*, unsigned) = nullptr;
  Return (*pci_info)(Device, PciInfo*) = nullptr;
  Return (*minor_number)(Device, unsigned* minor) = nullptr;
  Return (*mig_mode)(Device, unsigned* current, unsigned* pending) = nullptr;
  Return (*enforced_limit)(Device, unsigned* mw) = nullptr;
  Return (*management_limit)(Device, unsigned* mw) = nullptr;
  Return (*total_energy)(Device, unsigned long long* mj) = nullptr;
  Return (*power_usage)(Device, unsigned* mw) = nullptr;
  Return (*field_values)(Device, int count, FieldValue*) = nullptr;
  Return (*utilization)(Device, UtilizationRates*) = nullptr;
  // Called only for the number: with a count of 0 and no buffer, so that it does not matter which of three structures
  // this library would write there.
  Return (*compute_processes)(Device, unsigned* count, void* none) = nullptr;
  Return (*graphics_processes)(Device, unsigned* count, void* none) = nullptr;
  Return (*driver_version)(char*, unsigned) = nullptr;
  Return (*cuda_version)(int*) = nullptr;  // 12040 is 12.4
};

}  // namespace nw::nvml
