#include "study/values.h"

#include <algorithm>
#include <cmath>

#include "record/record.pb.h"

namespace nw {

namespace {
constexpr double kMicroToOne = 1e6;
}

std::optional<double> finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

std::optional<double> energy_j(const pb::Energy& energy) {
  if (!energy.has_energy_uj()) return std::nullopt;
  return static_cast<double>(energy.energy_uj()) / kMicroToOne;
}

std::optional<double> uncertainty_j(const pb::Energy& energy) {
  if (!energy.has_energy_uj() || !energy.has_uncertainty_uj() || energy.uncertainty_uj() < 0) return std::nullopt;
  return static_cast<double>(energy.uncertainty_uj()) / kMicroToOne;
}

std::optional<double> coverage(const pb::Energy& energy) {
  if (!energy.has_coverage() || !(energy.coverage() >= 0 && energy.coverage() <= 1)) return std::nullopt;
  return energy.coverage();
}

pb::Kind known_kind(const pb::Energy& energy) { return energy.has_energy_uj() ? energy.kind() : pb::KIND_UNKNOWN; }

pb::Boundary known_boundary(const pb::Energy& energy) {
  return energy.has_energy_uj() ? energy.boundary() : pb::BOUNDARY_UNKNOWN;
}

std::optional<double> duration_s(std::int64_t duration_ns) {
  if (duration_ns <= 0) return std::nullopt;
  return static_cast<double>(duration_ns) / 1e9;
}

std::optional<double> mean_power_w(const pb::Energy& energy, std::int64_t duration_ns) {
  const auto joules = energy_j(energy), seconds = duration_s(duration_ns);
  return joules && seconds ? std::optional(*joules / *seconds) : std::nullopt;
}

std::optional<double> max_power_w(const pb::Component& component, std::optional<double> mean) {
  if (!component.has_max_power_uw()) return std::nullopt;
  return as_maximum(static_cast<double>(component.max_power_uw()) / kMicroToOne, mean);
}

std::optional<double> as_maximum(double most, std::optional<double> mean) {
  if (!mean || most >= *mean) return most;
  return *mean - most <= 0.01 * *mean ? mean : std::nullopt;
}

Amount energy_amount(const pb::Energy& energy) { return {energy_j(energy), uncertainty_j(energy)}; }

Amount ratio(Amount amount, std::optional<double> to) {
  if (!amount.value || !to || !std::isfinite(*to) || !(*to > 0)) return {};
  *amount.value /= *to;
  if (amount.uncertainty) *amount.uncertainty /= *to;
  return amount;
}

Amount power_amount(const pb::Energy& energy, std::int64_t duration_ns) {
  return ratio(energy_amount(energy), duration_s(duration_ns));
}

Amount max_power_amount(const pb::Component& component, std::optional<double> mean) {
  Amount amount{max_power_w(component, mean), {}};
  const auto joules = energy_j(component.energy()), uncertainty = uncertainty_j(component.energy());
  if (amount.value && joules && uncertainty && *joules != 0)
    amount.uncertainty = std::abs(*amount.value * *uncertainty / *joules);
  return amount;
}

Amount per_unit(const pb::Energy& energy, const pb::Work& work) { return ratio(energy_amount(energy), work.count()); }

pb::Kind worse(pb::Kind a, pb::Kind b) { return std::max(a, b); }

namespace {
std::optional<double> share(bool has, double value) {
  return has && value >= 0 && value <= 1 ? std::optional(value) : std::nullopt;
}
}  // namespace

std::optional<double> busy(const pb::Device& device) { return share(device.has_busy(), device.busy()); }
std::optional<double> busiest(const pb::Device& device) { return share(device.has_busiest(), device.busiest()); }

std::optional<double> power_limit_w(const pb::Device& device) {
  if (!device.has_power_limit_uw() || device.power_limit_uw() <= 0) return std::nullopt;
  return static_cast<double>(device.power_limit_uw()) / kMicroToOne;
}

std::optional<double> cpu_busy(const pb::Record& record) { return share(record.has_cpu_busy(), record.cpu_busy()); }

std::optional<double> child_cpu_s(const pb::Record& record) {
  return record.has_child_cpu_s() && record.child_cpu_s() >= 0 ? finite(record.child_cpu_s()) : std::nullopt;
}

}  // namespace nw
