// The part of AMD's two management libraries that nodewatt calls, declared by us after their public headers
// (rocm_smi/rocm_smi.h of ROCm 5 to 7, amd_smi/amdsmi.h of 23 to 26), so that nodewatt builds without ROCm.
//
// Only functions are used whose signature is the same in all of these versions: numbers and handles. Structures grew
// from version to version (amdsmi_power_info_t, amdsmi_asic_info_t) and are kept out, but for two: every version's
// asic_info begins with the market name, and is given a buffer larger than any of them; and amdsmi_engine_usage_t kept
// its size and its beginning.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nw::rocm {

// A status of either library. What the numbers mean differs; 0 is success and 2 is "not supported" in both.
using Status = int;
constexpr Status kSuccess = 0;
constexpr Status kNotSupported = 2;

static_assert(sizeof(Status) == 4 && sizeof(float) == 4 && sizeof(std::uint64_t) == 8 && sizeof(void*) == 8,
              "the 64-bit ABI");

// librocm_smi64.so: a GPU is its index.
constexpr Status kRsmiFileError = 3, kRsmiPermission = 4, kRsmiInitError = 8, kRsmiBusy = 16;
enum class RsmiPower : int { average = 0, current = 1 };
static_assert(sizeof(RsmiPower) == 4);

struct RocmSmiApi {
  Status (*init)(std::uint64_t flags) = nullptr;
  Status (*shut_down)() = nullptr;
  Status (*count)(std::uint32_t*) = nullptr;
  Status (*name)(std::uint32_t, char*, std::size_t) = nullptr;
  Status (*unique_id)(std::uint32_t, std::uint64_t*) = nullptr;
  Status (*pci_id)(std::uint32_t, std::uint64_t*) = nullptr;
  Status (*energy)(std::uint32_t, std::uint64_t* counter, float* resolution_uj, std::uint64_t* ns) = nullptr;
  Status (*power)(std::uint32_t, std::uint64_t* uw, RsmiPower* kind) = nullptr;               // ROCm 6
  Status (*power_average)(std::uint32_t, std::uint32_t sensor, std::uint64_t* uw) = nullptr;  // before
  Status (*busy)(std::uint32_t, std::uint32_t* percent) = nullptr;
};

// libamd_smi.so: a socket has processors, and each is a handle.
using SmiSocket = void*;
using SmiProcessor = void*;
constexpr std::uint64_t kAmdGpus = 1 << 1;  // AMDSMI_INIT_AMD_GPUS
constexpr Status kSmiNoPermission = 10, kSmiBusy = 30, kSmiNotFound = 31, kSmiNotInit = 32, kSmiDriverNotLoaded = 34;
constexpr unsigned kSmiUuidSize = 38;  // AMDSMI_GPU_UUID_SIZE
constexpr std::size_t kLargerThanAnyAsicInfo = 8192;

// amdsmi_engine_usage_t: 64 bytes in all of these versions, which differ in what follows the first two members.
// Percent; all bits set where the GPU does not report it.
struct SmiUtilization {
  std::uint32_t gfx, umc;
  std::uint32_t others[14];
};
static_assert(sizeof(SmiUtilization) == 64);

struct AmdSmiApi {
  Status (*init)(std::uint64_t flags) = nullptr;
  Status (*shut_down)() = nullptr;
  Status (*sockets)(std::uint32_t* count, SmiSocket*) = nullptr;
  Status (*processors)(SmiSocket, std::uint32_t* count, SmiProcessor*) = nullptr;
  Status (*uuid)(SmiProcessor, unsigned* length, char*) = nullptr;
  Status (*bdf_id)(SmiProcessor, std::uint64_t*) = nullptr;
  Status (*asic_info)(SmiProcessor, void*) = nullptr;
  Status (*energy)(SmiProcessor, std::uint64_t* counter, float* resolution_uj, std::uint64_t* ns) = nullptr;
  Status (*utilization)(SmiProcessor, SmiUtilization*) = nullptr;
};

}  // namespace nw::rocm
