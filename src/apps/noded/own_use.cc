#include "apps/noded/own_use.h"

#include <unistd.h>

#include <ctime>
#include <string_view>

#include "base/file.h"
#include "base/parse.h"

namespace nw::noded {

std::optional<Nanos> read_own_cpu() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return std::nullopt;
  return Nanos::of(time.tv_sec * kNanosPerSecond + time.tv_nsec);
}

// proc(5): the second word of statm is the resident set, in pages.
std::optional<std::uint64_t> read_own_resident() {
  const auto text = read_file("/proc/self/statm");
  if (!text) return std::nullopt;
  const auto words = split(*text, ' ');
  const auto pages = words.size() > 1 ? parse_u64(words[1]) : std::nullopt;
  if (!pages) return std::nullopt;
  return *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace nw::noded
