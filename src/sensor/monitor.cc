#include "sensor/monitor.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nw {

namespace {
std::vector<Utilization> take_utilizations(Inventory& found, UtilizationScope scope) {
  if (scope == UtilizationScope::accelerators)
    std::erase_if(found.utilizations, [](const Utilization& one) { return one.info.part.domain != Domain::gpu; });
  return std::exchange(found.utilizations, {});
}
}  // namespace

NodeMonitor::NodeMonitor(Host& host, Site site, UtilizationScope scope)
    : host_(host),
      site_(std::move(site)),
      scope_(scope),
      inventory_(make_inventory(host_, site_)),
      reader_(host_, std::exchange(inventory_.sensors, {})),
      utilizations_(host_, take_utilizations(inventory_, scope_)) {}

NodeMonitor::NodeMonitor(Host& host, std::vector<Sensor> chosen)
    : host_(host), scope_(UtilizationScope::all), reader_(host_, std::move(chosen)), utilizations_(host_, {}) {}

bool NodeMonitor::measures() const {
  return std::any_of(infos().begin(), infos().end(),
                     [](const SensorInfo& info) { return info.provenance == Provenance::measured; });
}

void NodeMonitor::read_every(Nanos period, const std::function<bool(const SampleSet&)>& take) {
  SampleSet sample_set;
  for (Nanos due = host_.now();; due += period) {
    reader_.read_all(sample_set);
    if (!take(sample_set) || !host_.sleep_until(std::max(due + period, host_.now()))) return;
  }
}

void NodeMonitor::add(Inventory found) {
  reader_.add(std::move(found.sensors));
  utilizations_.add(take_utilizations(found, scope_));
  std::move(found.software.begin(), found.software.end(), std::back_inserter(inventory_.software));
}

void NodeMonitor::close(std::string_view ids) {
  reader_.close(ids);
  utilizations_.close(ids);
}

void NodeMonitor::open(ProbeResult again) {
  reader_.open(std::move(again.sensors));
  utilizations_.open(std::move(again.utilizations));
}

}  // namespace nw
