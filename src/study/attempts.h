// Attempts: which records of a restarted job belong to one attempt, and which attempts follow each other.
//
// What ran at the same time is one attempt. The restart count alone does not say so: each of torchrun's agents counts
// the failures of its own workers, so that after a node's failure its records say 1 and those of the others still 0.
// What the counts say is the order: an attempt follows another when no node's count fell and some count rose. A job's
// name that is used again begins at 0 again, and so is told from a restart.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "record/record_fwd.h"
#include "study/merge_parts.h"

namespace nw {

// In the order in which attempts come: a job that is requeued starts its launcher anew.
struct RestartCount {
  std::uint32_t requeue = 0, attempt = 0;
  auto operator<=>(const RestartCount&) const = default;
  std::uint64_t sum() const { return std::uint64_t{requeue} + attempt; }
};

// Nothing: the record does not say it, as those of earlier versions do not.
std::optional<RestartCount> restart_count(const pb::Record& record);
std::optional<RestartCount> restart_count(const Inputs& attempt);  // the largest

// Records of one job, newest attempt first: each has those that ran together, of every node at most one.
std::vector<Inputs> find_attempts(Inputs records);

// Whether this is the same job's next recorded attempt.
bool follows(const Inputs& later, const Inputs& earlier);

// Of records that are to be merged: their attempts, oldest first. One, with all of them, unless they are of one job and
// say that it was restarted.
std::vector<Inputs> split_into_attempts(const Inputs& records);

// Whether the next of these records of the same job on its node is of a later attempt: whatever its exit code, it was
// not the end of the job.
bool was_restarted(const pb::Record& record, const Inputs& among);

// Whether its energy includes attempts that failed.
bool has_failed_attempts(const pb::Record& record);

// The energy of the attempts that failed; unknown when there is one whose energy or end is unknown.
struct FailedAttempts {
  unsigned count = 0;
  std::optional<double> joules, uncertainty, fraction;  // of the record's energy
};
FailedAttempts compute_failed_attempts(const pb::Record& record);

}  // namespace nw
