// LiveView: what other programs can read of a machine while it is simulated live: the files and links of its views, and
// plain value files beside them, which the stand-in libraries and servers read.
//
//   /nvml/count, /nvml/driver, /nvml/cuda, /nvml/<i>/{uuid,name,pci,limit_mw,busy_percent,processes,temperature_c};
//   energy_mj and power_mw where the GPU has them; of models that are known architecture, capability, memory_bytes,
//   memory_used_bytes, memory_mhz, clock_mhz, clock_max_mhz, limit_min_mw
//   /rocm/count, /rocm/<i>/{uuid,name,pci,resolution_uj,energy_counts,busy_percent}
//   /bmc/watts, /redfish/watts, /pdu/<outlet>/watts
// The last three give the reading of the scenario's sensor of that family (ipmi_dcmi, redfish, pdu_snmp). Where it has
// none they are ideal meters of wall power: its mean over the previous second, half of it for each of two outlets.
#pragma once

#include "sim/views.h"

namespace nw::sim {

// The machine must outlive the view. `up`: how long the node was up at time 0.
View make_live_view(const Machine& machine, Nanos up = seconds(86'400));

// Makes every sensor ideal except for its resolution and update interval: gain 1, no offset, no noise.
void make_honest(Scenario& scenario);

}  // namespace nw::sim
