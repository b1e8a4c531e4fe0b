// The model-specific registers of RAPL: their addresses, and what one count is worth on which CPU.
//
// Intel SDM volume 4 and Linux drivers/powercap/intel_rapl_{msr,common}.c, arch/x86/events/rapl.c; AMD PPR of family
// 17h and later. The unit register has the exponent of the energy unit in bits 12:8: one count is 2^-exponent J. Every
// energy register counts in its lower 32 bits; the upper ones are reserved.
//
// DRAM has a unit of its own, 2^-16 J whatever the unit register says, on the servers from Haswell to Ice Lake and on
// Xeon Phi; from Sapphire Rapids on it has the standard unit again. (Taken for the standard unit, a Skylake server's
// DRAM reads four times too high.) The platform counter of Sapphire and Emerald Rapids counts whole joules; older
// servers have none, and its unit on later ones is not known here.
#pragma once

#include <cstdint>
#include <optional>

#include "sensor/drivers/rapl.h"

namespace nw::rapl {

constexpr std::uint64_t kUnitRegister = 0x606, kPackageRegister = 0x611, kDramRegister = 0x619, kCoreRegister = 0x639,
                        kUncoreRegister = 0x641, kPlatformRegister = 0x64d, kFilterRegister = 0xbc;
constexpr std::uint64_t kAmdUnitRegister = 0xc0010299, kAmdPackageRegister = 0xc001029b;
constexpr std::uint64_t kCounts = std::uint64_t{1} << 32;

// One count is num/den microjoules.
struct CountUnit {
  std::int64_t num = 0;
  std::int64_t den = 1;
  bool operator==(const CountUnit&) const = default;
};

constexpr CountUnit unit_of_exponent(unsigned exponent) { return {1'000'000, std::int64_t{1} << exponent}; }

// The unit of a counter of `domain`; nothing where this CPU has no such counter that is understood.
std::optional<CountUnit> compute_unit(Domain domain, const Cpu& cpu, std::uint64_t unit_register);

}  // namespace nw::rapl
