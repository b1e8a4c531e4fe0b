// How much of a run's energy the node would have drawn anyway: its baseline times the run's length.
//
// Computed for the sensors that the run's energy is made of, and only where each of them has a baseline: otherwise the
// two would measure different things.
//
// Uncertainty: a gain affects both alike, so the idle power has the same part of itself as the run; a constant offset
// is as many watts in both, however long the run; the baseline's scatter comes from ten intervals, with Student's
// factor for nine degrees of freedom. In the fraction a gain cancels (but for how it moves with the load, ratio.h), an
// offset as far as idle and load are alike, and what is random in the run is added.
#pragma once

#include <optional>
#include <string>

#include "study/values.h"

namespace nw {

struct IdleShare {
  Amount joules;
  Amount watts;
  Amount fraction;   // of the run's energy
  std::string date;  // when the baseline was measured; the oldest, where they differ
};

// Nothing where no baseline fits.
std::optional<IdleShare> compute_idle(const pb::Record& record);

}  // namespace nw
