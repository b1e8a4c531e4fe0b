// The part of Intel's Level Zero Sysman (libze_loader.so.1, zes_api.h of version 1.5 and later) that nodewatt calls,
// declared by us after its public specification, so that nodewatt builds without oneAPI. Sizes are those of the 64-bit
// ABI; a wrong one fails the build, not a job. Structures are versioned by `stype` and grow by chains at `next` alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nw::level_zero {

using ZeResult = unsigned;
constexpr ZeResult kSuccess = 0;
constexpr ZeResult kDeviceLost = 0x70000001;
constexpr ZeResult kNoPermission = 0x70010000;
constexpr ZeResult kNotAvailable = 0x70010001;
constexpr ZeResult kNoDependency = 0x70020000;
constexpr ZeResult kUninitialized = 0x78000001;
constexpr ZeResult kUnsupportedVersion = 0x78000002;
constexpr ZeResult kUnsupportedFeature = 0x78000003;

using ZesDriver = struct ZesDriverHandle*;
using ZesDevice = struct ZesDeviceHandle*;
using ZesPower = struct ZesPowerHandle*;
using ZesEngine = struct ZesEngineHandle*;
static_assert(sizeof(ZeResult) == 4 && sizeof(ZesDevice) == 8);

constexpr unsigned kDevicePropertiesType = 0x1, kPciPropertiesType = 0x2, kEnginePropertiesType = 0x5,
                   kPowerPropertiesType = 0xd, kPowerExtPropertiesType = 0x28;

// ze_device_properties_t, which stands inside zes_device_properties_t.
struct ZeDeviceProperties {
  unsigned stype;
  void* next;
  unsigned type, vendor, device, flags, subdevice, clock;
  std::uint64_t max_alloc;
  unsigned contexts, priority, threads, simd_width, units, subslices, slices;
  std::uint64_t timer_resolution;
  unsigned timestamp_bits, kernel_timestamp_bits;
  std::uint8_t uuid[16];
  char name[256];
};
static_assert(sizeof(ZeDeviceProperties) == 368 && offsetof(ZeDeviceProperties, flags) == 28 &&
              offsetof(ZeDeviceProperties, uuid) == 96 && offsetof(ZeDeviceProperties, name) == 112);
constexpr unsigned kIntegrated = 1;  // of flags: ZE_DEVICE_PROPERTY_FLAG_INTEGRATED

// zes_device_properties_t
struct ZesDeviceProperties {
  unsigned stype;
  void* next;
  ZeDeviceProperties core;
  unsigned subdevices;
  char serial[64], board[64], brand[64], model[64], vendor[64], driver[64];
};
static_assert(sizeof(ZesDeviceProperties) == 776 && offsetof(ZesDeviceProperties, core) == 16 &&
              offsetof(ZesDeviceProperties, model) == 580);

// zes_pci_properties_t
struct ZesPciProperties {
  unsigned stype;
  void* next;
  unsigned domain, bus, device, function;
  int generation, width;
  std::int64_t bandwidth;
  std::uint8_t has_bandwidth, has_packets, has_replays;
};
static_assert(sizeof(ZesPciProperties) == 56 && offsetof(ZesPciProperties, domain) == 16);

// zes_power_properties_t; limits in milliwatts, -1 for unknown.
struct ZesPowerProperties {
  unsigned stype;
  void* next;
  std::uint8_t on_subdevice;
  unsigned subdevice;
  std::uint8_t can_control, threshold_supported;
  int default_limit, min_limit, max_limit;
};
static_assert(sizeof(ZesPowerProperties) == 40 && offsetof(ZesPowerProperties, subdevice) == 20 &&
              offsetof(ZesPowerProperties, default_limit) == 28);

// zes_power_ext_properties_t, chained to the former; an older library leaves it alone.
struct ZesPowerExtProperties {
  unsigned stype;
  void* next;
  int domain;
  void* default_limit;  // may be null
};
static_assert(sizeof(ZesPowerExtProperties) == 32 && offsetof(ZesPowerExtProperties, domain) == 16);
constexpr int kDomainUnknown = 0, kDomainCard = 1, kDomainPackage = 2;

// zes_power_energy_counter_t
struct ZesEnergyCounter {
  std::uint64_t energy_uj;
  std::uint64_t timestamp_us;  // only differences of it mean anything
};
static_assert(sizeof(ZesEnergyCounter) == 16);

// zes_engine_properties_t
struct ZesEngineProperties {
  unsigned stype;
  void* next;
  int type;
  std::uint8_t on_subdevice;
  unsigned subdevice;
};
static_assert(sizeof(ZesEngineProperties) == 32 && offsetof(ZesEngineProperties, type) == 16 &&
              offsetof(ZesEngineProperties, on_subdevice) == 20);
constexpr int kAllEngines = 0;  // ZES_ENGINE_GROUP_ALL

// zes_engine_stats_t. Both count in one unit, microseconds or other; only the quotient of two differences means
// anything.
struct ZesEngineStats {
  std::uint64_t active;
  std::uint64_t timestamp;
};
static_assert(sizeof(ZesEngineStats) == 16);

// Null where the library is too old to have the function.
struct ZesApi {
  ZeResult (*init)(unsigned flags) = nullptr;
  ZeResult (*drivers)(unsigned* count, ZesDriver*) = nullptr;
  ZeResult (*devices)(ZesDriver, unsigned* count, ZesDevice*) = nullptr;
  ZeResult (*properties)(ZesDevice, ZesDeviceProperties*) = nullptr;
  ZeResult (*pci)(ZesDevice, ZesPciProperties*) = nullptr;
  ZeResult (*power_domains)(ZesDevice, unsigned* count, ZesPower*) = nullptr;
  ZeResult (*power_properties)(ZesPower, ZesPowerProperties*) = nullptr;
  ZeResult (*energy)(ZesPower, ZesEnergyCounter*) = nullptr;
  ZeResult (*engines)(ZesDevice, unsigned* count, ZesEngine*) = nullptr;
  ZeResult (*engine_properties)(ZesEngine, ZesEngineProperties*) = nullptr;
  ZeResult (*engine_utilization)(ZesEngine, ZesEngineStats*) = nullptr;
};

}  // namespace nw::level_zero
