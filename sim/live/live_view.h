// LiveView: what other programs can read of a machine while it plays: the files and links that its views show, and
// plain value files beside them, from which a library or a server that stands for a device answers.
//
//   /nvml/count, /nvml/driver, /nvml/cuda, /nvml/<i>/{uuid,name,pci,limit_mw,busy_percent,processes}, and energy_mj and
//   power_mw where the GPU has them
//   /rocm/count, /rocm/<i>/{uuid,name,pci,resolution_uj,energy_counts,busy_percent}
//   /bmc/watts, /redfish/watts, /pdu/<outlet>/watts
// The last three say what the scenario's sensor of that family (ipmi_dcmi, redfish, pdu_snmp) says. Where it has none
// they are honest meters of the plug: its mean over the second before, halved between two outlets.
#pragma once

#include "sim/views.h"

namespace nw::sim {

// The machine must outlive the view.
View make_live_view(const Machine& machine);

// Every sensor tells the truth as far as its steps and refreshes let it: gain 1, no offset, no noise.
void make_honest(Scenario& scenario);

}  // namespace nw::sim
