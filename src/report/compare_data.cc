// A comparison for programs: JSON (schema nodewatt/1, type "comparison") and one CSV row a variant. Numbers have full
// precision, unknown is null or an empty cell, text is foreign text.
#include <fmt/format.h>

#include "record/record.pb.h"
#include "report/compare_json.h"
#include "report/compare_words.h"
#include "report/csv_values.h"
#include "report/json_values.h"
#include "report/report.h"
#include "report/words.h"

namespace nw {

namespace {

using json::Json, json::list, json::number, json::text;

Json place(std::size_t one) { return one == 0 ? Json(nullptr) : Json(one); }

Json work_json(const SharedWork& work) { return {{"unit", text(work.unit)}, {"phase", text(work.phase)}}; }

Json side_json(const Side& side, const Comparison& all) {
  Json per_unit = Json::array();
  for (std::size_t i = 0; i < all.works.size(); ++i) {
    Json one = work_json(all.works[i]);
    one["energy_j"] = json::mean(side.per_unit[i]);
    per_unit.push_back(std::move(one));
  }
  return {{"label", text(side.who.label)},
          {"runs", list(side.who.runs, [](const pb::Record* run) { return text(run->uid()); })},
          {"failed_runs", side.who.failed},
          {"phase", text(side.who.phase)},
          {"duration_s", json::mean(side.seconds)},
          {"energy_j", json::mean(side.joules)},
          {"mean_power_w", json::mean(side.watts)},
          {"per_unit", per_unit},
          {"kind", text(kind_name(side.kind))},
          {"coverage", number(side.coverage)},
          {"boundary", boundary_words(all, side)},
          {"relative_energy", json::amount(side.energy.quotient)},
          {"difference_j", json::amount(side.energy.difference)},
          {"clear", side.verdict == Verdict::clear},
          {"verdict", text(name(side.verdict))},
          {"of_these_runs_alone", side.energy.is_of_these_runs},
          {"gain_by_load", side.same_sensors ? number(side.energy.gain_by_load) : Json(nullptr)},
          {"relative_time", json::amount(side.time.quotient)},
          {"relative_energy_delay", json::amount(side.delay.quotient)},
          {"same_sensors_as_base", side.same_sensors},
          {"energy_rank", place(side.energy_place)},
          {"time_rank", place(side.time_place)},
          {"energy_delay_rank", place(side.product_place)},
          {"pareto", side.on_front}};
}

using csv::cell, csv::cells;
std::string rank(std::size_t place) { return place == 0 ? "" : std::to_string(place); }

}  // namespace

Json make_compare_object(const Comparison& comparison) {
  const CompareWords words = make_compare_words(comparison, {Units::automatic, true, false});
  return {{"schema", "nodewatt/1"},
          {"type", "comparison"},
          {"ranked", comparison.is_ranked},
          {"comparable", words.comparable},
          {"per", comparison.per ? work_json(*comparison.per) : Json(nullptr)},
          {"same_work", comparison.same_amount},
          {"common_domains", comparison.common},
          {"left_out_domains", comparison.left_out},
          {"compared", comparison.compared},
          {"tests", comparison.pairs.tests()},
          {"method", kJudgedBy},
          {"least_is_low_by", number(comparison.least_is_low_by)},
          {"base", comparison.base ? text(comparison.sides[*comparison.base].who.label) : Json(nullptr)},
          {"sides", list(comparison.sides, [&](const Side& side) { return side_json(side, comparison); })},
          {"differences", list(comparison.differences,
                               [](const Difference& one) {
                                 return Json{
                                     {"what", text(one.what)},
                                     {"values", list(one.values, [](const auto& value) { return text(value); })}};
                               })},
          {"verdicts", words.verdicts}};
}

std::string make_compare_json(const Comparison& comparison) { return json::print(make_compare_object(comparison)); }

std::string make_compare_csv(const Comparison& comparison) {
  std::string out =
      "label,runs,phase,unit,duration_s,duration_uncertainty_s,energy_j,energy_uncertainty_j,energy_per_unit_j,"
      "energy_per_unit_uncertainty_j,kind,coverage,boundary,relative_energy,relative_energy_uncertainty,relative_time,"
      "relative_time_uncertainty,energy_rank,time_rank,energy_delay_rank,pareto,unit_phase,failed_runs,verdict\n";
  for (const Side& side : comparison.sides) {
    const std::string& unit_phase = side.who.phase.empty() && comparison.per ? comparison.per->phase : side.who.phase;
    out += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", for_csv(side.who.label), side.who.runs.size(),
        for_csv(side.who.phase), comparison.per ? for_csv(comparison.per->unit) : "", cells(side.seconds),
        cells(side.joules), comparison.per ? cells(side.figure) : ",", kind_name(side.kind), cell(side.coverage),
        for_csv(boundary_words(comparison, side)), cells(side.energy.quotient), cells(side.time.quotient),
        rank(side.energy_place), rank(side.time_place), rank(side.product_place), side.on_front ? "yes" : "no",
        for_csv(unit_phase), side.who.failed, name(side.verdict));
  }
  return out;
}

}  // namespace nw
