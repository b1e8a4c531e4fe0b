// What NVTX may hand us: patterns and names of any bytes, event attributes of any content but for their pointers, and
// handles from nowhere.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "client/nvtx/filter.h"
#include "client/nvtx/ranges.h"

namespace {
using namespace nw::nvtx;

// The bytes up to the next zero, and the rest.
std::string cut(std::string& bytes) {
  const auto end = bytes.find('\0');
  const std::string first = bytes.substr(0, end);
  bytes.erase(0, end == std::string::npos ? bytes.size() : end + 1);
  return first;
}

void check_filter(const std::string& patterns, const std::string& domain, const std::string& name) {
  static Filter filter;  // larger than a stack frame should be
  if (filter.set(patterns.c_str()) != nullptr) return;
  if (filter.takes(domain.c_str(), name.c_str()) && !filter.may_take(domain.c_str())) std::abort();
}

void call_ranges(const std::string& name, const std::string& rest) {
  EventAttributes event{};
  std::memcpy(&event, rest.data(), std::min(rest.size(), sizeof event));
  if (event.message_type == kAscii) event.message.ascii = name.c_str();
  const std::wstring wide(name.begin(), name.end());
  if (event.message_type == kUnicode) event.message.unicode = wide.c_str();
  DomainHandle domain =
      rest.size() % 2 == 0 ? create_ascii(name.c_str()) : reinterpret_cast<DomainHandle>(event.payload.u64);
  register_unicode(domain, wide.c_str());
  is_enabled(domain);
  const int level = domain_push(domain, &event);
  if (domain_pop(domain) != level) std::abort();
  push_ex(&event);
  end(start_ex(&event));
  domain_end(domain, event.payload.u64);
  if (pop() != 0 || pop() != -1) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool begun = (begin_ranges("!x*,a:*,?b", kUsualDepth), true);
  if (!begun) return 0;
  std::string rest(reinterpret_cast<const char*>(data), size);
  const std::string patterns = cut(rest), domain = cut(rest), name = cut(rest);
  check_filter(patterns, domain, name);
  call_ranges(name, rest);
  return 0;
}
