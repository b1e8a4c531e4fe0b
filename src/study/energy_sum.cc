#include "study/energy_sum.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "record/record.pb.h"
#include "study/values.h"

namespace nw {

namespace {
constexpr double kNormal = 1.96;
constexpr double kWidest = 4;  // a 95 % interval of more standard uncertainties is implausible
constexpr std::size_t kLargest = 3;

double square(double x) { return x * x; }
double or_zero(double value) { return finite(value).value_or(0); }
}  // namespace

void EnergySum::add(const pb::Energy& energy, std::int64_t weight) {
  const bool is_known = energy.has_energy_uj();
  weight_ += std::max<std::int64_t>(weight, 0);
  if (is_known && !coverage(energy)) coverage_known_ = false;
  if (is_known) covered_ += coverage(energy).value_or(0) * static_cast<double>(std::max<std::int64_t>(weight, 0));
  ++(is_known ? known_ : unknown_);
  if (!is_known) return;
  value_ += energy.energy_uj();
  filled_ += energy.filled_uj();
  kind_ = worse(kind_, energy.kind());
  lowest_ = known_ == 1 ? energy.boundary() : std::min(lowest_, energy.boundary());
  highest_ = known_ == 1 ? energy.boundary() : std::max(highest_, energy.boundary());
  add_doubt(energy);
}

void EnergySum::add_unknown(std::int64_t weight) { add(pb::Energy(), weight); }

void EnergySum::add_doubt(const pb::Energy& energy) {
  if (!uncertainty_j(energy)) {
    uncertainty_known_ = false;
    return;
  }
  double random = or_zero(energy.random_uj()), systematic = or_zero(energy.systematic_uj());
  const double interval = static_cast<double>(energy.uncertainty_uj());
  if (random == 0 && systematic == 0) systematic = interval / kNormal;  // of unknown kind: the worse one
  random_ += square(random);
  double named = 0;
  for (const pb::Contributor& term : energy.terms()) {
    Shared& shared = systematic_[term.name()];
    shared.u_uj += or_zero(term.u_uj());
    shared.rectangular &= term.rectangular();
    named += square(or_zero(term.u_uj()));
  }
  // Apart from rounding, a record names all of its systematic terms or, in older versions, none.
  if (const double rest = square(systematic) - named; rest > 1e-6 * square(systematic))
    systematic_[""].u_uj += std::sqrt(rest);
  for (const pb::Contributor& term : energy.contributors())
    if (!term.systematic()) independent_[term.name()] += square(or_zero(term.u_uj()));
  if (const double combined = std::hypot(random, systematic); combined > 0)
    widest_ = std::max(widest_, std::min(interval / combined, kWidest));
}

void EnergySum::write(pb::Energy& out) const {
  if (coverage_known_ && weight_ > 0) out.set_coverage(std::clamp(covered_ / static_cast<double>(weight_), 0.0, 1.0));
  if (known_ == 0) return;
  out.set_kind(kind_);
  out.set_boundary(lowest_);
  out.set_energy_uj(saturate(value_));
  out.set_filled_uj(saturate(filled_));
  if (uncertainty_known_) write_term_uncertainty(out);
}

void EnergySum::write_term_uncertainty(pb::Energy& out) const {
  double systematic = 0;
  std::vector<pb::Contributor> all;
  for (const auto& [name, shared] : systematic_) {
    systematic += square(shared.u_uj);
    if (name.empty() || shared.u_uj == 0) continue;
    auto& term = *out.add_terms();
    term.set_name(name);
    term.set_u_uj(shared.u_uj);
    term.set_systematic(true);
    term.set_rectangular(shared.rectangular);
    all.push_back(term);
    all.back().set_u_uj(std::abs(shared.u_uj));
  }
  for (const auto& [name, variance] : independent_) {
    if (name.empty() || variance == 0) continue;
    all.emplace_back();
    all.back().set_name(name);
    all.back().set_u_uj(std::sqrt(variance));
  }
  out.set_random_uj(std::sqrt(random_));
  out.set_systematic_uj(std::sqrt(systematic));
  out.set_uncertainty_uj(std::llround(std::min(widest_ * std::sqrt(random_ + systematic), 9e18)));
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.u_uj() > b.u_uj(); });
  for (std::size_t i = 0; i < all.size() && i < kLargest; ++i) *out.add_contributors() = all[i];
}

}  // namespace nw
