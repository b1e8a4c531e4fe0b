// Shared by the RAPL drivers: the accuracy of a counter of each domain, the maximum power of its part, and the CPU
// model.
//
// Tolerances are nodewatt's defaults ("assumed"): no vendor states one. Intel packages +-5 %, offset 1 W (Khan 2018 and
// Hackenberg 2015 find package readings close to wall power); DRAM +-10 % on servers, where it is measured at the
// regulator, +-15 % on clients; AMD packages +-10 %, since Schoene 2021 found them modelled and insensitive to operand
// data; psys +-10 %. Maximum powers are twice the largest part on sale, to catch broken readings, not turbo: a package
// of 2025 is rated 500 W.
#pragma once

#include "sensor/driver.h"

namespace nw::rapl {

// The part of /proc/cpuinfo that determines what a counter means.
struct Cpu {
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

// The source's name for display: "RAPL package".
std::string_view title(Domain domain);

}  // namespace nw::rapl
