#include "study/repeats.h"

#include <array>
#include <cmath>

#include "study/values.h"

namespace nw {

namespace {

// One run's figure and its doubts, already divided by what the figure is per (a second, a sample).
struct Figure {
  double value = 0;
  std::optional<double> expanded;  // half-width of the run's own 95 % interval
  double random = 0;               // one sigma
  double systematic = 0;
};

double sum_of_squares(double a, double b) { return std::sqrt(a * a + b * b); }

Mean compute_mean(const std::vector<Figure>& figures) {
  Mean mean;
  mean.n = figures.size();
  if (figures.empty()) return mean;
  const auto n = static_cast<double>(figures.size());
  double sum = 0, systematic = 0, squares = 0;
  for (const Figure& one : figures) sum += one.value, systematic += one.systematic;
  mean.value = sum / n;
  if (figures.size() == 1) {
    mean.interval = figures[0].expanded;
    if (figures[0].expanded) mean.scatter = figures[0].random > 0 ? 1.96 * figures[0].random : *figures[0].expanded;
    return mean;
  }
  for (const Figure& one : figures) squares += (one.value - *mean.value) * (one.value - *mean.value);
  mean.scatter = t_factor(figures.size()) * std::sqrt(squares / (n - 1) / n);
  mean.interval = sum_of_squares(*mean.scatter, 1.96 * systematic / n);
  return mean;
}

// The figure of one run's energy divided by `per`.
std::optional<Figure> figure(const Excerpt& run, std::optional<double> per) {
  if (run.energy == nullptr || !energy_j(*run.energy) || !per || !(*per > 0)) return std::nullopt;
  Figure one;
  one.value = *energy_j(*run.energy) / *per;
  one.expanded = uncertainty_j(*run.energy);
  if (one.expanded) *one.expanded /= *per;
  one.random = finite(run.energy->random_uj()).value_or(0) / 1e6 / *per;
  one.systematic = finite(run.energy->systematic_uj()).value_or(0) / 1e6 / *per;
  if (one.expanded && one.random == 0 && one.systematic == 0)
    one.systematic = *one.expanded / 1.96;  // its nature is unknown
  return one;
}

template <class Per>
Mean compute_per(const Excerpts& runs, Per per) {
  std::vector<Figure> figures;
  for (const Excerpt& run : runs)
    if (const auto one = figure(run, per(run))) figures.push_back(*one);
  return compute_mean(figures);
}

std::optional<double> work_count(const Excerpt& run, std::string_view unit) {
  if (run.work == nullptr) return std::nullopt;
  for (const pb::Work& work : *run.work)
    if (work.unit() == unit) return finite(work.count());
  return std::nullopt;
}

}  // namespace

double t_factor(std::size_t n) {
  static constexpr std::array kFactors{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                       2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                       2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  if (n < 2) return kFactors[0];
  if (n - 2 < kFactors.size()) return kFactors[n - 2];
  const double freedom = static_cast<double>(n - 1);
  return 1.96 + 2.37 / freedom + 2.8 / (freedom * freedom);  // the first terms of its series
}

Excerpt excerpt(const pb::Record& record, std::string_view phase) {
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

Mean compute_energy(const Excerpts& runs) {
  return compute_per(runs, [](const Excerpt&) { return std::optional(1.0); });
}

Mean compute_power(const Excerpts& runs) {
  return compute_per(runs, [](const Excerpt& run) { return run.seconds; });
}

Mean compute_per_unit(const Excerpts& runs, std::string_view unit) {
  return compute_per(runs, [unit](const Excerpt& run) { return work_count(run, unit); });
}

Mean compute_duration(const Excerpts& runs) {
  std::vector<double> values;
  for (const Excerpt& run : runs)
    if (run.seconds) values.push_back(*run.seconds);
  return compute_plain(values);
}

Mean compute_plain(std::span<const double> values) {
  std::vector<Figure> figures;
  for (const double value : values) figures.push_back({value, std::nullopt, 0, 0});
  return compute_mean(figures);
}

pb::Kind worst_kind(const Excerpts& runs) {
  pb::Kind kind = pb::KIND_UNKNOWN;
  for (const Excerpt& run : runs)
    if (run.energy != nullptr) kind = worse(kind, run.energy->kind());
  return kind;
}

}  // namespace nw
