#include "client/nvtx/names.h"

#include <atomic>
#include <cstring>

namespace nw::nvtx {

namespace {
enum State : std::uint32_t { kFree, kFilling, kReady };

struct Domain {
  std::atomic<std::uint32_t> state;
  bool measured;
  char name[kKept + 1];
};

struct Entry {
  std::atomic<std::uint32_t> state;
  unsigned domain;
  std::uint64_t hash;
  String string;
};

Domain domains[kDomains];
Entry strings[kStrings];
constexpr unsigned kBeyond = kDomains - 1;  // the domain that is not measured
constexpr std::size_t kProbes = 64;
Entry beyond{kReady, kDefaultDomain, 0, {true, "(others)"}};  // for strings that do not fit

void copy(char* to, const char* from) {
  const std::size_t length = ::strnlen(from, kKept);
  std::memcpy(to, from, length);
  std::memset(to + length, 0, kKept + 1 - length);
}

// FNV-1a.
std::uint64_t hash_of(unsigned domain, const char* text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ domain;
  for (; *text != '\0'; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3ULL;
  return hash;
}

// Handles are indices into the tables. An invalid one is recognised by its number alone. Null and all else: `count`.
template <class Slot>
std::size_t index_of(const Slot* table, std::size_t count, const void* handle) {
  const auto offset = reinterpret_cast<std::uintptr_t>(handle) - reinterpret_cast<std::uintptr_t>(table);
  return offset < count * sizeof(Slot) && offset % sizeof(Slot) == 0 ? offset / sizeof(Slot) : count;
}
DomainHandle handle_of(Domain& domain) { return reinterpret_cast<DomainHandle>(&domain); }
StringHandle handle_of(Entry& entry) { return reinterpret_cast<StringHandle>(&entry); }

template <class Slot>
bool claim(Slot& slot, std::uint32_t& found) {
  found = slot.state.load(std::memory_order_acquire);
  return found == kFree && slot.state.compare_exchange_strong(found, kFilling);
}

// Encodes one code point; 0 when it is invalid.
std::size_t encode(std::uint32_t code, char* to) {
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) return *to = static_cast<char>(code), 1;
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  *to++ = static_cast<char>(kLead[more] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) *to++ = static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
  return static_cast<std::size_t>(more) + 1;
}
}  // namespace

Text::Text(const wchar_t* unicode) {
  std::size_t length = 0;
  if (unicode != nullptr)
    while (*unicode != 0 && length + 4 < sizeof bytes_)
      length += encode(static_cast<std::uint32_t>(*unicode++), bytes_ + length);
  bytes_[length] = '\0';
}

void begin_names(const Filter& filter) {
  domains[kDefaultDomain].measured = filter.may_take("");
  domains[kDefaultDomain].state.store(kReady, std::memory_order_release);
  domains[kBeyond].state.store(kReady, std::memory_order_release);
}

DomainHandle make_domain(const char* name, const Filter& filter) {
  char kept[kKept + 1];
  copy(kept, name);
  for (unsigned i = kDefaultDomain + 1; i < kBeyond; ++i) {
    Domain& domain = domains[i];
    std::uint32_t found = kFree;
    if (claim(domain, found)) {
      domain.measured = filter.may_take(name);
      std::memcpy(domain.name, kept, sizeof kept);
      domain.state.store(kReady, std::memory_order_release);
      return handle_of(domain);
    }
    if (found == kReady && std::memcmp(domain.name, kept, sizeof kept) == 0) return handle_of(domain);
  }
  return handle_of(domains[kBeyond]);
}

unsigned domain_of(DomainHandle handle) {
  if (handle == nullptr) return kDefaultDomain;
  const std::size_t index = index_of(domains, kDomains, handle);
  return index < kDomains && domains[index].state.load(std::memory_order_acquire) == kReady
             ? static_cast<unsigned>(index)
             : kBeyond;
}

const char* domain_name(unsigned domain) { return domains[domain].name; }
bool is_measured(unsigned domain) { return domains[domain].measured; }

void write_phase_name(char* into, const char* domain, const char* name) {
  std::size_t length = ::strnlen(domain, kKept - 1);
  std::memcpy(into, domain, length);
  if (length > 0) into[length++] = ':';
  const std::size_t rest = ::strnlen(name, kKept - length);
  std::memcpy(into + length, name, rest);
  into[length + rest] = '\0';
}

StringHandle make_string(unsigned domain, const char* text, const Filter& filter) {
  const std::uint64_t hash = hash_of(domain, text);
  for (std::size_t probe = 0; probe < kProbes; ++probe) {
    const std::size_t index = (hash + probe) % kStrings;
    Entry& entry = strings[index];
    std::uint32_t found = kFree;
    if (claim(entry, found)) {
      entry.domain = domain;
      entry.hash = hash;
      entry.string.taken = *text != '\0' && filter.takes(domain_name(domain), text);
      write_phase_name(entry.string.phase, domain_name(domain), text);
      entry.state.store(kReady, std::memory_order_release);
      return handle_of(entry);
    }
    if (found == kReady && entry.hash == hash && entry.domain == domain) return handle_of(entry);
  }
  return handle_of(beyond);
}

const String* string_of(StringHandle handle) {
  if (index_of(&beyond, 1, handle) == 0) return &beyond.string;
  const std::size_t index = index_of(strings, kStrings, handle);
  if (index == kStrings || strings[index].state.load(std::memory_order_acquire) != kReady) return nullptr;
  return &strings[index].string;
}

}  // namespace nw::nvtx
