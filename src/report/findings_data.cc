// The findings for programs: JSON (schema nodewatt/1, type "findings"). The figures are numbers, at full precision and
// in base units; the sentences are those of the other formats.
#include "record/record.pb.h"
#include "report/compare_json.h"
#include "report/findings_words.h"
#include "report/json_values.h"
#include "report/report.h"
#include "report/words.h"

namespace nw {

namespace {

using json::Json, json::list, json::number, json::text;

Json run_json(const pb::Record& run) { return {{"id", text(run.uid())}, {"name", text(run.name())}}; }

Json runtime_json(const RuntimeFinding& finding) {
  return {{"methods", list(finding.methods,
                           [](const MethodError& one) {
                             return Json{{"method", name(one.method)},
                                         {"formula", formula(one.method)},
                                         {"source", origin(one.method)},
                                         {"runs", one.n},
                                         {"lowest_error", number(one.lowest)},
                                         {"highest_error", number(one.highest)},
                                         {"median_error_size", number(one.median_size)},
                                         {"clear", one.verdict == Verdict::clear},
                                         {"missing", text(one.missing)}};
                           })},
          {"runs", list(finding.runs,
                        [](const auto& one) {
                          Json run = run_json(*one.first);
                          run["energy_j"] = json::amount(energy_amount(one.first->energy()));
                          run["estimates"] = list(one.second, [](const Estimate& estimate) {
                            return Json{{"method", name(estimate.method)},
                                        {"energy_j", number(estimate.joules)},
                                        {"error", number(estimate.error)},
                                        {"missing", text(estimate.missing)}};
                          });
                          return run;
                        })},
          {"misled", list(finding.misled,
                          [](const Misled& one) {
                            return Json{{"power_of", text(one.from)},
                                        {"taken_for", text(one.on)},
                                        {"error", number(one.error)},
                                        {"power_of_w", json::amount(one.watts_from)},
                                        {"taken_for_w", json::amount(one.watts_on)},
                                        {"clear", one.verdict == Verdict::clear},
                                        {"verdict", text(name(one.verdict))}};
                          })},
          {"compared", finding.compared},
          {"tests", finding.powers.tests()}};
}

std::string_view use_word(Accelerator::Use use) {
  return use == Accelerator::Use::idle ? "idle" : use == Accelerator::Use::busy ? "busy" : "";
}

std::string_view basis_word(Accelerator::Basis basis) {
  return basis == Accelerator::Basis::driver ? "driver" : basis == Accelerator::Basis::power ? "power" : "";
}

Json accelerator_json(const Accelerator& one) {
  return {{"domain", text(one.part->domain())},     {"device", text(one.part->device())},
          {"label", text(one.part->label())},       {"use", text(use_word(one.use))},
          {"basis", text(basis_word(one.basis))},   {"energy_j", json::amount(one.joules)},
          {"mean_power_w", number(one.watts)},      {"allocated_without_process", one.no_process},
          {"of_peers_power", number(one.of_peers)}, {"mean_power_uncertainty_w", number(one.power.uncertainty)},
          {"offset_assumed", one.is_offset_assumed}};
}

Json unused_json(const UnusedFinding& finding) {
  return {{"runs", list(finding.runs,
                        [](const UnusedFinding::Run& one) {
                          Json run = run_json(*one.record);
                          run["idle"] = one.idle;
                          run["unknown"] = one.unknown;
                          run["idle_energy_j"] = json::amount(one.joules);
                          run["idle_share"] = json::amount(one.share);
                          run["accelerators"] = list(one.accelerators, accelerator_json);
                          return run;
                        })},
          {"elsewhere", list(finding.elsewhere, [](const UnusedFinding::Elsewhere& one) {
             const Side* idle = one.idle_side();
             const auto& per = one.comparison.per;
             return Json{{"idle_on", text(one.idle_on)},
                         {"without", text(one.without)},
                         {"unit", text(per ? per->unit : "")},
                         {"relative_energy", json::amount(idle != nullptr ? idle->energy.quotient : Amount{})},
                         {"clear", idle != nullptr && idle->verdict == Verdict::clear},
                         {"verdict", idle != nullptr ? text(name(idle->verdict)) : Json(nullptr)},
                         {"ranked", one.comparison.is_ranked}};
           })}};
}

Json phases_json(const PhaseFinding& finding) {
  return {{"verdicts", list(finding.parts, [](const PhaseFinding::Part& one) {
             return Json{{"application", text(one.application)},
                         {"learns", one.training},
                         {"phase", text(one.phase)},
                         {"comparison", make_compare_object(one.comparison)}};
           })}};
}

}  // namespace

std::string make_findings_json(const Findings& findings) {
  Json all = Json::array();
  for (const FindingWords& one : make_findings_words(findings, {Units::automatic, true, false})) {
    Json figures = one.key == "runtime"  ? runtime_json(findings.runtime)
                   : one.key == "unused" ? unused_json(findings.unused)
                                         : phases_json(findings.phases);
    all.push_back({{"finding", one.key},
                   {"title", one.title},
                   {"known", one.is_known},
                   {"sentence", one.sentence},
                   {"figures", std::move(figures)},
                   {"notes", one.notes},
                   {"would_change", one.change}});
  }
  return json::print(Json{{"schema", "nodewatt/1"},
                          {"type", "findings"},
                          {"tests", findings.tests},
                          {"method", kJudgedBy},
                          {"findings", std::move(all)}});
}

}  // namespace nw
