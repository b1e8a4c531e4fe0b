// The first line of /proc/stat: what all CPUs together have done since boot, in ticks.
//
//     cpu  user nice system idle iowait irq softirq steal guest guest_nice
//
// Busy are user, nice, system, irq and softirq. Idle and iowait are not; steal was another virtual machine's time;
// guest time is already in user. A tick is 1/100 s whatever the kernel's own (USER_HZ is fixed for user space). The
// kernel's sums may step back a little when CPUs go offline.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/host.h"

namespace nw {

inline constexpr std::int64_t kTicksPerSecond = 100;

struct CpuTicks {
  std::uint64_t busy = 0;
  std::uint64_t all = 0;  // with idle, iowait and steal
};
// Nothing when the text does not begin with such a line. Old kernels have no steal.
std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat);

extern const Extract kBusyTicks;  // of /proc/stat, as a repeated read

// How many CPUs /proc/cpuinfo lists.
std::uint32_t count_cpus(std::string_view cpuinfo);

}  // namespace nw
