// Facility: carbon and cost of a run, from the factors in its record.
//
// Nothing is computed without an explicit factor, and no factor ever changes an energy. The energy is the whole node's:
// the record's own where that covers the node, else its estimate; the text states which. Factors count as exact, so the
// uncertainty is that of the energy alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "record/record_fwd.h"
#include "report/number.h"
#include "report/report.h"

namespace nw {

struct Footprint {
  Amount carbon_g, cost;      // unknown without their factor, or without an energy
  Amount energy;              // J, what both were made from
  std::optional<double> pue;  // what both were multiplied by
  bool estimate = false;      // of node_estimate, not of energy
  pb::Kind kind{};            // of that energy
};
Footprint compute_footprint(const pb::Record& record);
// The mean over repeats, of one phase or (empty) of the whole run; unknown where their factors differ.
Footprint compute_footprint(Records runs, std::string_view phase);

// "184 +- 4 g of CO2e, E: 525 Wh (...) x PUE 1.3 (source, date) x 380 g/kWh (source, date)"; empty without a factor.
std::string compute_carbon_words(const pb::Record& record, const NumberStyle& style);
std::string compute_carbon_words(Records runs, std::string_view phase, const NumberStyle& style);
std::string compute_cost_words(const pb::Record& record, const NumberStyle& style);

// Factors given on the command line of the report, in place of the record's own.
struct Factors {
  std::optional<double> carbon_g_per_kwh, pue;
  std::string carbon_source, pue_source;  // empty: the command line
};
void apply(const Factors& factors, pb::Record& record);

}  // namespace nw
