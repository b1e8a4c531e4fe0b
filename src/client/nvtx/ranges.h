// The functions that NVTX calls: they turn ranges into phases.
//
// Push and pop nest by thread and domain, as in NVTX: each domain is a track of its own on its thread, and the default
// domain is the thread's own track, where nodewatt.h's phases are. Start and end may cross threads and overlap: each
// such range is outside all nesting. Unnamed, filtered and too deep ranges are only counted, so that pops match their
// pushes. No input is trusted: null attributes, short ones, foreign handles and surplus pops are answered as NVTX
// specifies (a negative level, a range id that means nothing) and do no harm.
#pragma once

#include "client/nvtx/names.h"

namespace nw::nvtx {

constexpr unsigned kMostDeep = 16, kUsualDepth = 3;

// Before the first range. `filter`: see Filter, null takes all; `depth`: how many nested levels of accepted ranges
// become phases, in each domain.
void begin_ranges(const char* filter, unsigned depth);

RangeId start_ex(const EventAttributes* event);
RangeId start_ascii(const char* message);
RangeId start_unicode(const wchar_t* message);
void end(RangeId id);
int push_ex(const EventAttributes* event);
int push_ascii(const char* message);
int push_unicode(const wchar_t* message);
int pop();

RangeId domain_start(DomainHandle domain, const EventAttributes* event);
void domain_end(DomainHandle domain, RangeId id);
int domain_push(DomainHandle domain, const EventAttributes* event);
int domain_pop(DomainHandle domain);
StringHandle register_ascii(DomainHandle domain, const char* text);
StringHandle register_unicode(DomainHandle domain, const wchar_t* text);
DomainHandle create_ascii(const char* name);
DomainHandle create_unicode(const wchar_t* name);

// Of the payload extension. Its ranges have their names inside payloads that we do not read: they are counted.
int push_payload(DomainHandle domain, const void* data, std::size_t count);
int pop_payload(DomainHandle domain, const void* data, std::size_t count);
RangeId start_payload(DomainHandle domain, const void* data, std::size_t count);
void end_payload(DomainHandle domain, RangeId id, const void* data, std::size_t count);
std::uint8_t is_enabled(DomainHandle domain);

}  // namespace nw::nvtx
