// The running jobs by power and, for administrators, where the node's energy went since the daemon's accounting began.
#pragma once

#include <span>
#include <string>

#include "record/record_fwd.h"
#include "report/report.h"

namespace nw {

// The jobs with the highest mean power come first.
std::string make_top(Records jobs, std::span<const pb::NodeState> nodes, const TextStyle& style);
std::string make_top_json(Records jobs, std::span<const pb::NodeState> nodes);

}  // namespace nw
