// The attempts of a restarted job in a report: what each took, and what the failed ones took of the whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "record/record_fwd.h"
#include "report/number.h"
#include "report/report.h"

namespace nw {

struct AttemptLine {
  std::string number, end, start, duration, nodes, ranks, energy, uncertainty, share, mean, coverage;
  pb::Kind kind{};
  bool is_failed = false;
};

std::vector<AttemptLine> make_attempt_lines(const pb::Record& record, const NumberStyle& style);
// "2, 1 failed: 1200 +- 69 J, 42.9 % of this energy; attempt 1 ended well"; empty when there was one.
std::string compute_attempts_words(const pb::Record& record, const NumberStyle& style);
// "failed", "ended well"; empty: unknown.
std::string_view outcome_word(const pb::Attempt& attempt);

std::string make_attempts_table(const std::vector<AttemptLine>& lines, const TextStyle& style);  // for a terminal

nlohmann::ordered_json make_attempts_json(const pb::Record& record);
nlohmann::ordered_json make_failed_attempts_json(const pb::Record& record);  // null when there was one attempt

}  // namespace nw
