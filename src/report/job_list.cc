// `nodewatt jobs`: a line for each of the requested number of jobs, and one for the sum of all. A job whose energy is
// unknown is in no sum, and the sum says so.
#include <fmt/format.h>

#include <algorithm>

#include "record/node_type.h"
#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/escape.h"
#include "report/job.h"
#include "report/list.h"
#include "report/table.h"
#include "report/words.h"
#include "study/jobs.h"

namespace nw {

namespace {
std::string nodes_cell(const pb::Record& record) {
  const unsigned here = measured_nodes(record), all = record.job().nodes();
  return all > here ? fmt::format("{}/{}", here, all) : fmt::format("{}", here);
}

std::string percent_cell(std::optional<double> part) { return part ? fmt::format("{:.0f}", *part * 100) : "-"; }

Row make_row(const pb::Record& record, const NumberStyle& style, PowerUnit mean) {
  const pb::Energy& energy = record.energy();
  const std::string type = clean(node_type(record));
  const bool modelled = known_kind(energy) == pb::KIND_ESTIMATED;
  return {{{short_job_id(record.job())},
           {record.name().empty() ? std::string(kUnknown) : clean(record.name())},
           {clean(record.job().user())},
           {record.state().empty() ? std::string(kUnknown) : clean(record.state())},
           {duration_text(duration_s(record.duration_ns()))},
           {nodes_cell(record), record.job().nodes() > measured_nodes(record) ? Paint::warn : Paint::plain},
           {type.empty() ? std::string(kUnknown) : type},
           {energy_text(energy_amount(energy), style)},
           {energy_uncertainty_text(energy_amount(energy), style)},
           {power_text(power_amount(energy, record.duration_ns()), mean)},
           {percent_cell(gpu_share(record))},
           {std::string(kind_mark(known_kind(energy))), modelled ? Paint::warn : Paint::plain}},
          -1,
          ""};
}

struct Sum {
  Amount joules{0.0, 0.0};
  std::size_t known = 0;
  pb::Kind kind = pb::KIND_UNKNOWN;
};

Sum sum_up(Records records) {
  Sum sum;
  for (const pb::Record* record : records) {
    const Amount one = energy_amount(record->energy());
    if (!one.value) continue;
    ++sum.known;
    *sum.joules.value += *one.value;
    if (sum.joules.uncertainty && one.uncertainty)
      *sum.joules.uncertainty += *one.uncertainty;  // one node's sensors have the same error in all its jobs
    else
      sum.joules.uncertainty.reset();
    sum.kind = worse(sum.kind, known_kind(record->energy()));
  }
  if (sum.known == 0) sum.joules = {};
  return sum;
}
}  // namespace

std::string make_job_list(Records records, const TextStyle& style, std::size_t rows) {
  if (records.empty()) return "no jobs\n";
  Table table;
  table.columns = {{"JobID", false, 0, 8}, {"Name", false, 8, 8}, {"User", false, 9, 4},
                   {"State", false, 4, 7}, {"Elapsed", true, 1},  {"Nodes", true, 5},
                   {"Type", false, 6, 6},  {"Energy", true},      {std::string(plus_minus(style.utf8)), true},
                   {"MeanW", true, 2},     {"GPU%", true, 3},     {"Known"}};
  const Sum sum = sum_up(records);
  ColumnUnits units = units_of(records);
  units.add(sum.joules);
  const NumberStyle numbers = units.energy({style.units, style.utf8, style.precise});
  const Records shown = records.first(std::min(rows, records.size()));
  for (const pb::Record* record : shown) table.rows.push_back(make_row(*record, numbers, units.power()));
  Row total{std::vector<Cell>(table.columns.size()), -1, ""};
  total.cells[0].text = "total";
  total.cells[7].text = energy_text(sum.joules, numbers);
  total.cells[8].text = energy_uncertainty_text(sum.joules, numbers);
  total.cells[11].text = std::string(kind_mark(sum.kind));
  table.rows.push_back(std::move(total));
  std::string out = make_table(table, 0, std::max(40, style.width), style.colour);
  if (const std::string words = shown_words(shown.size(), records.size()); !words.empty())
    out += fmt::format("{}; the total is of all {}\n", words, records.size());
  if (sum.known < records.size())
    out += fmt::format("The energy of {} of these {} jobs is unknown; the total is of the others.\n",
                       records.size() - sum.known, records.size());
  return style.utf8 ? out : ascii(out);
}

}  // namespace nw
