// Shared by the files of the live view: each adds what other people's programs expect of a node and nodewatt's own
// drivers do without.
#pragma once

#include "sim/views.h"

namespace nw::sim {

// Zones where the kernel has them, nested below /sys/devices/virtual/powercap, with links in /sys/class/powercap.
// A view has them flat, which is enough for a tape.
void nest_powercap_zones(View& view, const Machine& machine);

// /proc/stat, cpuinfo, meminfo, uptime and the CPUs' topology, whole. `up`: how long the node was up at time 0.
void show_operating_system(View& view, const Machine& machine, Nanos up);

// What NVML says of a GPU besides its sensors, as value files in /nvml/<i>/.
void show_gpu_details(View& view, const Machine& machine);

// RAPL's registers, on every CPU of their socket.
void show_registers(View& view, const Machine& machine);

}  // namespace nw::sim
