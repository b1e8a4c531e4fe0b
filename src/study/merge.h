// Merge: the records of several nodes that took part in one run, as one record.
//
// Energies and their uncertainties add up (energy_sum.h), work adds up, phases are matched by path, and components get
// their node's name as a prefix. The result's uid follows from those of its members, so that merging the same ones
// again, in any order, in steps or twice, gives the same record. Refused are sums that would not be of one run: nodes
// measured within different boundaries, different jobs, times that do not match, one node twice.
//
// Records of a job that was restarted (attempts.h) are merged attempt by attempt, and the attempts then add up to the
// job: its energy is what all of them took. Its end, ranks, figures and labels are the last attempt's.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"

namespace nw {

struct MergeOptions {
  std::string name;          // of the result; empty: the members'
  bool allow_mixed = false;  // what would be refused is merged nevertheless, with an anomaly
};

Result<pb::Record> merge_records(const std::vector<pb::Record>& records, const MergeOptions& options);

}  // namespace nw
