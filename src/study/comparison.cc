#include "study/comparison.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include <fmt/format.h>

#include "base/parse.h"
#include "record/record.pb.h"
#include "study/attempts.h"
#include "study/common_part.h"
#include "study/likeness.h"

namespace nw {

namespace {

constexpr double kSameAmount = 0.01;  // relative

class Comparer {
 public:
  Comparer(std::span<const pb::Record* const> records, const ComparisonOptions& options)
      : records_(records), options_(options) {}

  Result<Comparison> compare() {
    std::vector<RunGroup> run_groups = make_run_groups(records_, options_.by, options_.key);
    if (!options_.phase.empty())
      for (RunGroup& who : run_groups) who.phase = options_.phase;
    out_.works = shared_work(run_groups);
    out_.differences = compute_differences(run_groups);
    for (RunGroup& who : run_groups) out_.sides.emplace_back().who = std::move(who);
    choose_unit();
    check_scope();
    for (Side& side : out_.sides) fill(side);
    check_coverage();
    check_kind();
    check_work();
    check_failed();
    if (out_.works.size() > Comparison::kMostWorks) out_.works.resize(Comparison::kMostWorks);
    const bool hopeless = std::any_of(out_.incomparables.begin(), out_.incomparables.end(),
                                      [](const Incomparable& one) { return one.why == Incomparable::Why::nothing; });
    out_.is_ranked = out_.sides.size() > 1 && (out_.incomparables.empty() || (options_.allow_mixed && !hopeless));
    NW_CHECK(choose_base());
    out_.compared = static_cast<std::size_t>(
        std::count_if(out_.sides.begin(), out_.sides.end(), [](const Side& side) { return side.figure.value; }));
    if (out_.is_ranked) rank();
    return std::move(out_);
  }

 private:
  // The requested unit if all variants have it, else the first that they share; it comes first in `works`.
  void choose_unit() {
    auto& works = out_.works;
    auto found = std::find_if(works.begin(), works.end(), [&](const SharedWork& work) {
      return options_.per.empty() || work.unit == options_.per;
    });
    if (found != works.end()) {
      out_.per = *found;
      std::rotate(works.begin(), found, found + 1);
    } else if (!options_.per.empty()) {
      out_.incomparables.push_back({Incomparable::Why::wanted, 0, 0});
    }
  }

  // The first variant whose runs differ among themselves (returned with itself) or from the first variant.
  template <class Of>
  std::optional<Incomparable> find_stranger(Incomparable::Why why, Of of) const {
    for (std::size_t i = 0; i < out_.sides.size(); ++i) {
      const RunGroup& who = out_.sides[i].who;
      if (std::any_of(who.runs.begin(), who.runs.end(), [&](const auto* run) { return of(*run) != of(who.first()); }))
        return Incomparable{why, i, i};
      if (of(who.first()) != of(out_.sides[0].who.first())) return Incomparable{why, i, 0};
    }
    return std::nullopt;
  }

  void check_scope() {
    for (Side& side : out_.sides) side.scope = compute_scope(side.who.first());
    const auto stranger = find_stranger(Incomparable::Why::scope, compute_scope);
    if (!stranger) return;
    out_.incomparables.push_back(*stranger);
    if (!options_.allow_mixed) return;
    out_.common = common_domains(records_);
    out_.left_out = left_out_domains(records_, out_.common);
    if (out_.common.empty())
      out_.incomparables.push_back({Incomparable::Why::nothing, stranger->side, stranger->other});
  }

  // A run's measurement, with its energy reduced to the common part where that is compared.
  Measurements measurements_of(const Side& side, const SharedWork& work) {
    Measurements all = measurements(side.who, work);
    if (out_.common.empty()) return all;
    const std::string& phase = side.who.phase.empty() ? work.phase : side.who.phase;
    for (std::size_t i = 0; i < all.size(); ++i) {
      cut_down_.push_back(sum_domains(*side.who.runs[i], phase, out_.common));
      all[i].energy = cut_down_.back().has_energy_uj() ? &cut_down_.back() : nullptr;
    }
    return all;
  }

  void fill(Side& side) {
    const Measurements whole = measurements_of(side, {});
    side.seconds = compute_duration(whole);
    side.joules = compute_energy(whole);
    side.watts = compute_power(whole);
    side.kind = worst_kind(whole);
    for (const SharedWork& work : out_.works)
      side.per_unit.push_back(compute_per_unit(measurements_of(side, work), work.unit));
    const Measurements ranked = out_.per ? measurements_of(side, *out_.per) : whole;
    const std::string unit = out_.per ? out_.per->unit : "";
    side.figure = out_.per ? side.per_unit[0] : side.joules;
    side.pace = out_.per ? compute_time_per_unit(ranked, unit) : side.seconds;
    side.product = compute_delay_product(ranked, unit);
    std::vector<double> amounts;
    for (const Measurement& run : ranked) {
      if (const auto count = work_count(run, unit)) amounts.push_back(*count);
      const auto covered = run.energy != nullptr ? coverage(*run.energy) : std::nullopt;
      if (covered) side.coverage = std::min(side.coverage.value_or(1), *covered);
    }
    side.amount = compute_plain(amounts).value;
  }

