// A sweep for programs: JSON (schema nodewatt/1, type "sweep"), which contains its comparison, and one CSV row a point.
#include <fmt/format.h>

#include <algorithm>

#include "report/compare_json.h"
#include "report/csv_values.h"
#include "report/json_values.h"
#include "report/swept.h"
#include "report/words.h"

namespace nw {

namespace {

using json::Json, json::text;

using csv::cells;
std::string place(std::size_t one) { return one == 0 ? "" : std::to_string(one); }

// "least", "unclear", "more", "one_run"; empty where it is not known.
std::string_view verdict(const Swept& swept, std::size_t point) {
  const auto& side = swept.points[point].side;
  if (!side || !swept.comparison.is_ranked || !swept.comparison.sides[*side].energy.quotient.value) return "";
  if (find_least(swept) == point) return "least";
  const Verdict above = swept.comparison.sides[*side].above_least;
  return above == Verdict::clear ? "more" : above == Verdict::one_run ? "one_run" : "unclear";
}

Json labels(const Swept& swept, const std::vector<std::size_t>& points) {
  Json all = Json::array();
  for (const std::size_t point : points) all.push_back(valid_utf8(swept.points[point].label));
  return all;
}

}  // namespace

std::string make_swept_json(const Swept& swept) {
  Json points = Json::array();
  for (std::size_t i = 0; i < swept.points.size(); ++i) {
    const SweptPoint& point = swept.points[i];
    Json values = Json::object();
    for (std::size_t k = 0; k < point.values.size(); ++k)
      values[valid_utf8(swept.dimensions[k])] = valid_utf8(point.values[k]);
    points.push_back({{"label", valid_utf8(point.label)},
                      {"values", values},
                      {"runs_done", point.done},
                      {"runs_wanted", point.wanted},
                      {"failure", text(point.failure)},
                      {"verdict", text(verdict(swept, i))},
                      {"side", point.side ? Json(*point.side) : Json(nullptr)}});
  }
  const auto least = find_least(swept);
  Json order = Json::array(), dimensions = Json::array(), remarks = Json::array();
  for (const auto& one : swept.order) order.push_back(valid_utf8(one));
  for (const auto& one : swept.dimensions) dimensions.push_back(valid_utf8(one));
  for (const auto& one : swept.remarks) remarks.push_back(valid_utf8(one));
  const Json all = {{"schema", "nodewatt/1"},
                    {"type", "sweep"},
                    {"id", text(swept.id)},
                    {"command", text(swept.command)},
                    {"host", text(swept.host)},
                    {"seed", swept.seed},
                    {"dimensions", dimensions},
                    {"points", points},
                    {"least_energy", least ? Json(valid_utf8(swept.points[*least].label)) : Json(nullptr)},
                    {"not_clearly_more", labels(swept, compute_unclear(swept))},
                    {"order", order},
                    {"remarks", remarks},
                    {"comparison", make_compare_object(swept.comparison)}};
  return json::print(all);
}

std::string make_swept_csv(const Swept& swept) {
  const Comparison& all = swept.comparison;
  std::string out;
  for (const std::string& name : swept.dimensions) out += for_csv(name) + ',';
  out +=
      "runs,failure,unit,energy_j,energy_uncertainty_j,energy_per_unit_j,energy_per_unit_uncertainty_j,duration_s,"
      "duration_uncertainty_s,time_per_unit_s,time_per_unit_uncertainty_s,mean_power_w,mean_power_uncertainty_w,"
      "relative_energy,relative_energy_uncertainty,relative_time,relative_time_uncertainty,relative_energy_delay,"
      "relative_energy_delay_uncertainty,energy_rank,time_rank,energy_delay_rank,verdict,pareto,kind\n";
  for (std::size_t i = 0; i < swept.points.size(); ++i) {
    const SweptPoint& point = swept.points[i];
    for (const std::string& value : point.values) out += for_csv(value) + ',';
    out += fmt::format("{},{},", point.done, for_csv(point.failure));
    if (!point.side) {
      out += std::string(22, ',') + '\n';
      continue;
    }
    const Side& side = all.sides[*point.side];
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", all.per ? for_csv(all.per->unit) : "",
                       cells(side.joules), all.per ? cells(side.figure) : ",", cells(side.seconds),
                       all.per ? cells(side.pace) : ",", cells(side.watts), cells(side.energy.quotient),
                       cells(side.time.quotient), cells(side.delay.quotient), place(side.energy_place),
                       place(side.time_place), place(side.product_place), verdict(swept, i),
                       all.is_ranked ? (side.on_front ? "yes" : "no") : "", kind_name(side.kind));
  }
  return out;
}

}  // namespace nw
