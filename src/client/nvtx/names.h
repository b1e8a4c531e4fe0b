// Names that a program registers with NVTX once and uses many times: its domains and its strings.
//
// Handles are indices into fixed tables, so that a foreign or stale one is recognised and never dereferenced. The
// tables have no locks: a fork in the middle of an insertion costs that entry alone, and a name that two threads
// register at once may get two. When a table is full, further domains are not measured, and further strings are called
// "(others)".
#pragma once

#include <cstddef>
#include <cstdint>

#include "client/nvtx/filter.h"
#include "client/nvtx/nvtx_abi.h"

namespace nw::nvtx {

constexpr std::size_t kKept =
    51;  // bytes of a name: more than a phase keeps, so that a phase's name is cut at a character

// Wide characters as UTF-8, at most 255 bytes of it; "" for null.
class Text {
 public:
  explicit Text(const wchar_t* unicode);
  const char* c_str() const { return bytes_; }

 private:
  char bytes_[256];
};

constexpr unsigned kDefaultDomain = 0;
constexpr unsigned kDomains = 256;
constexpr unsigned kStrings = 32'768;

DomainHandle make_domain(const char* name, const Filter& filter);
// Its number, below kDomains; for a handle that is not ours, that of the domain that is not measured.
unsigned domain_of(DomainHandle handle);
const char* domain_name(unsigned domain);
bool is_measured(unsigned domain);

struct String {
  bool taken;             // by the filter; false for ""
  char phase[kKept + 1];  // the phase name for this string
};
StringHandle make_string(unsigned domain, const char* text, const Filter& filter);
// Null for a handle that is not ours.
const String* string_of(StringHandle handle);

// "name" in the default domain, "domain:name" in another. `into` holds kKept bytes and the terminator.
void write_phase_name(char* into, const char* domain, const char* name);

// Before the first use: applies the filter to the default domain's names.
void begin_names(const Filter& filter);

}  // namespace nw::nvtx
