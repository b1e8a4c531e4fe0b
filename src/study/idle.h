// How much of a run's energy the node would have drawn anyway: its baseline times the run's length.
//
// Of the same sensors that the run's energy is made of, and only where each of them has a baseline: otherwise the two
// would not be of one thing. The sensors' own gain moves both alike, so that the idle energy is relatively as uncertain
// as the run's; the baseline's scatter comes on top.
#pragma once

#include <optional>
#include <string>

#include "study/values.h"

namespace nw {

struct IdleShare {
  Amount joules;
  Amount watts;
  std::optional<double> fraction;  // of the run's energy
  std::string date;                // when the baseline was measured; the oldest, where they differ
};

// Nothing where no baseline fits.
std::optional<IdleShare> compute_idle(const pb::Record& record);

}  // namespace nw
