#include "study/advice.h"

#include <algorithm>
#include <cmath>

#include "record/node_type.h"
#include "record/record.pb.h"
#include "store/query_words.h"
#include "study/accelerators.h"
#include "study/attempts.h"
#include "study/comparison.h"

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

class Adviser {
 public:
  Adviser(const pb::Record& run, std::span<const pb::Record* const> records, std::optional<double> price_per_kwh)
      : run_(run), price_(price_per_kwh) {
    for (const pb::Record* record : records)
      if (is_like(*record, run)) like_.push_back(record);
  }

  void add(const Partition& partition, std::vector<Advice>& to) const {
    std::vector<const pb::Record*> here;
    for (const pb::Record* record : like_)
      if (fits(node_type(*record), partition.node_type)) here.push_back(record);
    const std::size_t before = to.size();
    for (const RunGroup& side : make_run_groups(here, GroupBy::placement))
      if (auto advice = make(partition, side)) to.push_back(std::move(*advice));
    if (to.size() == before) to.emplace_back().partition = &partition;
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

  std::optional<Advice> make(const Partition& partition, const RunGroup& side) const {
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
    return advice;
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

std::vector<Advice> advise(const pb::Record& run, std::span<const pb::Record* const> records,
                           std::span<const Partition> partitions, std::optional<double> price_per_kwh) {
  const Adviser adviser(run, records, price_per_kwh);
  std::vector<Advice> all;
  for (const Partition& partition : partitions) adviser.add(partition, all);
  if (!are_comparable(all)) return all;
  std::stable_sort(all.begin(), all.end(), [](const Advice& a, const Advice& b) {
    return a.joules.value.value_or(HUGE_VAL) < b.joules.value.value_or(HUGE_VAL);
  });
  return all;
}

}  // namespace nw
