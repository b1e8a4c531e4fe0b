#include "client/nvtx/ranges.h"

#include <nodewatt/nodewatt.h>

#include <atomic>
#include <cstring>

#include "client/client.h"

namespace nw::nvtx {

namespace {
static_assert(kDomains <= kClientTracks);
constexpr int kError = -1;                          // result of push and pop
constexpr RangeId kNotMeasured = RangeId{1} << 63;  // ids with this bit belong to no phase
constexpr std::size_t kMostOpen = 64;               // phases of one thread, over all domains

Filter filter;
unsigned most_deep = kUsualDepth;
std::atomic<RangeId> not_measured{0};

struct Open {
  nw_phase_id id;
  unsigned domain, level;
};

struct Thread {
  unsigned levels[kDomains];      // pushed and not popped
  unsigned char taken[kDomains];  // of these, phases
  Open open[kMostOpen];
  std::size_t count;
  std::uint32_t forks;  // the number of forks when this was opened
};
thread_local Thread self;

// In a forked child: it is inside its parent's ranges, and none of them is a phase of its own.
Thread& me() {
  Thread& thread = self;
  if (const std::uint32_t forks = client_forks(); thread.forks != forks) {
    thread.forks = forks;
    thread.count = 0;
    std::memset(thread.taken, 0, sizeof thread.taken);
  }
  return thread;
}

// The name of a phase, if the range becomes one.
class Name {
 public:
  Name(unsigned domain, const char* message) { take(domain, message); }
  Name(unsigned domain, const wchar_t* message) { take(domain, Text(message).c_str()); }
  Name(unsigned domain, const EventAttributes* event) {
    if (event == nullptr || event->size < sizeof(EventAttributes)) return;
    const auto& message = event->message;
    if (event->message_type == kAscii) take(domain, message.ascii);
    if (event->message_type == kUnicode) take(domain, Text(message.unicode).c_str());
    if (event->message_type != kRegistered) return;
    const String* string = string_of(message.registered);
    if (string != nullptr && string->taken) phase_ = string->phase;
  }
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;

  // Null when there is none or the filter rejects it.
  const char* phase() const { return phase_; }

 private:
  void take(unsigned domain, const char* message) {
    if (message == nullptr || *message == '\0' || !filter.takes(domain_name(domain), message)) return;
    write_phase_name(bytes_, domain_name(domain), message);
    phase_ = bytes_;
  }

  const char* phase_ = nullptr;
  char bytes_[kKept + 1];
};

template <class Message>
int push_named(unsigned domain, Message message) {
  Thread& thread = me();
  const unsigned level = thread.levels[domain]++;
  if (thread.taken[domain] >= most_deep || !is_measured(domain)) return static_cast<int>(level);
  const Name name(domain, message);
  if (name.phase() == nullptr || thread.count == kMostOpen) return static_cast<int>(level);
  thread.open[thread.count++] = {client_begin(domain, name.phase()), domain, level};
  ++thread.taken[domain];
  return static_cast<int>(level);
}

int pop_from(unsigned domain) {
  Thread& thread = me();
  if (thread.levels[domain] == 0) return kError;
  const unsigned level = --thread.levels[domain];
  if (thread.taken[domain] == 0) return static_cast<int>(level);
  std::size_t at = thread.count;
  while (thread.open[--at].domain != domain) {
  }
  if (thread.open[at].level != level) return static_cast<int>(level);
  nw_phase_end(thread.open[at].id);
  --thread.taken[domain];
  --thread.count;
  std::memmove(thread.open + at, thread.open + at + 1, (thread.count - at) * sizeof(Open));
  return static_cast<int>(level);
}

RangeId unmeasured() { return kNotMeasured | not_measured.fetch_add(1, std::memory_order_relaxed); }

template <class Message>
RangeId start_named(unsigned domain, Message message) {
  if (!is_measured(domain)) return unmeasured();
  const Name name(domain, message);
  const RangeId id = name.phase() == nullptr ? 0 : client_begin_apart(name.phase());
  return id != 0 ? id : unmeasured();
}
}  // namespace

void begin_ranges(const char* patterns, unsigned depth) {
  if (filter.set(patterns == nullptr ? "" : patterns) != nullptr) filter.set("");
  most_deep = depth;
  begin_names(filter);
}

RangeId start_ex(const EventAttributes* event) { return start_named(kDefaultDomain, event); }
RangeId start_ascii(const char* message) { return start_named(kDefaultDomain, message); }
RangeId start_unicode(const wchar_t* message) { return start_named(kDefaultDomain, message); }
void end(RangeId id) {
  if ((id & kNotMeasured) == 0) nw_phase_end(id);
}
int push_ex(const EventAttributes* event) { return push_named(kDefaultDomain, event); }
int push_ascii(const char* message) { return push_named(kDefaultDomain, message); }
int push_unicode(const wchar_t* message) { return push_named(kDefaultDomain, message); }
int pop() { return pop_from(kDefaultDomain); }

RangeId domain_start(DomainHandle domain, const EventAttributes* event) {
  return start_named(domain_of(domain), event);
}
void domain_end(DomainHandle /*domain*/, RangeId id) { end(id); }
int domain_push(DomainHandle domain, const EventAttributes* event) { return push_named(domain_of(domain), event); }
int domain_pop(DomainHandle domain) { return pop_from(domain_of(domain)); }
StringHandle register_ascii(DomainHandle domain, const char* text) {
  return make_string(domain_of(domain), text == nullptr ? "" : text, filter);
}
StringHandle register_unicode(DomainHandle domain, const wchar_t* text) {
  return make_string(domain_of(domain), Text(text).c_str(), filter);
}
DomainHandle create_ascii(const char* name) { return make_domain(name == nullptr ? "" : name, filter); }
DomainHandle create_unicode(const wchar_t* name) { return make_domain(Text(name).c_str(), filter); }

int push_payload(DomainHandle domain, const void* /*data*/, std::size_t /*count*/) {
  return static_cast<int>(self.levels[domain_of(domain)]++);
}
int pop_payload(DomainHandle domain, const void* /*data*/, std::size_t /*count*/) { return domain_pop(domain); }
RangeId start_payload(DomainHandle /*domain*/, const void* /*data*/, std::size_t /*count*/) { return unmeasured(); }
void end_payload(DomainHandle /*domain*/, RangeId id, const void* /*data*/, std::size_t /*count*/) { end(id); }
std::uint8_t is_enabled(DomainHandle domain) { return is_measured(domain_of(domain)) ? 1 : 0; }

}  // namespace nw::nvtx
