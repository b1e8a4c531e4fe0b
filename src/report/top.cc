#include "report/top.h"

#include <fmt/format.h>

#include <algorithm>

#include "accounting/stored_words.h"
#include "base/units.h"
#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/escape.h"
#include "report/job.h"
#include "report/json_values.h"
#include "report/table.h"
#include "report/words.h"
#include "study/jobs.h"

namespace nw {

namespace {
using json::Json, json::list, json::number, json::text;

std::vector<const pb::Record*> by_power(Records jobs) {
  std::vector<const pb::Record*> sorted(jobs.begin(), jobs.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const pb::Record* a, const pb::Record* b) {
    return mean_power_w(a->energy(), a->duration_ns()).value_or(-1) >
           mean_power_w(b->energy(), b->duration_ns()).value_or(-1);
  });
  return sorted;
}

// Of the node if it shows a power now: its own sensor, else nothing.
std::optional<double> power_now_w(const pb::NodeState& node) {
  for (const pb::NodePart& part : node.parts())
    if (part.domain() == "node" && part.has_power_uw()) return static_cast<double>(part.power_uw()) / 1e6;
  return std::nullopt;
}

std::string node_lines(const pb::NodeState& node, const TextStyle& style) {
  const NumberStyle numbers{style.units, style.utf8, style.precise};
  pb::Record began;
  began.set_start_unix_ns(node.since_unix_ns());
  std::string out = "node " + (node.host().empty() ? std::string(kUnknown) : clean(node.host()));
  if (const auto watts = power_now_w(node)) out += ", now " + power_text({watts, {}});
  out += fmt::format(", {} jobs run, {} ended", node.jobs_running(), node.jobs_ended());
  if (node.gpus_released()) out += ", GPUs closed";
  out += fmt::format("; since {} UTC, policy {}\n", start_words(began), clean(current_words(node.policy())));
  ColumnUnits units;
  for (const pb::NodeRow& row : node.rows()) units.add({static_cast<double>(row.energy_uj()) / 1e6, {}});
  std::string sum;
  for (const pb::NodeRow& row : node.rows())
    sum += fmt::format("{}{} {}", sum.empty() ? "" : "   ", clean(row.name()),
                       energy_text({static_cast<double>(row.energy_uj()) / 1e6, {}}, units.energy(numbers)));
  out += fold("  ", sum, style.width) + '\n';
  // The one sum that nodewatt guarantees exactly: printed, not rounded.
  const bool holds = node.not_conserved_uj() == 0;
  const std::string words =
      fmt::format("  jobs + idle + system + unattributed - node = {} uJ{}",
                  (-Joules::of(node.not_conserved_uj())).count(), holds ? "" : ": a bug; please report it");
  return out + painted(words, holds ? Paint::plain : Paint::bad, style.colour) + '\n';
}

Table make_jobs_table(Records jobs, const TextStyle& style) {
  Table table;
  table.columns = {{"JobID", false, 0, 8}, {"User", false, 4, 4},
                   {"Name", false, 5, 8},  {"Allocated", false, 6, 10},
                   {"Elapsed", true, 2},   {"MeanW", true},
                   {"Energy", true},       {std::string(plus_minus(style.utf8)), true},
                   {"GPU%", true, 1},      {"Known"}};
  const ColumnUnits units = units_of(jobs);
  const NumberStyle numbers = units.energy({style.units, style.utf8, style.precise});
  for (const pb::Record* job : by_power(jobs)) {
    const auto words = make_job_words(*job, numbers).value_or(JobWords());
    const auto gpus = gpu_share(*job);
    table.rows.push_back({{{words.id},
                           {words.owner},
                           {clean(job->name())},
                           {words.share},
                           {duration_text(duration_s(job->duration_ns()))},
                           {power_text(power_amount(job->energy(), job->duration_ns()), units.power())},
                           {energy_text(energy_amount(job->energy()), numbers)},
                           {energy_uncertainty_text(energy_amount(job->energy()), numbers)},
                           {gpus ? fmt::format("{:.0f}", *gpus * 100) : std::string(kUnknown)},
                           {std::string(kind_mark(known_kind(job->energy())))}},
                          -1,
                          ""});
  }
  return table;
}

Json make_node_json(const pb::NodeState& node) {
  pb::Record began, at;
  began.set_start_unix_ns(node.since_unix_ns());
  at.set_start_unix_ns(node.at_unix_ns());
  return {
      {"host", text(node.host())},
      {"node_type", text(node.node_type())},
      {"since_time", text(start_rfc3339(began))},
      {"at_time", text(start_rfc3339(at))},
      {"policy", text(current_words(node.policy()))},
      {"kind", text(kind_name(node.kind()))},
      {"boundary", text(boundary_name(node.boundary()))},
      {"power_w", number(power_now_w(node))},
      {"rows", list(node.rows(),
                    [](const pb::NodeRow& row) {
                      return Json{{"name", text(row.name())}, {"energy_j", static_cast<double>(row.energy_uj()) / 1e6}};
                    })},
      {"not_conserved_uj", node.not_conserved_uj()},
      {"jobs_running", node.jobs_running()},
      {"jobs_ended", node.jobs_ended()},
      {"gpus_released", node.gpus_released()}};
}

Json make_running_json(const pb::Record& job) {
  return {{"job_id", text(job.job().id())},
          {"sluid", text(job.job().sluid())},
          {"uid", job.job().has_uid() ? Json(job.job().uid()) : Json(nullptr)},
          {"user", text(job.job().user())},
          {"name", text(job.name())},
          {"nodes_measured", measured_nodes(job)},
          {"duration_s", number(duration_s(job.duration_ns()))},
          {"energy_j", number(energy_j(job.energy()))},
          {"uncertainty_j", number(uncertainty_j(job.energy()))},
          {"mean_power_w", number(mean_power_w(job.energy(), job.duration_ns()))},
          {"gpu_fraction", number(gpu_share(job))},
          {"kind", text(kind_name(known_kind(job.energy())))},
          {"policy", text(current_words(job.job().policy()))}};
}
}  // namespace

std::string make_top(Records jobs, std::span<const pb::NodeState> nodes, const TextStyle& style) {
  std::string out;
  for (const pb::NodeState& node : nodes) out += node_lines(node, style);
  if (!nodes.empty()) out += '\n';
  out += jobs.empty() ? "no jobs run\n"
                      : make_table(make_jobs_table(jobs, style), 0, std::max(40, style.width), style.colour);
  return style.utf8 ? out : ascii(out);
}

std::string make_top_json(Records jobs, std::span<const pb::NodeState> nodes) {
  Json out{{"schema", "nodewatt/1"}, {"type", "top"}};
  out["nodes"] = list(nodes, make_node_json);
  out["jobs"] = list(by_power(jobs), [](const pb::Record* job) { return make_running_json(*job); });
  return json::print(out);
}

}  // namespace nw
