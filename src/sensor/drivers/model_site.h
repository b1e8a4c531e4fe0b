// What a site file knows of the parts that the model driver assumes: the rest of a node, and its power supplies.
#pragma once

#include "sensor/driver.h"

namespace nw {

// A power, the half-width of its doubt, and who says so.
struct ModelledPower {
  Watts power;
  double half_width_w = 0;
  std::string basis = "assumed";
};

// The rest of a node: `assumed` where the site says nothing. What the site gives takes the place of its share of the
// assumption; half-widths add up, since nobody knows that one part's error is not the other's.
ModelledPower compute_rest(const ModelSite& site, const ModelledPower& assumed);

// A share as the curve has it: straight lines between its points, its ends held.
double compute_efficiency(const std::vector<std::pair<double, double>>& curve, double load);

// What power supplies lose while they give `given`; 0 for none.
Watts compute_psu_loss(const ModelSite& site, Watts given);

// The half-width of a loss relative to it: an efficiency is off by 0.01 at most, at the point of the curve where that
// weighs most, and the power given by `given` (relative).
double compute_psu_doubt(const ModelSite& site, double given);

}  // namespace nw
