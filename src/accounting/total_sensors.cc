#include "accounting/total_sensors.h"

#include <algorithm>

#include "energy/containment.h"

namespace nw {

Rule rule_of(Domain domain) {
  switch (domain) {
    case Domain::gpu: return Rule::device;
    case Domain::dram: return Rule::memory;
    case Domain::node:
    case Domain::module:  // holds processors and accelerators alike
    case Domain::other: return Rule::node;
    default: return Rule::processor;
  }
}

Layout make_layout(std::span<const Meter> meters, Nanos now) {
  std::vector<Branch> branches;
  for (const Meter& meter : meters) {
    Energy energy;
    energy.boundary = meter.plate().boundary;
    energy.kind = meter.plate().how;
    if (meter.alive()) energy.value = meter.at(now).energy;
    branches.push_back({&meter.plate(), energy, {}});
  }
  const auto index_of = [&](const std::string& sensor) {
    const auto found =
        std::find_if(meters.begin(), meters.end(), [&](const Meter& m) { return m.plate().id == sensor; });
    return static_cast<std::size_t>(found - meters.begin());
  };
  Layout layout;
  for (const Component& component : compose(branches).components) {
    if (!component.counted || component.sensor.empty()) continue;
    const std::size_t meter = index_of(component.sensor);
    if (component.part.domain != Domain::node)
      (component.depth == 0 ? layout.beside : layout.inside).push_back(meter);
    else if (component.depth == 0)
      layout.root = meter;
  }
  return layout;
}

}  // namespace nw
