// The table of phases, with their work and energy per unit: the same for a run and a job.
#pragma once

#include <string>
#include <vector>

#include "report/report.h"
#include "report/summary.h"

namespace nw {

std::string make_phase_text(const std::vector<PhaseLine>& phases, const TextStyle& style);

// "0.526 J/sample, 12 J/epoch"
std::string joined(const std::vector<std::string>& words);

}  // namespace nw
