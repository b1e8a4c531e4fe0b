// Contender: the runs that stand for one side of a comparison: the repeats of one command, or one run alone. Knows when
// two sides may be ranked at all, and whether their difference is larger than the doubt.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/record.pb.h"
#include "study/repeats.h"

namespace nw {

struct Contender {
  std::string label;
  std::string id;     // of the first run
  std::string reach;  // what its energy takes in: figures of different reach cannot be ranked
  std::vector<const pb::Record*> runs;
};

// Records of one group become one contender, warm-ups left out unless there is nothing else. In the order of first
// occurrence.
std::vector<Contender> make_contenders(std::span<const pb::Record* const> records);

Excerpts excerpts(const Contender& contender, std::string_view phase);

// One node, read by the same sensors, nothing modelled: their common error moves both sides alike.
bool same_sensors(const Contender& a, const Contender& b);

// A unit of work in one phase (empty: the run itself) that every contender has done.
struct SharedWork {
  std::string phase;
  std::string unit;
};
std::vector<SharedWork> shared_work(const std::vector<Contender>& contenders);

// What of the machines and labels is not the same: "host: g0412 / cn17".
std::vector<std::string> differences(const std::vector<Contender>& contenders);

}  // namespace nw
