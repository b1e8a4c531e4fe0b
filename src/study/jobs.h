// Jobs: what the daemons of several nodes say of the same jobs, put together, one record for each run of a job.
//
// A job's id alone is not one job: it comes again after a requeue, and another cluster has its own. A node has one
// record of each, and those of one run overlap in time. What a job had and no daemon told of is said: the sum is a
// part, its coverage falls by the nodes that are missing, and an anomaly counts them.
#pragma once

#include <vector>

#include "record/record_fwd.h"

namespace nw {

// Newest first. Records that hold no job come back as they are.
std::vector<pb::Record> gather_jobs(std::vector<pb::Record> records);

// On how many nodes, as Slurm counts them, this was measured.
unsigned measured_nodes(const pb::Record& record);

}  // namespace nw
