#include "report/facility.h"

#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/words.h"
#include "study/repeats.h"

namespace nw {

namespace {
constexpr double kJoulesPerKwh = 3.6e6;

// A factor from an untrusted record: an implausible number counts as none.
std::optional<double> factor_of(bool has, const pb::Sourced& figure, double least) {
  const auto value = finite(figure.value());
  return has && value && *value >= least ? value : std::nullopt;
}

// The energy of the whole node, as far as one is known: of a run or of one of its phases.
const pb::Energy& energy_of(const pb::Record& record, std::string_view path) {
  if (path.empty())
    return record.has_node_estimate() && energy_j(record.node_estimate()) ? record.node_estimate() : record.energy();
  for (const pb::Phase& one : record.phases())
    if (one.path() == path && one.resolved())
      return one.has_node_estimate() && energy_j(one.node_estimate()) ? one.node_estimate() : one.energy();
  return pb::Energy::default_instance();
}

bool is_estimate(const pb::Record& record, const pb::Energy& energy) {
  if (&energy == &record.node_estimate()) return true;
  return std::any_of(record.phases().begin(), record.phases().end(),
                     [&](const pb::Phase& one) { return &energy == &one.node_estimate(); });
}

bool same_factors(Records runs) {
  const std::string first = runs[0]->facility().SerializeAsString();
  return std::all_of(runs.begin(), runs.end(),
                     [&](const pb::Record* run) { return run->facility().SerializeAsString() == first; });
}

Amount times(Amount amount, double factor) {
  if (amount.value) *amount.value *= factor;
  if (amount.uncertainty) *amount.uncertainty *= factor;
  return amount;
}

std::string source_words(const pb::Sourced& figure) {
  std::string words = clean(figure.source());
  if (!figure.date().empty()) words += (words.empty() ? "" : ", ") + clean(figure.date());
  return words.empty() ? "no source" : words;
}

// "525 Wh (M) x PUE 1.3 (source, date) x ", to be followed by the factor.
std::string ground_words(Records runs, const Footprint& footprint, const NumberStyle& style) {
  std::string words = fmt::format("{} ({}{}{}) x ", energy_text(footprint.energy, style),
                                  runs.size() > 1 ? fmt::format("mean of {} runs, ", runs.size()) : "",
                                  footprint.estimate ? "whole node, " : "", kind_mark(footprint.kind));
  if (footprint.pue)
    words += fmt::format("PUE {} ({}) x ", plain_text(footprint.pue), source_words(runs[0]->facility().pue()));
  return words;
}
}  // namespace

Footprint compute_footprint(const pb::Record& record) {
  const pb::Record* one[] = {&record};
  return compute_footprint(one, "");
}

Footprint compute_footprint(Records runs, std::string_view phase) {
  Footprint out;
  if (runs.empty() || !same_factors(runs)) return out;
  Measurements parts;
  for (const pb::Record* run : runs) {
    const pb::Energy& energy = energy_of(*run, phase);
    if (!energy_j(energy)) return out;
    out.estimate = out.estimate || is_estimate(*run, energy);
    out.kind = worse(out.kind, known_kind(energy));
    parts.push_back({&energy, {}, nullptr});
  }
  const pb::Facility& facility = runs[0]->facility();
  out.energy = compute_energy(parts).amount();
  out.pue = factor_of(facility.has_pue(), facility.pue(), 1);
  const Amount kwh = times(out.energy, out.pue.value_or(1) / kJoulesPerKwh);
  if (const auto grams = factor_of(facility.has_carbon_g_per_kwh(), facility.carbon_g_per_kwh(), 0))
    out.carbon_g = times(kwh, *grams);
  if (const auto price = factor_of(facility.has_price_per_kwh(), facility.price_per_kwh(), 0))
    out.cost = times(kwh, *price);
  return out;
}

std::string compute_carbon_words(const pb::Record& record, const NumberStyle& style) {
  const pb::Record* one[] = {&record};
  return compute_carbon_words(one, "", style);
}

std::string compute_carbon_words(Records runs, std::string_view phase, const NumberStyle& style) {
  const Footprint footprint = compute_footprint(runs, phase);
  if (!footprint.carbon_g.value) return "";
  const pb::Sourced& factor = runs[0]->facility().carbon_g_per_kwh();
  return fmt::format("{} of CO2e = {}{} g/kWh ({})", mass_pair_text(footprint.carbon_g, style),
                     ground_words(runs, footprint, style), plain_text(factor.value()), source_words(factor));
}

std::string compute_cost_words(const pb::Record& record, const NumberStyle& style) {
  const pb::Record* one[] = {&record};
  const Footprint footprint = compute_footprint(record);
  if (!footprint.cost.value) return "";
  const pb::Sourced& price = record.facility().price_per_kwh();
  const std::string currency = cut_middle(clean(record.facility().currency()), 12);
  return fmt::format("{} = {}{} {}/kWh ({})", money_pair_text(footprint.cost, currency, style),
                     ground_words(one, footprint, style), plain_text(price.value()), currency, source_words(price));
}

void apply(const Factors& factors, pb::Record& record) {
  const auto set = [](pb::Sourced& figure, double value, const std::string& source) {
    figure.Clear();
    figure.set_value(value);
    figure.set_source(source.empty() ? "given on the command line" : source);
  };
  if (factors.carbon_g_per_kwh)
    set(*record.mutable_facility()->mutable_carbon_g_per_kwh(), *factors.carbon_g_per_kwh,
        valid_utf8(factors.carbon_source));
  if (factors.pue) set(*record.mutable_facility()->mutable_pue(), *factors.pue, valid_utf8(factors.pue_source));
}

}  // namespace nw
