// `nodewatt advise`: a row a partition, the line for Slurm, and what is not known.
#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/compare_words.h"
#include "report/json_values.h"
#include "report/report.h"
#include "report/table.h"
#include "report/words.h"
#include "study/advice.h"

namespace nw {

namespace {

using json::Json;
constexpr std::size_t kLongestCurrency = 12;

std::string slurm_line(const Advice& one) {
  std::string line = "sbatch --partition=" + one.partition->name;
  if (!one.partition->options.empty()) line += ' ' + one.partition->options;
  if (one.uses_gpus && one.partition->gpus > 0) line += fmt::format(" --gres=gpu:{}", one.partition->gpus);
  return clean(line);
}

std::string basis_words(const Advice& one) {
  std::string text = fmt::format("{} run{}", one.n, one.n == 1 ? ": scatter not known" : "s");
  if (one.by_amount) text += ", scaled by work";
  if (one.other_settings) text += ", other settings";
  if (one.kind == pb::KIND_ESTIMATED) text += ", estimated";
  if (one.played) text += ", SIMULATED";
  return text;
}

// Rows of one group share their places, "1-3": which of them comes first is not known.
std::string place_words(std::span<const Advice> all, const Advice& one) {
  const auto count = [&](auto is_one) { return std::count_if(all.begin(), all.end(), is_one); };
  const auto before = count([&](const Advice& other) { return other.group > 0 && other.group < one.group; });
  const auto same = count([&](const Advice& other) { return other.group == one.group; });
  if (one.group == 0) return std::string(kUnknown);
  return same == 1 ? std::to_string(before + 1) : fmt::format("{}-{}", before + 1, before + same);
}

std::string group_words(const Advised& advised, std::size_t group) {
  std::string names;
  std::size_t size = 0;
  bool is_single = false;
  const Advice* first = nullptr;
  for (const Advice& one : advised.rows) {
    if (one.group != group) continue;
    if (first == nullptr) first = &one;
    names += (size++ == 0 ? "" : ", ") + clean(one.partition->name);
    is_single |= one.n < 2;
  }
  if (size < 2) return "";
  return fmt::format("Place {}: no clear difference in energy between {}{}.", place_words(advised.rows, *first), names,
                     is_single ? "; one run of a row is not a verdict" : "");
}

std::vector<std::string> sentences(const Advised& advised) {
  std::vector<std::string> all{"Intervals hold one more run of this size in 95 of 100 cases."};
  for (std::size_t group = 1; group <= advised.groups; ++group)
    if (std::string text = group_words(advised, group); !text.empty()) all.push_back(std::move(text));
  if (const std::string family = family_words(advised.compared, advised.tests, "rows"); !family.empty())
    all.push_back(family + ".");
  if (!advised.is_ranked)
    all.emplace_back("The energies are not of one kind or do not take in the same parts, so they are not ranked.");
  return all;
}

}  // namespace

std::string make_advice(const Advised& advised, std::string_view currency, const TextStyle& style) {
  const std::vector<Advice>& all = advised.rows;
  ColumnUnits units;
  for (const Advice& one : all) units.add(one.joules);
  const NumberStyle numbers = units.energy({style.units, style.utf8, style.precise});
  // Costs only where there is a price; the currency is that of the site's energy price.
  const auto any = [&](Amount Advice::*cost) {
    return std::any_of(all.begin(), all.end(), [cost](const Advice& one) { return (one.*cost).value.has_value(); });
  };
  const bool energy_cost = any(&Advice::energy_cost), node_cost = any(&Advice::node_cost);
  Table table;
  const bool comparable = advised.is_ranked;
  if (comparable) table.columns.push_back({"Place", true});
  for (const Column& column :
       {Column{"Partition", false, 0, 8}, {"Node type", false, 0, 16}, {"Energy", true}, {"Time", true}})
    table.columns.push_back(column);
  if (energy_cost) table.columns.push_back({"Energy cost", true});
  if (node_cost) table.columns.push_back({"Node cost", true});
  if (!comparable) table.columns.push_back({"Energy of", false, 0, 12});
  table.columns.push_back({"From", false, 1, 12});
  std::string lines;
  std::size_t last_group = 0;
  for (const Advice& one : all) {
    const std::string name = clean(one.partition->name);
    if (one.placement.empty()) {
      Row row{
          {{name}, {clean(one.partition->node_type)}}, comparable ? 3 : 2, "not known: this workload never ran there"};
      if (comparable) row.cells.insert(row.cells.begin(), {std::string(kUnknown)});
      table.rows.push_back(std::move(row));
      continue;
    }
    Row row{{}, -1, ""};
    if (comparable) row.cells.push_back({place_words(all, one)});
    for (std::string cell : {name, clean(one.placement), energy_pair_text(one.joules, numbers),
                             one.seconds.uncertainty ? seconds_text(one.seconds) : duration_text(one.seconds.value)})
      row.cells.push_back({std::move(cell)});
    if (energy_cost)
      row.cells.push_back({money_pair_text(one.energy_cost, cut_middle(clean(currency), kLongestCurrency), numbers)});
    if (node_cost) row.cells.push_back({money_pair_text(one.node_cost, "", numbers)});
    if (!comparable) row.cells.push_back({scope_words(one.scope)});
    row.cells.push_back({basis_words(one)});
    table.rows.push_back(std::move(row));
    if (advised.groups > 1 && one.group != last_group) lines += fmt::format("  # place {}\n", place_words(all, one));
    last_group = one.group;
    lines += fmt::format("  {}\n", slurm_line(one));
  }
  std::string out = make_table(table, 0, std::max(40, style.width), style.colour);
  const int width = std::max(40, style.width);
  out += '\n';
  for (const std::string& sentence : sentences(advised)) out += fold("", sentence, width) + '\n';
  if (!lines.empty()) out += (comparable ? "Slurm, least energy first:\n" : "Slurm:\n") + lines;
  return style.utf8 ? out : ascii(out);
}

std::string make_advice_json(const Advised& advised, std::string_view currency) {
  Json rows = Json::array();
  for (const Advice& one : advised.rows) {
    const bool known = !one.placement.empty();
    rows.push_back({{"partition", valid_utf8(one.partition->name)},
                    {"known", known},
                    {"group", one.group == 0 ? Json(nullptr) : Json(one.group)},
                    {"placement", known ? Json(valid_utf8(one.placement)) : Json(nullptr)},
                    {"runs", one.n},
                    {"energy_j", json::amount(one.joules)},
                    {"duration_s", json::amount(one.seconds)},
                    {"energy_cost", json::amount(one.energy_cost)},
                    {"node_cost", json::amount(one.node_cost)},
                    {"kind", known ? Json(kind_name(one.kind)) : Json(nullptr)},
                    {"boundary", known ? Json(scope_words(one.scope)) : Json(nullptr)},
                    {"played", known ? Json(one.played) : Json(nullptr)},
                    {"scaled_by_work", one.by_amount},
                    {"other_settings", one.other_settings},
                    {"slurm", known ? Json(slurm_line(one)) : Json(nullptr)}});
  }
  return json::print(Json{{"schema", "nodewatt/1"},
                          {"type", "advice"},
                          {"ranked", advised.is_ranked},
                          {"compared", advised.compared},
                          {"tests", advised.tests},
                          {"method", kJudgedBy},
                          {"currency", currency.empty() ? Json(nullptr) : Json(valid_utf8(currency))},
                          {"partitions", std::move(rows)}});
}

}  // namespace nw
