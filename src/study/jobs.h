// Jobs: joins what the daemons of several nodes report about the same jobs, one record for each run of a job.
//
// A job's id does not identify a run: it comes again after a requeue, and other clusters use it too. A node has one
// record of each run, and the records of one run overlap in time. If no daemon reported on some of a job's nodes, the
// sum is marked as partial: its coverage falls accordingly, and an anomaly counts the missing nodes.
#pragma once

#include <vector>

#include "record/record_fwd.h"

namespace nw {

// Newest first. Records that hold no job come back as they are.
std::vector<pb::Record> gather_jobs(std::vector<pb::Record> records);

// On how many nodes, as Slurm counts them, this was measured.
unsigned measured_nodes(const pb::Record& record);

}  // namespace nw
