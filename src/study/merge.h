// Merge: the records of several nodes that took part in one run, as one record.
//
// Energies and their doubts add up (energy_sum.h), work adds up, phases meet by their path, components keep their
// node's name in front. The result's uid follows from those of its members, so that merging the same ones again, in any
// order, in steps or twice, is the same record. Refused is what would be no sum of one run: nodes measured within
// different boundaries, different jobs, times that have nothing to do with each other, one node twice.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"

namespace nw {

struct MergeOptions {
  std::string name;          // of the result; empty: the members'
  bool allow_mixed = false;  // what would be refused is merged all the same, with an anomaly that says so
};

Result<pb::Record> merge_records(const std::vector<pb::Record>& records, const MergeOptions& options);

}  // namespace nw
