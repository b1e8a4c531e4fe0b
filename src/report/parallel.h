// Parallel programs in a report: the ranks behind a record, and the nodes behind a merged one.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "record/record_fwd.h"
#include "report/number.h"

namespace nw {

// One node's part. `attempt` is empty where there was one.
struct MemberLine {
  std::string host, id, start, duration, attempt, ranks, energy, uncertainty, mean, coverage;
  pb::Kind kind{};
};

std::vector<MemberLine> make_member_lines(const pb::Record& record, const NumberStyle& style);
// "8 (of 16), 1 failed, job slurm-1234.0"; empty when it was no parallel program.
std::string compute_ranks_words(const pb::Record& record);

nlohmann::ordered_json make_parallel_json(const pb::Record& record);  // null when it was no parallel program
nlohmann::ordered_json make_members_json(const pb::Record& record);

}  // namespace nw
