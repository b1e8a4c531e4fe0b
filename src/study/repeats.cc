#include "study/repeats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "record/record.pb.h"
#include "study/values.h"

namespace nw {

namespace {

// One run's figure and its uncertainties, already divided (per second, per sample).
struct Figure {
  double value = 0;
  std::optional<double> expanded;  // half-width of the run's own 95 % interval
  double random = 0;               // standard uncertainty
  Uncertainty shared;
};

void add_mean_terms(Mean& mean, const std::vector<Figure>& figures) {
  for (const Figure& one : figures)
    for (Term term : one.shared.terms()) {
      term.joules /= static_cast<double>(figures.size());
      mean.shared.add(std::move(term));
    }
}

Mean compute_mean(const std::vector<Figure>& figures) {
  Mean mean;
  mean.n = figures.size();
  if (figures.empty()) return mean;
  const auto n = static_cast<double>(figures.size());
  double sum = 0, squares = 0, stated = 0;
  for (const Figure& one : figures) {
    sum += one.value, stated += one.random * one.random;
    mean.is_uncertain |= one.expanded.has_value();
  }
  mean.value = sum / n;
  mean.random = std::sqrt(stated) / n;
  add_mean_terms(mean, figures);
  if (figures.size() == 1) {
    mean.interval = figures[0].expanded;
    if (figures[0].expanded) mean.scatter = figures[0].random > 0 ? 1.96 * figures[0].random : *figures[0].expanded;
    return mean;
  }
  for (const Figure& one : figures) squares += (one.value - *mean.value) * (one.value - *mean.value);
  const double seen = std::sqrt(squares / (n - 1) / n);
  mean.is_uncertain = true;
  // The larger of the two. Comparing standard uncertainties alone would be wrong: few runs that happen to agree closely
  // would then get a smaller interval than Student's factor allows.
  const double by_seen = t_factor(figures.size()) * seen, by_stated = 1.96 * mean.random;
  mean.scatter = std::max(by_seen, by_stated);
  if (by_seen >= by_stated) mean.random = seen, mean.freedom = n - 1;
  mean.scatter_u = std::max(seen, std::sqrt(stated) / n);
  mean.interval = std::hypot(*mean.scatter, mean.shared.expanded());
  return mean;
}

// The systematic terms of an energy; for records that do not list them, their sum as one term.
Uncertainty shared_terms(const pb::Energy& energy, double per) {
  Uncertainty shared;
  for (const pb::Contributor& term : energy.terms())
    if (const auto u = finite(term.u_uj())) shared.add({term.name(), *u / 1e6 / per, true, term.rectangular()});
  const double systematic = finite(energy.systematic_uj()).value_or(0) / 1e6 / per;
  if (energy.terms().empty() && systematic > 0) shared.add({"sensors", systematic, true, false});
  return shared;
}

// The figure of one run's energy divided by `per`.
std::optional<Figure> figure(const Measurement& run, std::optional<double> per) {
  if (run.energy == nullptr || !energy_j(*run.energy) || !per || !(*per > 0)) return std::nullopt;
  Figure one;
  one.value = *energy_j(*run.energy) / *per;
  one.expanded = uncertainty_j(*run.energy);
  if (one.expanded) *one.expanded /= *per;
  one.random = std::abs(finite(run.energy->random_uj()).value_or(0)) / 1e6 / *per;
  one.shared = shared_terms(*run.energy, *per);
  if (one.expanded && one.random == 0 && one.shared.terms().empty())
    one.shared.add({"sensors", *one.expanded / 1.96, true, false});  // its kind is unknown
  return one;
}

template <class Per>
Mean compute_per(const Measurements& runs, Per per) {
  std::vector<Figure> figures;
  for (const Measurement& run : runs)
    if (auto one = figure(run, per(run))) figures.push_back(std::move(*one));
  return compute_mean(figures);
}

template <class Value>
Mean compute_values(const Measurements& runs, Value value) {
  std::vector<double> values;
  for (const Measurement& run : runs)
    if (const auto one = value(run)) values.push_back(*one);
  return compute_plain(values);
}

}  // namespace

double student(double freedom) {
  static constexpr std::array kFactors{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                       2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                       2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  if (!(freedom > 1)) return kFactors[0];
  const auto below = static_cast<std::size_t>(std::min(freedom, 1e6));
  if (freedom == static_cast<double>(kFactors.size())) return kFactors.back();
  if (below >= kFactors.size())
    return 1.96 + 2.37 / freedom + 2.8 / (freedom * freedom);  // the first terms of its series
  // Its logarithm is nearly a straight line in the inverse of the freedom: to 3 % between 1 and 2, 0.5 % above.
  const double low = static_cast<double>(below), part = (1 / low - 1 / freedom) / (1 / low - 1 / (low + 1));
  return kFactors[below - 1] * std::pow(kFactors[below] / kFactors[below - 1], part);
}

double t_factor(std::size_t n) { return student(n < 2 ? 1 : static_cast<double>(n - 1)); }

Measurement measurement(const pb::Record& record, std::string_view phase) {
  const auto known = [](bool has, const pb::Energy& energy) {
    return has && energy.has_energy_uj() ? &energy : nullptr;
  };
  if (phase.empty())
    return {known(record.has_energy(), record.energy()), duration_s(record.duration_ns()), &record.work()};
  for (const pb::Phase& one : record.phases())
    if (one.path() == phase)
      return {known(one.has_energy() && one.resolved(), one.energy()), duration_s(one.duration_ns()), &one.work()};
  return {};
}

std::optional<double> work_count(const Measurement& run, std::string_view unit) {
  if (run.work == nullptr) return std::nullopt;
  for (const pb::Work& work : *run.work)
    if (work.unit() == unit && std::isfinite(work.count()) && work.count() > 0) return work.count();
  return std::nullopt;
}

Mean compute_energy(const Measurements& runs) {
  return compute_per(runs, [](const Measurement&) { return std::optional(1.0); });
}

Mean compute_power(const Measurements& runs) {
  return compute_per(runs, [](const Measurement& run) { return run.seconds; });
}

Mean compute_per_unit(const Measurements& runs, std::string_view unit) {
  return compute_per(runs, [unit](const Measurement& run) { return work_count(run, unit); });
}

Mean compute_duration(const Measurements& runs) {
  return compute_values(runs, [](const Measurement& run) { return run.seconds; });
}

Mean compute_time_per_unit(const Measurements& runs, std::string_view unit) {
  return compute_values(runs, [unit](const Measurement& run) -> std::optional<double> {
    const auto count = work_count(run, unit);
    return run.seconds && count ? std::optional(*run.seconds / *count) : std::nullopt;
  });
}

Mean compute_delay_product(const Measurements& runs, std::string_view unit) {
  return compute_per(runs, [unit](const Measurement& run) -> std::optional<double> {
    if (!run.seconds) return std::nullopt;
    if (unit.empty()) return 1 / *run.seconds;
    const auto count = work_count(run, unit);
    return count ? std::optional(*count * *count / *run.seconds) : std::nullopt;
  });
}

std::optional<double> compute_median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t upper = values.size() / 2, lower = (values.size() - 1) / 2;
  return std::midpoint(values[lower], values[upper]);
}

Mean compute_plain(std::span<const double> values) {
  std::vector<Figure> figures;
  for (const double value : values) figures.push_back({value, std::nullopt, 0, {}});
  return compute_mean(figures);
}

pb::Kind worst_kind(const Measurements& runs) {
  pb::Kind kind = pb::KIND_UNKNOWN;
  for (const Measurement& run : runs)
    if (run.energy != nullptr) kind = worse(kind, run.energy->kind());
  return kind;
}

}  // namespace nw
