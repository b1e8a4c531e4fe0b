#include "base/cpu_ticks.h"

#include <algorithm>
#include <array>

#include "base/parse.h"

namespace nw {

namespace {
struct Column {
  bool busy, needed;
};
constexpr std::array<Column, 8> kColumns{{{true, true},      // user
                                          {true, true},      // nice
                                          {true, true},      // system
                                          {false, true},     // idle
                                          {false, true},     // iowait
                                          {true, true},      // irq
                                          {true, true},      // softirq
                                          {false, false}}};  // steal
constexpr std::uint64_t kMost = std::uint64_t{1} << 56;

bool parse_busy(std::string_view text, std::uint64_t& value) {
  const auto ticks = parse_cpu_ticks(text);
  if (ticks) value = ticks->busy;
  return ticks.has_value();
}
}  // namespace

const Extract kBusyTicks{"busy_ticks", parse_busy};

std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat) {
  std::string_view line = stat.substr(0, stat.find('\n'));
  if (!line.starts_with("cpu ")) return std::nullopt;
  line.remove_prefix(4);
  CpuTicks sum;
  for (const auto& [busy, needed] : kColumns) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto field = line.substr(0, line.find(' '));
    const auto ticks = parse_u64(field);
    if (needed && (!ticks || *ticks > kMost)) return std::nullopt;
    if (!ticks || *ticks > kMost) break;
    sum.all += *ticks;
    if (busy) sum.busy += *ticks;
    line.remove_prefix(field.size());
  }
  return sum;
}

std::uint32_t count_cpus(std::string_view cpuinfo) {
  std::uint32_t cpus = 0;
  for (const auto line : split(cpuinfo, '\n'))
    if (const auto colon = line.find(':'); colon != line.npos)
      cpus += trim(line.substr(0, colon)) == "processor" && parse_u64(line.substr(colon + 1));
  return cpus;
}

}  // namespace nw
