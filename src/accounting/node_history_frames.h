// What was learned of a node's own sensor, as a checkpoint and the machine's own file store it.
#pragma once

#include <optional>

#include "accounting/resolved_total.h"
#include "record/checkpoint.pb.h"

namespace nw {

void write_history(const NodeHistory& history, pb::NodeHistory& out);
// Nothing where it is damaged: a figure that is no number, a negative variance, a time out of range.
std::optional<NodeHistory> read_history(const pb::NodeHistory& in);

}  // namespace nw
