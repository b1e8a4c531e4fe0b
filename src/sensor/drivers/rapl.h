// Shared by the RAPL drivers: the accuracy of a counter of each domain, the maximum power of its part, and the CPU
// model.
//
// Tolerances are nodewatt's defaults ("assumed"): no vendor states one. Intel packages +-5 %, offset 1 W (Khan 2018 and
// Hackenberg 2015 find package readings close to wall power); DRAM +-10 % on servers, where it is measured at the
// regulator, +-15 % on clients; AMD packages +-10 %, since Schoene 2021 found them modelled and insensitive to operand
// data; psys +-10 %; of a CPU that is not known the widest of these, and in a virtual machine +-50 %. Maximum powers
// are twice the largest part on sale, to catch broken readings, not turbo: a package of 2025 is rated 500 W.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sensor/driver.h"

namespace nw::rapl {

// The part of /proc/cpuinfo that determines what a counter means.
struct Cpu {
  bool known = false;   // /proc/cpuinfo could be read and names a vendor
  bool x86 = false;     // Intel, AMD or Hygon, which have RAPL
  bool amd = false;     // AMD or Hygon
  bool server = false;  // Xeon or EPYC
  bool guest = false;   // a virtual machine
  bool sgx = false;     // has SGX switched on, which perturbs energy counters
  unsigned family = 0, model = 0;
};
Cpu read_cpu(Host& host);

// The SensorInfo of one RAPL counter of `part`, without its unit and wrap; `driver` and `through` go into its id and
// its source.
SensorInfo make_info(std::string_view driver, std::string_view through, const Part& part, const Cpu& cpu);

// Whether DRAM has a unit of its own, 2^-16 J, on this CPU whatever its unit register says.
bool has_fixed_dram_unit(const Cpu& cpu);

// DRAM counted in another unit than this CPU's, as kernels before their fix do: 4 times too low or too high. The files
// betray it, since a 32-bit counter's range is its unit times 2^32 - 1. The units are nanojoules, by which to multiply
// and to divide.
struct UnitFault {
  std::int64_t right_nj = 0, shown_nj = 0;
};
std::optional<UnitFault> find_dram_fault(const Cpu& cpu, std::uint64_t package_range_uj, std::uint64_t dram_range_uj);
// The same by the files of powercap, which everybody may read.
std::optional<UnitFault> find_dram_fault(Host& host, const Cpu& cpu);
std::string describe(const UnitFault& fault);

// Whether this program runs in a container, which sees the host's kernel through masks and cannot load modules.
bool is_container(Host& host);

// What a RAPL counter in a virtual machine is.
inline constexpr const char* kInGuest =
    "this is a virtual machine: its RAPL counters are what the hypervisor says, the whole host's package or a part of "
    "it "
    "by CPU time; shown as attributed, to within half";

// The source's name for display: "RAPL package".
std::string_view title(Domain domain);

}  // namespace nw::rapl
