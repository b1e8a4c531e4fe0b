#include "report/facility.h"

#include <fmt/format.h>

#include "report/escape.h"
#include "report/words.h"

namespace nw {

namespace {
constexpr double kJoulesPerKwh = 3.6e6;

// A factor of a record from anywhere: what is no sensible number is no factor.
std::optional<double> factor_of(bool has, const pb::Sourced& figure, double least) {
  const auto value = finite(figure.value());
  return has && value && *value >= least ? value : std::nullopt;
}

const pb::Energy& energy_of(const pb::Record& record) {
  return record.has_node_estimate() && energy_j(record.node_estimate()) ? record.node_estimate() : record.energy();
}

Amount times(Amount amount, double factor) {
  if (amount.value) *amount.value *= factor;
  if (amount.uncertainty) *amount.uncertainty *= factor;
  return amount;
}

std::string source_words(const pb::Sourced& figure) {
  std::string words = cut_middle(clean(figure.source()), 60);
  if (!figure.date().empty()) words += (words.empty() ? "" : ", ") + cut_middle(clean(figure.date()), 24);
  return words.empty() ? "no source" : words;
}

// "525 Wh (M) x PUE 1.3 (source, date) x ", to be followed by the factor.
std::string ground_words(const pb::Record& record, const Footprint& footprint, const NumberStyle& style) {
  std::string words = fmt::format("{} ({}{}) x ", energy_text(energy_amount(energy_of(record)), style),
                                  footprint.estimate ? "whole node, " : "", kind_mark(footprint.kind));
  if (footprint.pue)
    words += fmt::format("PUE {} ({}) x ", plain_text(footprint.pue), source_words(record.facility().pue()));
  return words;
}
}  // namespace

Footprint compute_footprint(const pb::Record& record) {
  Footprint out;
  const pb::Facility& facility = record.facility();
  const pb::Energy& energy = energy_of(record);
  out.estimate = &energy == &record.node_estimate();
  out.kind = energy.kind();
  out.pue = factor_of(facility.has_pue(), facility.pue(), 1);
  const Amount kwh = times(energy_amount(energy), out.pue.value_or(1) / kJoulesPerKwh);
  if (const auto grams = factor_of(facility.has_carbon_g_per_kwh(), facility.carbon_g_per_kwh(), 0))
    out.carbon_g = times(kwh, *grams);
  if (const auto price = factor_of(facility.has_price_per_kwh(), facility.price_per_kwh(), 0))
    out.cost = times(kwh, *price);
  return out;
}

std::string compute_carbon_words(const pb::Record& record, const NumberStyle& style) {
  const Footprint footprint = compute_footprint(record);
  if (!footprint.carbon_g.value) return "";
  const pb::Sourced& factor = record.facility().carbon_g_per_kwh();
  return fmt::format("{} of CO2e = {}{} g/kWh ({})", mass_pair_text(footprint.carbon_g, style),
                     ground_words(record, footprint, style), plain_text(factor.value()), source_words(factor));
}

std::string compute_cost_words(const pb::Record& record, const NumberStyle& style) {
  const Footprint footprint = compute_footprint(record);
  if (!footprint.cost.value) return "";
  const pb::Sourced& price = record.facility().price_per_kwh();
  const std::string currency = cut_middle(clean(record.facility().currency()), 12);
  return fmt::format("{} = {}{} {}/kWh ({})", money_pair_text(footprint.cost, currency, style),
                     ground_words(record, footprint, style), plain_text(price.value()), currency, source_words(price));
}

}  // namespace nw
