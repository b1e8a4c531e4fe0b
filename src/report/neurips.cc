// The statement on compute resources that conferences require, as a paragraph and a table in LaTeX: type of worker,
// memory, time for one run, and the total, including failed runs and warm-ups, since they were computed too.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/latex.h"
#include "report/provenance.h"
#include "report/summary.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr double kHour = 3600;

// All runs of one command.
struct Bill {
  RunGroup batch;  // warm-ups left out, for the means
  std::vector<const pb::Record*> all;
  std::size_t failures = 0, warmups = 0;
  std::optional<double> node_hours, gpu_hours;  // of those runs whose duration is known
  Amount energy;                                // J, of those whose energy is known
  std::size_t unknown = 0;                      // runs whose energy is not known
};

void add(Bill& bill, const pb::Record& run) {
  bill.all.push_back(&run);
  if (has_failed(run)) ++bill.failures;
  if (run.warmup()) ++bill.warmups;
  const double nodes = std::max(1, run.members_size());
  if (const auto seconds = duration_s(run.duration_ns())) {
    bill.node_hours = bill.node_hours.value_or(0) + *seconds * nodes / kHour;
    bill.gpu_hours = bill.gpu_hours.value_or(0) + *seconds * run.node().gpus_size() / kHour;
  }
  const Amount energy = energy_amount(run.energy());
  if (!energy.value) {
    ++bill.unknown;
    return;
  }
  bill.energy.value = bill.energy.value.value_or(0) + *energy.value;
  bill.energy.uncertainty =
      bill.energy.uncertainty.value_or(0) + energy.uncertainty.value_or(0);  // they share one gain
}

std::vector<Bill> make_bills(Records records) {
  std::vector<Bill> all;
  std::vector<RunGroup> batches = make_run_groups(records);
  std::map<const pb::Record*, std::size_t> owner;
  std::map<std::string, std::size_t> groups;
  for (RunGroup& batch : batches) {
    for (const pb::Record* run : batch.runs) owner[run] = all.size();
    if (!batch.runs[0]->group().empty()) groups[batch.runs[0]->group()] = all.size();
    all.push_back({std::move(batch), {}, 0, 0, {}, {}, {}, 0});
  }
  for (const pb::Record* run : records) {
    const auto at = owner.find(run);
    add(all[at != owner.end() ? at->second : groups[run->group()]], *run);
  }
  return all;
}

std::string memory_words(const pb::Node& node) {
  if (node.memory_bytes() == 0) return std::string(kUnknown);
  return fmt::format("{} GiB", (node.memory_bytes() + (1ULL << 29U)) >> 30U);
}

// The unit in which energies read best: that of the largest.
Units bill_units(const std::vector<Bill>& bills) {
  std::optional<double> most;
  for (const Bill& bill : bills)
    if (bill.energy.value) most = std::max(most.value_or(0), *bill.energy.value);
  return energy_unit(most, Units::automatic);
}

std::vector<PaperColumn> make_columns(const std::vector<Bill>& bills, Units units) {
  const std::string unit(energy_name(units));
  std::vector<PaperColumn> columns{{"Run", "", "", {}, {}},
                                   {"Worker", "", "", {}, {}},
                                   {"Memory", "", "", {}, {}},
                                   {"Runs", "", "", {}, {}},
                                   {"Failed", "", "", {}, {}},
                                   {"Time for one", "h", "", {}, {}},
                                   {"Energy of one", unit, "", {}, {}},
                                   {"Node time", "h", "", {}, {}},
                                   {"Energy of all", unit, "", {}, {}}};
  const double size = energy_size(units);
  for (const Bill& bill : bills) {
    const pb::Record& first = *bill.batch.runs[0];
    const PaperRow row = make_paper_row(bill.batch, "");
    columns[0].words.push_back(row.label);
    columns[1].words.push_back(row.node.empty() ? std::string(kUnknown) : row.node);
    columns[2].words.push_back(memory_words(first.node()));
    columns[3].numbers.push_back({std::to_string(bill.all.size()), ""});
    columns[4].numbers.push_back({std::to_string(bill.failures), ""});
    columns[5].numbers.push_back(bare_digits(row.seconds.amount(), kHour));
    columns[6].numbers.push_back(bare_digits(row.energy.amount(), size));
    columns[7].numbers.push_back(bare_digits({bill.node_hours, {}}, 1));
    columns[8].numbers.push_back(bare_digits(bill.energy, size));
  }
  return columns;
}

void add_to(std::optional<double>& sum, std::optional<double> one) {
  if (one) sum = sum.value_or(0) + *one;
}

std::string paragraph(const std::vector<Bill>& bills, Records records, Units units) {
  Bill sum;
  for (const Bill& bill : bills) {
    sum.failures += bill.failures, sum.warmups += bill.warmups, sum.unknown += bill.unknown;
    add_to(sum.node_hours, bill.node_hours), add_to(sum.gpu_hours, bill.gpu_hours);
    add_to(sum.energy.value, bill.energy.value), add_to(sum.energy.uncertainty, bill.energy.uncertainty);
  }
  const Digits energy = bare_digits(sum.energy, energy_size(units));
  std::string words = fmt::format(
      "All computations behind these results ({} run{}, of them {} failed, {} warm-up{}) took {} node hours",
      records.size(), records.size() == 1 ? "" : "s", sum.failures, sum.warmups, sum.warmups == 1 ? "" : "s",
      bare_digits({sum.node_hours, {}}, 1).value);
  if (sum.gpu_hours && *sum.gpu_hours > 0)
    words += fmt::format(", {} GPU hours", bare_digits({sum.gpu_hours, {}}, 1).value);
  std::string out = for_latex(words) + " and used ";
  if (energy.value == kUnknown)
    out += "an unknown energy";
  else
    out += fmt::format("{}{}~{}", energy.value, energy.uncertainty.empty() ? "" : " $\\pm$ " + energy.uncertainty,
                       energy_name(units));
  out += for_latex(fmt::format(" (boundary: {}; without PUE).", boundaries_words(records)));
  if (sum.unknown > 0)
    out += for_latex(fmt::format(" The energy of {} of them is not known and not in it.", sum.unknown));
  return out;
}

}  // namespace

Result<std::string> make_neurips(Records records, const RenderOptions& /*style*/) {
  const std::vector<Bill> bills = make_bills(records);
  const Units units = bill_units(bills);
  const std::string body =
      paragraph(bills, records, units) + "\n\n\\medskip\\noindent\n" + make_tabular(make_columns(bills, units));
  return latex_needs(body) + body +
         latex_comment("Runs that were not recorded are not counted here: say so where there were some.") +
         latex_comment(provenance_words(records, false));
}

}  // namespace nw
