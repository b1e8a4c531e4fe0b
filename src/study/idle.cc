#include "study/idle.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "record/idle.h"
#include "record/record.pb.h"
#include "study/ratio.h"
#include "study/repeats.h"

namespace nw {

namespace {
constexpr double kTwoSided95 = 1.96;

// What the sensors' systematic error is in the idle power and in its share of the run; standard uncertainties.
struct SensorError {
  double watts = 0, fraction = 0;
};

// Terms are named by their cause: "... offset" is a constant power, all others go with the energy. A record without
// terms states one sum, which is mostly a gain.
SensorError compute_sensor_error(const pb::Energy& energy, double joules, double seconds, double idle_w) {
  const double fraction = idle_w * seconds / joules;
  double gain = 0, offset = 0;  // squared; relative, and in watts
  for (const pb::Contributor& term : energy.terms()) {
    const double u = finite(term.u_uj()).value_or(0) / 1e6;
    if (std::string_view(term.name()).ends_with(" offset"))
      offset += std::pow(u / seconds, 2);
    else
      gain += std::pow(u / joules, 2);
  }
  if (energy.terms().empty())
    if (const auto half = uncertainty_j(energy)) gain = std::pow(*half / kTwoSided95 / joules, 2);
  return {std::sqrt(gain * idle_w * idle_w + offset), std::sqrt(offset) / (joules / seconds) * std::abs(1 - fraction)};
}

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
    variance += std::pow(static_cast<double>(idle->u_uw()) * 1e-6, 2);
    if (out.date.empty() || idle->date() < out.date) out.date = idle->date();
  }
  const double fraction = watts * *seconds / *joules;
  out.watts.value = watts;
  out.joules.value = watts * *seconds;
  out.fraction.value = fraction;
  if (!uncertainty_j(record.energy())) return out;
  const SensorError sensors_error = compute_sensor_error(record.energy(), *joules, *seconds, watts);
  const double scatter = student(kBaselineIntervals - 1) * std::sqrt(variance);
  const double random = finite(record.energy().random_uj()).value_or(0) / 1e6 / *joules;
  const double by_load = kGainByLoad * std::min(std::abs(1 - fraction), 1.0);
  out.watts.uncertainty = std::hypot(scatter, kTwoSided95 * sensors_error.watts);
  out.joules.uncertainty = *out.watts.uncertainty * *seconds;
  out.fraction.uncertainty =
      std::hypot(scatter * *seconds / *joules, kTwoSided95 * std::hypot(sensors_error.fraction, fraction * random),
                 kTwoSided95 * fraction * by_load);
  return out;
}

}  // namespace nw
