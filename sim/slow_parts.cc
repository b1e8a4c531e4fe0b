#include "sim/slow_parts.h"

#include <algorithm>
#include <cmath>

namespace nw::sim {

namespace {
std::size_t steps_of(const Scenario& scenario) {
  return static_cast<std::size_t>(scenario.end.count() / scenario.noise_step.count() + 1);
}

// How far the heat is on its way from idle to full, step by step.
std::vector<double> heat_of(const Scenario& scenario, Nanos lag, const std::vector<const Track*>& others) {
  double idle_w = 0, full_w = 0;
  for (const Track* track : others) {
    idle_w += track->power_at_level(0);
    full_w += std::max(track->power_at_level(1), track->power_at_level(0));  // some always idle
  }
  const double span_w = std::max(full_w - idle_w, 1.0), step_s = to_seconds(scenario.noise_step);
  const double taken = lag > Nanos{} ? 1 - std::exp(-step_s / to_seconds(lag)) : 1;
  std::vector<double> heat;
  double at = 0;
  for (std::size_t k = 0; k < steps_of(scenario); ++k) {
    heat.push_back(std::clamp(at, 0.0, 1.0));
    const Nanos from = Nanos::of(static_cast<std::int64_t>(k) * scenario.noise_step.count());
    double joules = 0;
    for (const Track* track : others) joules += track->energy(from + scenario.noise_step) - track->energy(from);
    at += taken * ((joules / step_s - idle_w) / span_w - at);
  }
  return heat;
}

// Sigma 1, correlated over `time`.
std::vector<double> wander(const Scenario& scenario, Nanos time, std::size_t component) {
  const double kept = time > Nanos{} ? std::exp(-to_seconds(scenario.noise_step) / to_seconds(time)) : 0;
  std::vector<double> out;
  double at = 0;
  for (std::size_t k = 0; k < steps_of(scenario); ++k) {
    const double fresh = gaussian(hash(scenario.seed, kWander + component, k));
    at = k == 0 ? fresh : kept * at + std::sqrt(1 - kept * kept) * fresh;
    out.push_back(std::clamp(at, -3.0, 3.0));
  }
  return out;
}
}  // namespace

Track make_slow_track(const Scenario& scenario, std::size_t component, const std::vector<const Track*>& others) {
  const Component& c = scenario.components[component];
  std::vector<double> watts(steps_of(scenario), c.idle_w);
  if (c.load == Load::heat) {
    const auto heat = heat_of(scenario, c.lag, others);
    for (std::size_t k = 0; k < watts.size(); ++k) watts[k] += (c.max_w - c.idle_w) * std::pow(heat[k], 3);
  }
  if (c.wander_w > 0) {
    const auto by = wander(scenario, c.wander, component);
    for (std::size_t k = 0; k < watts.size(); ++k) watts[k] = std::max(watts[k] + c.wander_w * by[k], 0.0);
  }
  return {c, watts, scenario.noise_step};
}

}  // namespace nw::sim
