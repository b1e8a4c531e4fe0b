#include "accounting/utilization_summary.h"

#include <algorithm>

#include "base/parse.h"

namespace nw {

namespace {
constexpr Nanos kShortest = millis(200);  // of busy time: it comes in steps of 10 ms for each CPU
constexpr Nanos kStretch = millis(500);   // over which the busiest moment is looked for
// Busier than this without a process is a contradiction: in a container some drivers show no process at all.
constexpr double kBusyForNobody = 0.05;

template <class T>
void keep_largest(std::optional<T>& largest, T value) {
  largest = std::max(largest.value_or(value), value);
}

pb::Device* find_device(const Part& part, pb::Record& record) {
  for (pb::Device& device : *record.mutable_devices())
    if (device.domain() == name(part.domain) && device.device() == valid_utf8(part.device)) return &device;
  return nullptr;
}
}  // namespace

Usage::Usage(std::vector<ActivityPlate> plates) : plates_(std::move(plates)), devices_(plates_.size()) {}

void Usage::begin(Nanos at) { begin_ = at; }
void Usage::end(Nanos at) { end_ = at; }

void Usage::add(const std::vector<Glance>& glances) {
  for (std::size_t i = 0; i < devices_.size() && i < glances.size(); ++i) {
    const Glance& glance = glances[i];
    Device& device = devices_[i];
    if (device.last && glance.at <= device.last->at) continue;  // not read anew
    if (plates_[i].telling == Telling::share)
      add_share(plates_[i], glance, device);
    else
      add_time(plates_[i], glance, device);
    if (begin_ && !end_ && glance.at > *begin_ && glance.processes.ok)
      keep_largest(device.processes, static_cast<std::uint32_t>(glance.processes.value));
    device.last = glance;
  }
}

void Usage::add_share(const ActivityPlate& plate, const Glance& glance, Device& device) const {
  if (!begin_) return;
  const Nanos to = end_ ? std::min(glance.at, *end_) : glance.at;
  const Nanos from = device.last ? std::max(device.last->at, *begin_) : *begin_;
  if (to - *begin_ < plate.window || to <= from) return;
  const auto share = share_between(plate, {}, glance);
  if (!share) return;
  device.busy_s += *share * to_seconds(to - from);
  device.seen_s += to_seconds(to - from);
  keep_largest(device.busiest, *share);
}

void Usage::add_time(const ActivityPlate& plate, const Glance& glance, Device& device) const {
  const bool over = end_ && device.time && device.time->at >= *end_;
  if (over || !glance.busy.ok) return;
  if (!device.first_time) device.first_time = device.stretch = glance;
  device.time = glance;
  if (glance.at - device.stretch->at < kStretch) return;
  if (const auto share = share_between(plate, *device.stretch, glance)) keep_largest(device.busiest, *share);
  device.stretch = glance;
}

std::optional<double> Usage::busy(std::size_t i) const {
  const Device& device = devices_[i];
  if (plates_[i].telling == Telling::share)
    return device.seen_s > 0 ? std::optional(std::min(device.busy_s / device.seen_s, *device.busiest)) : std::nullopt;
  if (!device.time || device.time->at - device.first_time->at < kShortest) return std::nullopt;
  return share_between(plates_[i], *device.first_time, *device.time);
}

void Usage::write(pb::Record& record) const {
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const auto share = busy(i);
    if (plates_[i].part.domain == Domain::node) {
      if (share) record.set_cpu_busy(*share);
      continue;
    }
    pb::Device* out = find_device(plates_[i].part, record);
    if (out == nullptr) continue;
    if (share) out->set_busy(*share);
    if (share) out->set_busiest(std::max(devices_[i].busiest.value_or(*share), *share));
    const auto& processes = devices_[i].processes;
    const bool contradicts = processes == 0U && share.value_or(0) > kBusyForNobody;
    if (processes && !contradicts) out->set_processes(*processes);
  }
}

void write_devices(const std::vector<ActivityPlate>& plates, pb::Record& record) {
  for (const ActivityPlate& plate : plates) {
    if (plate.part.domain == Domain::node) continue;
    auto& device = *record.add_devices();
    device.set_domain(std::string(name(plate.part.domain)));
    device.set_device(valid_utf8(plate.part.device));
    device.set_label(valid_utf8(plate.label));
    if (plate.power_limit) device.set_power_limit_uw(plate.power_limit->count());
  }
}

}  // namespace nw
