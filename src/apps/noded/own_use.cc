#include "apps/noded/own_use.h"

#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <string_view>

#include "base/fd.h"
#include "base/parse.h"

namespace nw::noded {

std::optional<Nanos> read_own_cpu() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return std::nullopt;
  return Nanos::of(time.tv_sec * kNanosPerSecond + time.tv_nsec);
}

// proc(5): the second word of statm is the resident set, in pages.
std::optional<std::uint64_t> read_own_resident() {
  const Fd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  char text[256];
  const ssize_t size = file ? ::read(file.get(), text, sizeof text) : -1;
  if (size <= 0) return std::nullopt;
  const auto words = split({text, static_cast<std::size_t>(size)}, ' ');
  const auto pages = words.size() > 1 ? parse_u64(words[1]) : std::nullopt;
  if (!pages) return std::nullopt;
  return *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace nw::noded
