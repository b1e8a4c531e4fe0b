#include "study/advice.h"

#include <algorithm>
#include <cmath>

#include "record/node_type.h"
#include "record/record.pb.h"
#include "store/query_words.h"
#include "study/accelerators.h"
#include "study/attempts.h"
#include "study/comparison.h"
#include "study/likeness.h"
#include "study/ratio.h"

namespace nw {

namespace {

constexpr double kJoulesPerKwh = 3.6e6, kSecondsPerHour = 3600, kSameAmount = 0.01;

// The program's name without its path, which differs from user to user and is removed by a private export.
std::string_view program_name(const pb::Record& record) {
  const std::string_view program = record.program();
  return program.substr(program.rfind('/') + 1);
}

bool is_like(const pb::Record& a, const pb::Record& b) {
  return !a.warmup() && !has_failed(a) && !has_failed_attempts(a) && a.name() == b.name() &&
         program_name(a) == program_name(b);
}

bool has_settings_of(const pb::Record& a, const pb::Record& b) {
  const auto texts = [](const pb::Record& record) {
    std::vector<std::string> all;
    for (const pb::Label& one : record.settings()) all.push_back(one.key() + "=" + one.value());
    std::sort(all.begin(), all.end());
    return all;
  };
  return texts(a) == texts(b);
}

// The prediction interval for one more value: its own scatter is added to the uncertainty of the mean.
Amount predict(const Mean& mean, double scale) {
  Amount amount{mean.value, {}};
  if (amount.value) *amount.value *= scale;
  if (!mean.value || mean.n < 2) return amount;
  const auto n = static_cast<double>(mean.n);
  const double factor = student(std::min(mean.freedom, n - 1));
  amount.uncertainty = scale * std::hypot(factor * mean.random * std::sqrt(n + 1), mean.shared.expanded());
  return amount;
}

Mean scaled(Mean mean, double scale) {
  if (mean.value) *mean.value *= scale;
  mean.random *= scale;
  mean.scatter_u *= scale;
  mean.shared.widen(scale);
  return mean;
}

// A row with what its test against another needs.
struct Candidate {
  Advice advice;
  Mean joules;
  Load load;
};

class Adviser {
 public:
  Adviser(const pb::Record& run, std::span<const pb::Record* const> records, std::optional<double> price_per_kwh)
      : run_(run), price_(price_per_kwh) {
    for (const pb::Record* record : records)
      if (is_like(*record, run)) like_.push_back(record);
  }

  void add(const Partition& partition, std::vector<Candidate>& to) const {
    std::vector<const pb::Record*> here;
    for (const pb::Record* record : like_)
      if (fits(node_type(*record), partition.node_type)) here.push_back(record);
    const std::size_t before = to.size();
    for (const RunGroup& side : make_run_groups(here, GroupBy::placement))
      if (auto candidate = make(partition, side)) to.push_back(std::move(*candidate));
    if (to.size() == before) to.emplace_back().advice.partition = &partition;
  }

 private:
  // The work that the requested run and all of these count, in a phase or outside; nothing: whole runs are comparable.
  std::optional<SharedWork> work_of(const RunGroup& side) const {
    const auto works = shared_work({RunGroup{"", "", {&run_}}, side});
    return works.empty() ? std::nullopt : std::optional(works.front());
  }

  // The whole run, with the work of a phase as its own: more of it makes the run longer.
  static Measurement whole_of(const pb::Record& run, const std::optional<SharedWork>& work) {
    Measurement whole = measurement(run, "");
    if (work) whole.work = measurement(run, work->phase).work;
    return whole;
  }