  void check_coverage() {
    for (std::size_t i = 0; i < out_.sides.size(); ++i)
      if (out_.sides[i].figure.value && out_.sides[i].kind != pb::KIND_ESTIMATED &&
          out_.sides[i].coverage.value_or(0) < Comparison::kLeastCoverage)
        out_.incomparables.push_back({Incomparable::Why::coverage, i, i});
  }

  void check_kind() {
    const auto is_played = [](const pb::Record& run) { return !run.node().played().empty(); };
    if (const auto stranger = find_stranger(Incomparable::Why::played, is_played))
      return out_.incomparables.push_back(*stranger);
    const auto estimated = [](const Side& side) { return side.kind == pb::KIND_ESTIMATED; };
    for (std::size_t i = 1; i < out_.sides.size(); ++i)
      if (out_.sides[i].figure.value && out_.sides[0].figure.value &&
          estimated(out_.sides[i]) != estimated(out_.sides[0]))
        return out_.incomparables.push_back({Incomparable::Why::kind, i, 0});
  }

  static bool has_work(const Side& side) {
    const pb::Record& run = side.who.first();
    return run.work_size() > 0 || std::any_of(run.phases().begin(), run.phases().end(),
                                              [](const auto& phase) { return phase.work_size() > 0; });
  }

  static std::string what_ran(const Side& side) {
    const pb::Record& run = side.who.first();
    return run.name().empty() ? run.program() : run.name();
  }

  void check_work() {
    auto& sides = out_.sides;
    out_.counts_work = std::any_of(sides.begin(), sides.end(), has_work);
    if (sides.size() < 2) return;
    const auto alike = [&](const Side& side) {
      return side.amount && sides[0].amount &&
             std::abs(*side.amount - *sides[0].amount) <= kSameAmount * *sides[0].amount;
    };
    out_.same_amount = out_.per && std::all_of(sides.begin(), sides.end(), alike);
    if (out_.same_amount || options_.by == GroupBy::phase) return;
    if (!out_.per) return check_units();
    for (std::size_t i = 1; i < sides.size(); ++i)
      if (options_.per.empty() && what_ran(sides[i]) != what_ran(sides[0]))
        return out_.incomparables.push_back({Incomparable::Why::work, i, 0});
  }

  void check_failed() {
    for (std::size_t i = 0; i < out_.sides.size(); ++i)
      if (const auto why = find_failure(out_.sides[i].who.first())) out_.incomparables.push_back({*why, i, i});
  }

  static std::optional<Incomparable::Why> find_failure(const pb::Record& run) {
    if (has_failed(run)) return Incomparable::Why::failed;
    return has_failed_attempts(run) ? std::optional(Incomparable::Why::restarted) : std::nullopt;
  }

  // Nothing is shared by all. Variants that report no work contradict nobody.
  void check_units() {
    auto& sides = out_.sides;
    if (!options_.per.empty() || !out_.counts_work) return;
    std::size_t stranger = 1;
    for (std::size_t i = sides.size() - 1; i > 0; --i)
      if (shared_work({sides[0].who, sides[i].who}).empty()) stranger = i;
    out_.incomparables.push_back({Incomparable::Why::unit, stranger, 0});
  }

  Done choose_base() {
    auto& sides = out_.sides;
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const auto& value = sides[i].figure.value;
      if (value && *value > 0 && (!out_.least || *value < *sides[*out_.least].figure.value)) out_.least = i;
    }
    out_.base = out_.least;
    if (options_.base.empty()) return {};
    const std::string_view wanted(options_.base);
    const auto id = wanted.substr(wanted.starts_with('@') ? 1 : 0);
    // A variant's own label takes precedence over other names of variants.
    const auto by_label = [&](const Side& side) { return side.who.label == wanted; };
    const auto by_run = [&](const Side& side) {
      const pb::Record& run = side.who.first();
      return run.node_type() == wanted || run.node().host() == wanted || run.uid().starts_with(id) ||
             (!run.group().empty() && run.group().starts_with(id));
    };
    auto found = std::find_if(sides.begin(), sides.end(), by_label);
    if (found == sides.end()) found = std::find_if(sides.begin(), sides.end(), by_run);
    if (found == sides.end()) {
      std::string labels;
      for (const Side& side : sides) labels += (labels.empty() ? "" : ", ") + quote(side.who.label);
      return fail(ErrorKind::absent,
                  fmt::format("--base {}: no such variant; there are {}", quote(options_.base), labels));
    }
    out_.base = static_cast<std::size_t>(found - sides.begin());
    return {};
  }

