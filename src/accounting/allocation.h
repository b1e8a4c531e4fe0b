// Allocation: which accelerators of a node were given to this run, by the environment it runs in.
//
// A scheduler's word comes first: what Slurm gave to a job is taken from everybody else, whatever part of it the
// program looks at. Then the variables by which a program, or a container, is shown less than there is. A number in
// them is believed only where it can mean one thing; what is not known stays unknown, and no variable at all says
// nothing.
//
//   SLURM_STEP_GPUS, SLURM_JOB_GPUS   numbers of the node's own order, never relative to what a job is shown
//   CUDA_VISIBLE_DEVICES              UUIDs (or their beginnings), or numbers in CUDA's order, which is the fastest
//   first
//                                     unless CUDA_DEVICE_ORDER=PCI_BUS_ID; it ends at the first that names nothing
//   NVIDIA_VISIBLE_DEVICES            what a container was given: UUIDs, or numbers of the machine outside it
//   ROCR_VISIBLE_DEVICES              numbers or UUIDs; HIP_VISIBLE_DEVICES or GPU_DEVICE_ORDINAL choose among those
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consumer/environment.h"
#include "record/record.pb.h"
#include "sensor/utilization.h"

namespace nw {

// For each utilization whether its device was given; nothing where it is not known.
std::vector<std::optional<bool>> compute_allocation(const std::vector<UtilizationInfo>& infos,
                                                    const Environment& environment);
// The same into the devices of a record, as write_devices() made them.
void write_allocation(const std::vector<UtilizationInfo>& infos, const Environment& environment, pb::Record& record);

}  // namespace nw
