#include "report/paper.h"

#include <algorithm>
#include <map>

#include "record/node_type.h"
#include "record/record.pb.h"
#include "report/compare_words.h"
#include "report/escape.h"
#include "report/provenance.h"
#include "report/words.h"
#include "study/ratio.h"

namespace nw {

namespace {

constexpr std::size_t kMostRows = 200;

// The phase of this path, or null.
const pb::Phase* find_phase(const pb::Record& record, std::string_view path) {
  for (const pb::Phase& one : record.phases())
    if (one.path() == path) return &one;
  return nullptr;
}

// The most finely counted unit of work, since samples carry more information than epochs.
std::string finest_unit(const Measurement& run) {
  const pb::Work* finest = nullptr;
  if (run.work != nullptr)
    for (const pb::Work& one : *run.work)
      if (finite(one.count()) && one.count() > 0 && (finest == nullptr || one.count() > finest->count())) finest = &one;
  return finest == nullptr ? "" : finest->unit();
}

// The source of a row, for ratios: its batch.
struct Origin {
  const RunGroup* batch;
  std::string phase;
  std::string unit;  // foreign
};

Load load_of(const Origin& origin) {
  return make_load(*origin.batch, compute_power(measurements(*origin.batch, origin.phase)).value);
}

// Each row relative to the first of its phase, where both did the same unit of work (or none was counted) within one
// boundary.
void add_relatives(std::vector<PaperRow>& rows, const std::vector<Origin>& sources) {
  std::map<std::string, std::size_t> bases;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [at, is_first] = bases.try_emplace(sources[i].phase, i);
    const std::size_t base = at->second;
    if (is_first || rows[base].boundary != rows[i].boundary || sources[base].unit != sources[i].unit) continue;
    const bool work = !sources[i].unit.empty();
    const Ratio ratio =
        compute_ratio(work ? rows[i].per_unit : rows[i].energy, work ? rows[base].per_unit : rows[base].energy,
                      compute_likeness(load_of(sources[i]), load_of(sources[base])));
    rows[i].relative = ratio.quotient;
    if (ratio.quotient.value) rows[base].relative = {1.0, {}};
  }
}

Amount mean_gpu_share(const RunGroup& batch, std::string_view phase) {
  double share = 0, uncertainty = 0;
  for (const pb::Record* run : batch.runs) {
    const Amount one = compute_gpu_share(*run, phase);
    if (!one.value) return {};
    share += *one.value, uncertainty += one.uncertainty.value_or(0);
  }
  const auto n = static_cast<double>(batch.runs.size());
  return {share / n, uncertainty / n};
}

}  // namespace

std::string said(const pb::Record& record, std::string_view key) {
  for (const auto* all : {&record.labels(), &record.settings()})
    for (const pb::Label& one : *all)
      if (one.key() == key) return clean(one.value());
  return "";
}

std::string node_type_words(const pb::Record& record) { return clean(node_type(record)); }

TimeUnit time_unit(std::optional<double> longest_s) {
  const double longest = longest_s.value_or(0);
  if (longest >= 2 * 3600) return {3600, "h"};
  return longest >= 3 * 60 ? TimeUnit{60, "min"} : TimeUnit{1, "s"};
}

Amount compute_gpu_share(const pb::Record& record, std::string_view phase) {
  const pb::Phase* part = phase.empty() ? nullptr : find_phase(record, phase);
  if (!phase.empty() && (part == nullptr || !part->resolved())) return {};
  const auto& components = part == nullptr ? record.components() : part->components();
  const pb::Energy& total = part == nullptr ? record.energy() : part->energy();
  Amount sum;
  for (const pb::Component& one : components) {
    if (one.domain() != "gpu" || (!one.counted() && known_kind(one.energy()) == pb::KIND_ESTIMATED)) continue;
    const Amount amount = energy_amount(one.energy());
    if (!amount.value) return {};
    sum.value = sum.value.value_or(0) + *amount.value;
    sum.uncertainty =
        sum.uncertainty.value_or(0) + amount.uncertainty.value_or(0);  // they share one model and one gain
  }
  return ratio(sum, energy_j(total));
}

PaperRow make_paper_row(const RunGroup& batch, std::string_view phase) {
  const Measurements parts = measurements(batch, phase);
  PaperRow row;
  row.label = clean(batch.label) + (is_played(batch.runs) ? " (SIMULATED)" : "");
  row.phase = clean(phase);
  row.node = node_type_words(batch.first());
  row.n = batch.runs.size();
  row.energy = compute_energy(parts);
  row.seconds = compute_duration(parts);
  const std::string unit = finest_unit(parts[0]);
  row.per_unit = compute_per_unit(parts, unit);
  if (row.per_unit.value) row.unit = clean(unit);
  row.gpu_share = mean_gpu_share(batch, phase);
  row.kind = worst_kind(parts);
  row.boundary = boundaries_words(batch.runs);
  return row;
}

std::vector<PaperRow> make_paper_rows(Records records) {
  const std::vector<RunGroup> batches = make_run_groups(records);
  std::vector<PaperRow> rows;
  std::vector<Origin> sources;
  const auto add = [&](const RunGroup& batch, const std::string& phase) {
    rows.push_back(make_paper_row(batch, phase));
    sources.push_back({&batch, phase, rows.back().unit.empty() ? "" : finest_unit(measurement(batch.first(), phase))});
  };
  for (const RunGroup& batch : batches) {
    add(batch, "");
    for (const pb::Phase& phase : batch.first().phases()) {
      const bool nested = phase.path().find('/') != std::string::npos;
      if (phase.path().empty() || !phase.resolved() || (nested && batches.size() > 1)) continue;
      if (rows.size() < kMostRows) add(batch, phase.path());
    }
  }
  add_relatives(rows, sources);
  return rows;
}

std::vector<PaperRow> make_paper_rows(const Comparison& comparison) {
  std::vector<PaperRow> rows;
  for (const Side& side : comparison.sides) {
    PaperRow row = make_paper_row(side.who, side.who.phase);
    row.phase.clear();  // it is in the variant's label
    row.energy = side.joules;
    row.seconds = side.seconds;
    row.unit.clear();
    if (comparison.per) {
      row.unit = clean(comparison.per->unit);
      row.per_unit = side.figure;
    }
    row.relative = side.energy.quotient;
    if (comparison.base && &side == &comparison.sides[*comparison.base] && row.relative.value) row.relative = {1.0, {}};
    row.kind = side.kind;
    row.boundary = boundary_words(comparison, side);
    if (!comparison.common.empty()) row.gpu_share = {};  // it refers to the whole node
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace nw
