#include "client/nvtx/attach.h"

#include <nodewatt/nodewatt.h>
#include <sched.h>

#include <atomic>
#include <cstdlib>

#include "client/nvtx/ranges.h"

namespace nw::nvtx {

namespace {
struct Entry {
  unsigned id;
  Function function;
};

template <class Called>
Entry entry(unsigned id, Called* called) {
  return {id, reinterpret_cast<Function>(called)};
}

unsigned depth_of(const char* text) {
  const long depth = text == nullptr ? 0 : std::strtol(text, nullptr, 10);
  return depth < 1 ? kUsualDepth : depth > static_cast<long>(kMostDeep) ? kMostDeep : static_cast<unsigned>(depth);
}

// Several libraries of a process attach, each with tables of its own, perhaps at the same time.
void begin_once() {
  enum State : int { kNot, kBeginning, kBegun };
  static std::atomic<int> state{kNot};
  int found = kNot;
  if (state.compare_exchange_strong(found, kBeginning)) {
    begin_ranges(std::getenv(kFilterVariable), depth_of(std::getenv(kDepthVariable)));
    state.store(kBegun, std::memory_order_release);
  }
  while (state.load(std::memory_order_acquire) != kBegun) ::sched_yield();
}

template <std::size_t n>
bool add(const CallbacksTable& callbacks, int module, const Entry (&entries)[n]) {
  Function** table = nullptr;
  unsigned size = 0;
  if (callbacks.module_functions(module, &table, &size) != 1 || table == nullptr) return false;
  for (const Entry& one : entries)
    if (one.id < size && table[one.id] != nullptr) *table[one.id] = one.function;
  return true;
}
}  // namespace

int attach(GetExportTable get_table) {
  if (get_table == nullptr || nw_measuring() == 0) return 0;
  const auto* callbacks = static_cast<const CallbacksTable*>(get_table(kCallbacksTable));
  if (callbacks == nullptr || callbacks->struct_size < sizeof(CallbacksTable) || callbacks->module_functions == nullptr)
    return 0;
  const auto* version = static_cast<const VersionTable*>(get_table(kVersionTable));
  if (version != nullptr && version->struct_size >= sizeof(VersionTable) && version->set_injection_version != nullptr)
    version->set_injection_version(kVersion);
  begin_once();
  const Entry core[] = {entry(kRangeStartEx, start_ex),     entry(kRangeStartA, start_ascii),
                        entry(kRangeStartW, start_unicode), entry(kRangeEnd, end),
                        entry(kRangePushEx, push_ex),       entry(kRangePushA, push_ascii),
                        entry(kRangePushW, push_unicode),   entry(kRangePop, pop)};
  const Entry core2[] = {entry(kDomainRangeStartEx, domain_start),      entry(kDomainRangeEnd, domain_end),
                         entry(kDomainRangePushEx, domain_push),        entry(kDomainRangePop, domain_pop),
                         entry(kDomainRegisterStringA, register_ascii), entry(kDomainRegisterStringW, register_unicode),
                         entry(kDomainCreateA, create_ascii),           entry(kDomainCreateW, create_unicode)};
  const bool has_core = add(*callbacks, kCore, core), has_core2 = add(*callbacks, kCore2, core2);
  return has_core || has_core2 ? 1 : 0;
}

int attach_extension(const ModuleInfo* module) {
  if (module == nullptr || module->struct_size < sizeof(ModuleInfo) || module->module_id != kPayloadModule) return 0;
  if (module->segment_count == 0 || module->segments == nullptr || nw_measuring() == 0) return 0;
  begin_once();
  const ModuleSegment& segment = module->segments[0];
  const Entry entries[] = {entry(kRangePushPayload, push_payload), entry(kRangePopPayload, pop_payload),
                           entry(kRangeStartPayload, start_payload), entry(kRangeEndPayload, end_payload),
                           entry(kDomainIsEnabled, is_enabled)};
  if (segment.slots == nullptr) return 0;
  for (const Entry& one : entries)
    if (one.id < segment.slot_count) segment.slots[one.id] = reinterpret_cast<std::intptr_t>(one.function);
  return 1;
}

}  // namespace nw::nvtx
