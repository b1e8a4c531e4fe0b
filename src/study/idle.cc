#include "study/idle.h"

#include <cmath>
#include <vector>

#include "record/record.pb.h"

namespace nw {

namespace {
constexpr double kTwoSided95 = 1.96;

// The components that the energy is the sum of, by their sensors; empty where one of them has none.
std::vector<std::string> sensors_of(const pb::Record& record) {
  std::vector<std::string> sensors;
  const auto& all = record.components();
  for (int i = 0; i < all.size(); ++i) {
    const pb::Component& one = all[i];
    if (!one.counted()) continue;
    if (one.sensor().empty() || one.energy().kind() == pb::KIND_ESTIMATED) return {};
    sensors.push_back(one.sensor());
    if (one.domain() == "node") break;  // all others lie inside it
    while (i + 1 < all.size() && all[i + 1].depth() > one.depth()) ++i;
  }
  return sensors;
}

const pb::Idle* find_idle(const pb::Record& record, const std::string& sensor) {
  for (const pb::Idle& idle : record.idle())
    if (idle.sensor() == sensor && idle.power_uw() >= 0 && idle.u_uw() >= 0) return &idle;
  return nullptr;
}
}  // namespace

std::optional<IdleShare> compute_idle(const pb::Record& record) {
  const auto seconds = duration_s(record.duration_ns());
  const auto joules = energy_j(record.energy());
  const auto sensors = sensors_of(record);
  if (!seconds || !joules || *joules <= 0 || sensors.empty()) return std::nullopt;
  double watts = 0, variance = 0;
  IdleShare out;
  for (const std::string& sensor : sensors) {
    const pb::Idle* idle = find_idle(record, sensor);
    if (idle == nullptr) return std::nullopt;
    watts += static_cast<double>(idle->power_uw()) * 1e-6;
    variance += std::pow(kTwoSided95 * static_cast<double>(idle->u_uw()) * 1e-6, 2);
    if (out.date.empty() || idle->date() < out.date) out.date = idle->date();
  }
  out.watts.value = watts;
  if (const auto uncertainty = uncertainty_j(record.energy()))
    out.watts.uncertainty = std::sqrt(variance + std::pow(watts * *uncertainty / *joules, 2));
  out.joules.value = watts * *seconds;
  if (out.watts.uncertainty) out.joules.uncertainty = *out.watts.uncertainty * *seconds;
  out.fraction = *out.joules.value / *joules;
  return out;
}

}  // namespace nw
