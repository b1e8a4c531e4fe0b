#include "sim/power_supply.h"

#include <algorithm>

namespace nw::sim {

double wall_power(const Supply& supply, double dc_w) {
  const auto& curve = supply.curve;
  if (curve.empty()) return dc_w;
  const double load = dc_w / supply.rating_w;
  const auto above = std::find_if(curve.begin(), curve.end(), [&](const CurvePoint& p) { return p.load > load; });
  if (above == curve.begin()) return dc_w / curve.front().efficiency;
  if (above == curve.end()) return dc_w / curve.back().efficiency;
  const CurvePoint &b = *above, &a = *std::prev(above);
  return dc_w / (a.efficiency + (b.efficiency - a.efficiency) * (load - a.load) / (b.load - a.load));
}

std::vector<const Track*> all_of(const std::vector<Track>& tracks) {
  std::vector<const Track*> all;
  for (const Track& track : tracks) all.push_back(&track);
  return all;
}

PowerSupply::PowerSupply(const Supply& supply, const std::vector<Track>& tracks, Nanos step, Nanos end)
    : wall_([supply](double dc_w) { return wall_power(supply, dc_w); }, all_of(tracks), supply.smoothing, step, end) {}

}  // namespace nw::sim
