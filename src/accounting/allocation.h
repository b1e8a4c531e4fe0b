// Allocation: which accelerators of a node were given to this run or job.
//
// The scheduler's statement comes first: what Slurm gave to a job is not available to anybody else, whichever part of
// it the program uses. Next come the variables that show a program, or a container, fewer devices than there are. A
// number in them is believed only where it can mean one device; what is not known stays unknown, and a missing variable
// states nothing. Which variables those are, and how they count, each driver declares for its devices
// (sensor/utilization.h); no vendor is named here.
//
//   SLURM_STEP_GPUS, SLURM_JOB_GPUS   numbers in the node's own order, never relative to what a job is shown; on a node
//                                     with devices of two vendors they are ambiguous
//   a vendor's variables              UUIDs (or their beginnings), or numbers; a list ends at the first entry that
//                                     matches no device
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consumer/environment.h"
#include "record/record_fwd.h"
#include "sensor/utilization.h"

namespace nw {

// For each utilization whether its device was given to this run or job; nothing where it is not known.
std::vector<std::optional<bool>> compute_allocation(const std::vector<UtilizationInfo>& infos,
                                                    const Environment& environment);
// For each utilization whether a process that may open these device nodes ("195:0"; "195:*": all of them) may use its
// device; nothing where its driver declares none.
std::vector<std::optional<bool>> compute_openable(const std::vector<UtilizationInfo>& infos,
                                                  const std::vector<std::string>& nodes);
// Writes compute_allocation into the devices of a record that write_devices() made.
void write_allocation(const std::vector<UtilizationInfo>& infos, const Environment& environment, pb::Record& record);

}  // namespace nw
