// What a site file states about the parts that the model driver assumes: the rest of a node, and its power supplies.
#pragma once

#include "sensor/driver.h"

namespace nw {

// A power, the half-width of its uncertainty, and the source of both.
struct ModelledPower {
  Watts power;
  double half_width_w = 0;
  std::string basis = "assumed";
};

// The rest of a node: `assumed` where the site states nothing. What the site gives replaces its share of the
// assumption; half-widths add up, since the errors of the parts may be correlated.
ModelledPower compute_rest(const ModelSite& site, const ModelledPower& assumed);

// The efficiency at a load: linear between the curve's points, constant beyond its ends.
double compute_efficiency(const std::vector<std::pair<double, double>>& curve, double load);

// The loss of the power supplies while they deliver `given`; 0 for none.
Watts compute_psu_loss(const ModelSite& site, Watts given);

// The half-width of a loss relative to it: an efficiency is off by 0.01 at most, taken at the point of the curve where
// that weighs most; `given` is the relative half-width of the delivered power.
double compute_psu_uncertainty(const ModelSite& site, double given);

}  // namespace nw
