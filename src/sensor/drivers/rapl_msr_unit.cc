#include "sensor/drivers/rapl_msr_unit.h"

#include <algorithm>

namespace nw::rapl {

namespace {
constexpr unsigned kCoreFamily = 6;  // of every Intel CPU that is meant here

constexpr unsigned kWholeJoulePlatform[] = {0x8f, 0xcf};                  // Sapphire Rapids, Emerald Rapids
constexpr unsigned kOtherUnits[] = {0x37, 0x4a, 0x4c, 0x4d, 0x5a, 0x5d};  // Atoms whose exponent counts upwards

template <std::size_t n>
bool is_one_of(const Cpu& cpu, const unsigned (&models)[n]) {
  return !cpu.amd && cpu.family == kCoreFamily &&
         std::find(std::begin(models), std::end(models), cpu.model) != std::end(models);
}
}  // namespace

std::optional<CountUnit> compute_unit(Domain domain, const Cpu& cpu, std::uint64_t unit_register) {
  const CountUnit standard = unit_of_exponent((unit_register >> 8) & 0x1f);
  if (!cpu.x86 || is_one_of(cpu, kOtherUnits)) return std::nullopt;
  if (cpu.amd) return domain == Domain::package ? std::optional(standard) : std::nullopt;
  switch (domain) {
    case Domain::package: return standard;
    case Domain::core:
    case Domain::uncore: return cpu.server ? std::nullopt : std::optional(standard);
    case Domain::dram: return has_fixed_dram_unit(cpu) ? unit_of_exponent(16) : standard;
    case Domain::psys:
      if (is_one_of(cpu, kWholeJoulePlatform)) return unit_of_exponent(0);
      return cpu.server ? std::nullopt : std::optional(standard);
    default: return std::nullopt;
  }
}

}  // namespace nw::rapl
