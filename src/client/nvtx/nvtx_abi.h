// The tool's side of NVTX 3 (NVIDIA Tools Extension), declared by us after its public headers, so that nodewatt builds
// without them. Sizes are those of the 64-bit ABI; a wrong one fails the build, not a job.
//
// NVTX is header-only: each library of a program that uses it holds tables of function pointers. At its first call it
// loads the library named by NVTX_INJECTION64_PATH and calls InitializeInjectionNvtx2 with a function that returns
// those tables; functions that the tool does not replace cost nothing from then on. A process with several such
// libraries calls us several times. Extensions (since 2022) come through InitializeInjectionNvtxExtension; of these we
// handle `payload`, since it asks whether a domain is enabled, and assumes no tool when it gets no answer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nw::nvtx {

constexpr std::uint32_t kVersion = 3;

// Both are made by the tool and mean nothing to anybody else. The null domain is the default domain.
using DomainHandle = struct DomainOpaque*;
using StringHandle = struct StringOpaque*;
using RangeId = std::uint64_t;

// nvtxEventAttributes_v2; later ones may be longer.
struct EventAttributes {
  std::uint16_t version, size;
  std::uint32_t category;
  std::int32_t color_type;
  std::uint32_t color;
  std::int32_t payload_type;
  std::int32_t reserved;
  union {
    std::uint64_t u64;
    double f64;
  } payload;
  std::int32_t message_type;
  union {
    const char* ascii;  // in practice UTF-8
    const wchar_t* unicode;
    StringHandle registered;
  } message;
};
static_assert(sizeof(EventAttributes) == 48 && offsetof(EventAttributes, payload) == 24 &&
              offsetof(EventAttributes, message_type) == 32 && offsetof(EventAttributes, message) == 40);
constexpr std::int32_t kAscii = 1, kUnicode = 2, kRegistered = 3;

// What nvtxGetExportTable(id) returns.
using Function = void (*)();
struct CallbacksTable {
  std::size_t struct_size;
  // `table`: pointers to the slots, by function id from 1 on; `size`: how many, the empty one at 0 included.
  int (*module_functions)(int module, Function*** table, unsigned* size);
};
struct VersionTable {
  std::size_t struct_size;
  std::uint32_t version, reserved;
  void (*set_injection_version)(std::uint32_t version);
};
static_assert(sizeof(CallbacksTable) == 16 && sizeof(VersionTable) == 24);
using GetExportTable = const void* (*)(std::uint32_t id);
constexpr std::uint32_t kCallbacksTable = 1, kVersionTable = 3;

// Modules, and the ids of the functions that we replace.
constexpr int kCore = 1, kCore2 = 5;
enum Core : unsigned {
  kRangeStartEx = 4,
  kRangeStartA,
  kRangeStartW,
  kRangeEnd,
  kRangePushEx,
  kRangePushA,
  kRangePushW,
  kRangePop
};
enum Core2 : unsigned {
  kDomainRangeStartEx = 2,
  kDomainRangeEnd,
  kDomainRangePushEx,
  kDomainRangePop,
  kDomainRegisterStringA = 10,
  kDomainRegisterStringW,
  kDomainCreateA,
  kDomainCreateW
};

// What InitializeInjectionNvtxExtension is called with.
struct ModuleSegment {
  std::size_t id, slot_count;
  std::intptr_t* slots;
};
struct ModuleInfo {
  std::uint16_t nvtx_version, struct_size, module_id, compatibility_id;
  std::size_t segment_count;
  ModuleSegment* segments;
  std::intptr_t (*export_function)(std::uint32_t id);
  const void* extension_info;
};
static_assert(sizeof(ModuleSegment) == 24 && sizeof(ModuleInfo) == 40);
constexpr std::uint16_t kPayloadModule = 2;
enum Payload : unsigned {
  kRangePushPayload = 3,
  kRangePopPayload,
  kRangeStartPayload,
  kRangeEndPayload,
  kDomainIsEnabled
};

}  // namespace nw::nvtx