  std::optional<Candidate> make(const Partition& partition, const RunGroup& side) const {
    const auto work = work_of(side);
    Measurements runs;
    for (const pb::Record* one : side.runs) runs.push_back(whole_of(*one, work));
    Advice advice;
    advice.partition = &partition;
    advice.placement = side.label;
    advice.scope = compute_scope(side.first());
    advice.played = !side.first().node().played().empty();
    const Placement placed = placement(side.first());
    advice.uses_gpus = placed == Placement::busy || placed == Placement::some_idle;
    const std::string unit = work ? work->unit : "";
    const auto wanted = work_count(whole_of(run_, work), unit);
    for (const Measurement& one : runs)
      if (const auto count = work_count(one, unit); wanted && count)
        advice.by_amount |= std::abs(*count - *wanted) > kSameAmount * *wanted;
    const double scale = advice.by_amount ? *wanted : 1;
    const Mean joules = advice.by_amount ? compute_per_unit(runs, unit) : compute_energy(runs);
    const Mean seconds = advice.by_amount ? compute_time_per_unit(runs, unit) : compute_duration(runs);
    if (!joules.value && !seconds.value) return std::nullopt;
    advice.n = joules.value ? joules.n : seconds.n;
    advice.joules = predict(joules, scale);
    advice.seconds = predict(seconds, scale);
    advice.kind = worst_kind(runs);
    if (price_) advice.energy_cost = times(advice.joules, *price_ / kJoulesPerKwh);
    if (partition.price_per_node_hour)
      advice.node_cost = times(advice.seconds, *partition.price_per_node_hour / kSecondsPerHour);
    advice.other_settings = std::any_of(side.runs.begin(), side.runs.end(),
                                        [&](const pb::Record* one) { return !has_settings_of(*one, run_); });
    return Candidate{std::move(advice), scaled(joules, scale), make_load(side, compute_power(runs).value)};
  }

  static Amount times(Amount amount, double factor) {
    for (auto* part : {&amount.value, &amount.uncertainty})
      if (*part) **part *= factor;
    return amount;
  }

  const pb::Record& run_;
  std::optional<double> price_;
  std::vector<const pb::Record*> like_;
};

}  // namespace

bool are_comparable(std::span<const Advice> all) {
  const Advice* first = nullptr;
  for (const Advice& one : all) {
    if (one.placement.empty()) continue;
    if (first == nullptr) first = &one;
    const bool is_guess = one.kind == pb::KIND_ESTIMATED;
    if (one.scope != first->scope || one.played != first->played || is_guess != (first->kind == pb::KIND_ESTIMATED))
      return false;
  }
  return true;
}

namespace {

Pairwise test_rows(const std::vector<Candidate>& rows) {
  Pairwise pairs(rows.size());
  for (std::size_t a = 0; a < rows.size(); ++a)
    for (std::size_t b = a + 1; b < rows.size(); ++b)
      test_pair(pairs, a, b, rows[a].joules, rows[b].joules, compute_likeness(rows[a].load, rows[b].load));
  judge(pairs);
  return pairs;
}

// From the least on: a row joins the group as long as it does not clearly differ from any that is in it.
std::size_t group_rows(std::vector<Candidate>& rows, const Pairwise& pairs) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].joules.value) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return *rows[a].joules.value < *rows[b].joules.value; });
  std::size_t group = 0, first = 0;
  for (std::size_t at = 0; at < order.size(); ++at) {
    const auto differs = [&](std::size_t member) { return pairs.of(order[at], member) == Verdict::clear; };
    const auto begin = order.begin();
    if (at == 0 ||
        std::any_of(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(at), differs))
      ++group, first = at;
    rows[order[at]].advice.group = group;
  }
  return group;
}

}  // namespace

Advised advise(const pb::Record& run, std::span<const pb::Record* const> records, std::span<const Partition> partitions,
               std::optional<double> price_per_kwh) {
  const Adviser adviser(run, records, price_per_kwh);
  std::vector<Candidate> rows;
  for (const Partition& partition : partitions) adviser.add(partition, rows);
  Advised out;
  for (const Candidate& one : rows) out.rows.push_back(one.advice), out.compared += one.joules.value ? 1 : 0;
  out.is_ranked = are_comparable(out.rows);
  if (!out.is_ranked) return out;
  const Pairwise pairs = test_rows(rows);
  out.tests = pairs.tests();
  out.groups = group_rows(rows, pairs);
  for (std::size_t i = 0; i < rows.size(); ++i) out.rows[i].group = rows[i].advice.group;
  std::stable_sort(out.rows.begin(), out.rows.end(), [](const Advice& a, const Advice& b) {
    return a.group - 1 < b.group - 1;  // 0 is last
  });
  return out;
}

}  // namespace nw
