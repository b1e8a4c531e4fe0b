// The true value of a total of a record: the energy of everything that the total is said to include.
#pragma once

#include <optional>

#include "record/record_fwd.h"
#include "sim/machine.h"

namespace nw::accuracy {

struct Truth {
  double joules = 0;     // of everything that the total includes
  double sensed = 0;     // the same through the gain and offset of the sensors that it rests on
  bool counters = true;  // it rests on counters alone
  bool outside = false;  // the gain of a sensor that it rests on is outside of what its kind states
};

// Of the record's total. Nothing where no sensor of the total could be matched.
std::optional<Truth> truth_of(const sim::Machine& machine, const pb::Record& record);
// Of one of its phases, which ran in [from, to).
std::optional<Truth> truth_of(const sim::Machine& machine, const pb::Record& record, const pb::Phase& phase, Nanos from,
                              Nanos to);

}  // namespace nw::accuracy
