// What the RAPL drivers all know: how good a counter of each domain is, how large its part can be, and which CPU
// this is.
//
// Tolerances are the house's defaults ("assumed"): no maker states one. Intel packages +-5 %, offset 1 W (Khan 2018 and
// Hackenberg 2015 find package readings close to the plug); DRAM +-10 % on servers, where it is measured through the
// regulator, +-15 % on clients; AMD packages +-10 %, since Schoene 2021 found them modelled, blind to the data that
// moves; psys +-10 %. Maximum powers are twice the largest part on sale and catch broken readings, not turbo: a package
// of 2025 is rated 500 W.
#pragma once

#include "sensor/driver.h"

namespace nw::rapl {

// What /proc/cpuinfo says that changes what a counter means.
struct Cpu {
  bool x86 = false;     // Intel, AMD or Hygon, which have RAPL
  bool amd = false;     // AMD or Hygon
  bool server = false;  // Xeon or EPYC
  bool guest = false;   // a virtual machine
  bool sgx = false;     // has SGX switched on, which perturbs energy counters
  unsigned family = 0, model = 0;
};
Cpu read_cpu(Host& host);

// The sensor info of one RAPL counter of `part`, but for its unit and wrap; `driver` and `through` go into its id and
// its source.
SensorInfo make_info(std::string_view driver, std::string_view through, const Part& part, const Cpu& cpu);

// The source's name for people: "RAPL package".
std::string_view title(Domain domain);

}  // namespace nw::rapl
