// Runs the production code on a simulated node, and gives the true value that its result is compared with.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/tape.h"
#include "record/record_fwd.h"
#include "sim/machine.h"

namespace nw::accuracy {

// Inventory, Reader and RunAccounting as in `nodewatt run`, on a tape of the machine with run's own sampling schedule.
// `edit` may change the tape before it is replayed.
pb::Record measure(const sim::Machine& machine, const std::function<void(Tape&)>& edit = {});

// What the total of a record should be. Nothing where no sensor of the total could be matched.
struct Truth {
  double joules = 0;     // of everything that the total includes
  double sensed = 0;     // the same through the gain and offset of the sensors that it rests on
  bool counters = true;  // it rests on counters alone
};
std::optional<Truth> truth_of(const sim::Machine& machine, const pb::Record& record);

}  // namespace nw::accuracy
