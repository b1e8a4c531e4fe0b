// Allocation: which accelerators of a node were given to this run or job.
//
// A scheduler's word comes first: what Slurm gave to a job is taken from everybody else, whatever part of it the
// program looks at. Then the variables by which a program, or a container, is shown less than there is. A number in
// them is believed only where it can mean one thing; what is not known stays unknown, and no variable at all says
// nothing. Which variables those are, and how they count, each driver states of its devices (sensor/utilization.h); no
// vendor is known here.
//
//   SLURM_STEP_GPUS, SLURM_JOB_GPUS   numbers of the node's own order, never relative to what a job is shown; of a node
//                                     with devices of two vendors nobody knows whose
//   a vendor's variables              UUIDs (or their beginnings), or numbers; a list ends at the first that names
//                                     nothing
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consumer/environment.h"
#include "record/record_fwd.h"
#include "sensor/utilization.h"

namespace nw {

// For each utilization whether its device was given; nothing where it is not known.
std::vector<std::optional<bool>> compute_allocation(const std::vector<UtilizationInfo>& infos,
                                                    const Environment& environment);
// For each utilization whether who may open these device nodes ("195:0"; "195:*": all of them) may use its device;
// nothing where its driver states none.
std::vector<std::optional<bool>> compute_openable(const std::vector<UtilizationInfo>& infos,
                                                  const std::vector<std::string>& nodes);
// compute_allocation into the devices of a record, as write_devices() made them.
void write_allocation(const std::vector<UtilizationInfo>& infos, const Environment& environment, pb::Record& record);

}  // namespace nw
