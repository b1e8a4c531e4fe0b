// The program's side of NVTX 3, as its headers put it into every library that uses it, written anew after their public
// description: tables of function pointers, the library named by NVTX_INJECTION64_PATH loaded at the first call, and
// pointers that stay null where no tool took them. Its types are its own, so that a wrong one in nodewatt's
// declarations shows.
#pragma once

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdlib>

namespace nvtx_caller {

struct Attributes {
  std::uint16_t version = 3, size = 48;
  std::uint32_t category = 0;
  std::int32_t color_type = 0;
  std::uint32_t color = 0;
  std::int32_t payload_type = 0, reserved = 0;
  std::uint64_t payload = 0;
  std::int32_t message_type = 0;  // 1 ASCII, 2 wide, 3 registered
  const void* message = nullptr;
};
static_assert(sizeof(Attributes) == 48);

using Slot = void (*)();
inline std::array<Slot, 17> core_slots{};
inline std::array<Slot, 17> core2_slots{};
inline std::array<Slot*, 17> core_table{}, core2_table{};
inline std::array<std::intptr_t, 64> payload_slots{};
inline int attached = 0, extended = 0;  // what the library returned

inline int module_functions(int module, Slot*** table, unsigned* size) {
  if (module != 1 && module != 5) return 0;
  *table = module == 1 ? core_table.data() : core2_table.data();
  *size = 16;
  return 1;
}
inline void set_injection_version(std::uint32_t /*version*/) {}

inline const void* export_table(std::uint32_t id) {
  static const struct {
    std::size_t size = 16;
    int (*get)(int, Slot***, unsigned*) = module_functions;
  } callbacks;
  static const struct {
    std::size_t size = 24;
    std::uint32_t version = 3, reserved = 0;
    void (*set)(std::uint32_t) = set_injection_version;
  } version;
  return id == 1 ? static_cast<const void*>(&callbacks) : id == 3 ? &version : nullptr;
}

struct Segment {
  std::size_t id = 0, count = 63;
  std::intptr_t* slots = payload_slots.data();
};
struct Module {
  std::uint16_t version = 3, size = 40, id = 2, compatible = 0x104;
  std::size_t segments = 1;
  Segment* segment;
  std::intptr_t (*get)(std::uint32_t) = nullptr;
  const void* info = nullptr;
};

// What the first call of any function does. False when no library came.
inline bool begin() {
  for (std::size_t i = 1; i < 16; ++i) core_table[i] = &core_slots[i], core2_table[i] = &core2_slots[i];
  const char* path = std::getenv("NVTX_INJECTION64_PATH");
  void* library = path == nullptr ? nullptr : ::dlopen(path, RTLD_LAZY);
  if (library == nullptr) return false;
  if (auto* entry = reinterpret_cast<int (*)(decltype(&export_table))>(::dlsym(library, "InitializeInjectionNvtx2")))
    attached = entry(export_table);
  Segment segment;
  Module module;
  module.segment = &segment;
  if (auto* entry = reinterpret_cast<int (*)(Module*)>(::dlsym(library, "InitializeInjectionNvtxExtension")))
    extended = entry(&module);
  if (attached == 0) ::dlclose(library);
  return attached != 0;
}

template <class Result, class... Arguments>
Result call(Slot slot, Result otherwise, Arguments... arguments) {
  return slot == nullptr ? otherwise : reinterpret_cast<Result (*)(Arguments...)>(slot)(arguments...);
}
inline constexpr int kNoTool = -2;

inline int push(const char* name) { return call(core_slots[9], kNoTool, name); }
inline int push_wide(const wchar_t* name) { return call(core_slots[10], kNoTool, name); }
inline int push_ex(const Attributes* event) { return call(core_slots[8], kNoTool, event); }
inline int pop() { return call(core_slots[11], kNoTool); }
inline std::uint64_t start(const char* name) { return call(core_slots[5], std::uint64_t{0}, name); }
inline void end(std::uint64_t id) {
  if (core_slots[7] != nullptr) reinterpret_cast<void (*)(std::uint64_t)>(core_slots[7])(id);
}

using Domain = void*;
inline Domain make_domain(const char* name) { return call(core2_slots[12], Domain{}, name); }
inline void* register_string(Domain domain, const char* text) {
  return call(core2_slots[10], static_cast<void*>(nullptr), domain, text);
}
inline int push(Domain domain, const Attributes* event) { return call(core2_slots[4], kNoTool, domain, event); }
inline int pop(Domain domain) { return call(core2_slots[5], kNoTool, domain); }
inline std::uint64_t start(Domain domain, const Attributes* event) {
  return call(core2_slots[2], std::uint64_t{0}, domain, event);
}
inline void end(Domain domain, std::uint64_t id) {
  if (core2_slots[3] != nullptr) reinterpret_cast<void (*)(Domain, std::uint64_t)>(core2_slots[3])(domain, id);
}
inline bool is_enabled(Domain domain) {
  return call(reinterpret_cast<Slot>(payload_slots[7]), std::uint8_t{0}, domain) != 0;
}
inline int push_payload(Domain domain) {
  return call(reinterpret_cast<Slot>(payload_slots[3]), kNoTool, domain, static_cast<const void*>(nullptr),
              std::size_t{0});
}

inline Attributes named(std::int32_t type, const void* message) {
  Attributes event;
  event.message_type = type;
  event.message = message;
  return event;
}

}  // namespace nvtx_caller