  void rank() {
    auto& sides = out_.sides;
    if (!out_.base) return;
    std::vector<Load> loads;
    for (const Side& side : sides) loads.push_back(make_load(side.who, side.watts.value, out_.common.empty()));
    for (std::size_t i = 0; i < sides.size(); ++i) {
      Side& side = sides[i];
      const Side& base = sides[*out_.base];
      const Likeness likeness = compute_likeness(loads[i], loads[*out_.base]);
      side.same_sensors = likeness.same_sensors;
      side.energy = compute_ratio(side.figure, base.figure, likeness);
      side.time = compute_ratio(side.pace, base.pace, {});
      side.delay = compute_ratio(side.product, base.product, likeness);
      side.on_front = side.figure.value && side.pace.value &&
                      std::none_of(sides.begin(), sides.end(), [&](const Side& other) { return beats(other, side); });
    }
    test_pairs(loads);
    for (Ratio* itself : {&sides[*out_.base].energy, &sides[*out_.base].time, &sides[*out_.base].delay})
      if (itself->quotient.value) *itself = {{1, 0}, {0, 0}};
    place(&Side::figure, &Side::energy_place);
    place(&Side::pace, &Side::time_place);
    place(&Side::product, &Side::product_place);
  }

  void test_pairs(const std::vector<Load>& loads) {
    const auto& sides = out_.sides;
    out_.pairs = Pairwise(sides.size());
    for (std::size_t a = 0; a < sides.size(); ++a)
      for (std::size_t b = a + 1; b < sides.size(); ++b)
        test_pair(out_.pairs, a, b, sides[a].figure, sides[b].figure, compute_likeness(loads[a], loads[b]));
    Comparison* const family[] = {&out_};
    judge_together(family);
  }

  static bool beats(const Side& a, const Side& b) {
    if (!a.figure.value || !a.pace.value) return false;
    const bool no_worse = *a.figure.value <= *b.figure.value && *a.pace.value <= *b.pace.value;
    return no_worse && (*a.figure.value < *b.figure.value || *a.pace.value < *b.pace.value);
  }

  void place(Mean Side::*figure, std::size_t Side::*place) {
    for (Side& side : out_.sides) {
      if (!(side.*figure).value) continue;
      side.*place =
          1 + static_cast<std::size_t>(std::count_if(out_.sides.begin(), out_.sides.end(), [&](const Side& other) {
            return (other.*figure).value && *(other.*figure).value < *(side.*figure).value;
          }));
    }
  }

  std::span<const pb::Record* const> records_;
  const ComparisonOptions& options_;
  std::deque<pb::Energy> cut_down_;  // referenced by measurements of the common part
  Comparison out_;
};

// The mean standard uncertainty of those that nothing proves to be above the least, the least included, and how far the
// least of so many lies too low. What they share moves all alike.
std::optional<double> compute_least_bias(const Comparison& all) {
  double variance = 0;
  std::size_t near = 0;
  for (std::size_t i = 0; i < all.sides.size(); ++i) {
    const Mean& figure = all.sides[i].figure;
    if (!figure.value || (i != *all.least && all.sides[i].above_least == Verdict::clear)) continue;
    if (figure.n < 2) return std::nullopt;
    variance += figure.scatter_u * figure.scatter_u, ++near;
  }
  return least_of(near) * std::sqrt(variance / static_cast<double>(near)) / *all.sides[*all.least].figure.value;
}

}  // namespace

void judge_together(std::span<Comparison* const> all, std::span<Pairwise* const> others) {
  std::vector<Pairwise*> pairs(others.begin(), others.end());
  for (Comparison* one : all)
    if (one->is_ranked) pairs.push_back(&one->pairs);
  judge(pairs);
  for (Comparison* one : all) {
    if (!one->is_ranked || !one->base || !one->least) continue;
    for (std::size_t i = 0; i < one->sides.size(); ++i) {
      one->sides[i].verdict = one->pairs.of(i, *one->base);
      one->sides[i].above_least = one->pairs.of(i, *one->least);
    }
    one->least_is_low_by = compute_least_bias(*one);
  }
}

Result<Comparison> compare(std::span<const pb::Record* const> records, const ComparisonOptions& options) {
  return Comparer(records, options).compare();
}

}  // namespace nw
