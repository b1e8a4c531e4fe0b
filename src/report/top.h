// What runs now, by power, and for administrators what the node's energy went to since the daemon's books began.
#pragma once

#include <span>
#include <string>

#include "record/record_fwd.h"
#include "report/report.h"

namespace nw {

// Of these jobs those with the most mean power come first.
std::string make_top(Records jobs, std::span<const pb::NodeState> nodes, const TextStyle& style);
std::string make_top_json(Records jobs, std::span<const pb::NodeState> nodes);

}  // namespace nw
