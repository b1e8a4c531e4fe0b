// How much of a run's energy the node would have drawn anyway: its baseline times the run's length.
//
// Computed for the sensors that the run's energy is made of, and only where each of them has a baseline: otherwise the
// two would measure different things. The sensors' gain affects both alike, so the idle energy has the run's relative
// uncertainty; the baseline's scatter is added.
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
