#include "accounting/utilization_summary.h"

#include <algorithm>

#include "base/parse.h"
#include "record/record.pb.h"

namespace nw {

namespace {
constexpr Nanos kShortest = millis(200);  // of busy time: it is counted in steps of 10 ms for each CPU
constexpr Nanos kInterval = millis(500);  // over which the highest utilization is determined
// Busier than this without a process is a contradiction: inside containers some drivers show no process at all.
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

UtilizationSummary::UtilizationSummary(std::vector<UtilizationInfo> infos)
    : infos_(std::move(infos)), devices_(infos_.size()) {}

void UtilizationSummary::begin(Nanos at) { begin_ = at; }
void UtilizationSummary::end(Nanos at) { end_ = at; }

void UtilizationSummary::add(const std::vector<UtilizationSample>& utilization_samples) {
  for (std::size_t i = 0; i < devices_.size() && i < utilization_samples.size(); ++i) {
    const UtilizationSample& utilization_sample = utilization_samples[i];
    Device& device = devices_[i];
    if (device.last && utilization_sample.at <= device.last->at) continue;  // not a new reading
    if (infos_[i].kind == UtilizationKind::share)
      add_share(infos_[i], utilization_sample, device);
    else
      add_time(infos_[i], utilization_sample, device);
    if (begin_ && !end_ && utilization_sample.at > *begin_ && utilization_sample.processes.ok)
      keep_largest(device.processes, static_cast<std::uint32_t>(utilization_sample.processes.value));
    device.last = utilization_sample;
  }
}

void UtilizationSummary::add_share(const UtilizationInfo& info, const UtilizationSample& utilization_sample,
                                   Device& device) const {
  if (!begin_) return;
  const Nanos to = end_ ? std::min(utilization_sample.at, *end_) : utilization_sample.at;
  const Nanos from = device.last ? std::max(device.last->at, *begin_) : *begin_;
  if (to - *begin_ < info.averaging_window || to <= from) return;
  const auto share = share_between(info, {}, utilization_sample);
  if (!share) return;
  device.busy_s += *share * to_seconds(to - from);
  device.seen_s += to_seconds(to - from);
  keep_largest(device.busiest, *share);
}

void UtilizationSummary::add_time(const UtilizationInfo& info, const UtilizationSample& utilization_sample,
                                  Device& device) const {
  const bool over = end_ && device.time && device.time->at >= *end_;
  if (over || !utilization_sample.utilization.ok) return;
  if (!device.first_time) device.first_time = device.interval = utilization_sample;
  device.time = utilization_sample;
  if (utilization_sample.at - device.interval->at < kInterval) return;
  if (const auto share = share_between(info, *device.interval, utilization_sample))
    keep_largest(device.busiest, *share);
  device.interval = utilization_sample;
}

std::optional<double> UtilizationSummary::busy(std::size_t i) const {
  const Device& device = devices_[i];
  if (infos_[i].kind == UtilizationKind::share)
    return device.seen_s > 0 ? std::optional(std::min(device.busy_s / device.seen_s, *device.busiest)) : std::nullopt;
  if (!device.time || device.time->at - device.first_time->at < kShortest) return std::nullopt;
  return share_between(infos_[i], *device.first_time, *device.time);
}

void UtilizationSummary::write(pb::Record& record) const {
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const auto share = busy(i);
    if (infos_[i].part.domain == Domain::node) {
      if (share) record.set_cpu_busy(*share);
      continue;
    }
    pb::Device* out = find_device(infos_[i].part, record);
    if (out == nullptr) continue;
    if (share) out->set_busy(*share);
    if (share) out->set_busiest(std::max(devices_[i].busiest.value_or(*share), *share));
    const auto& processes = devices_[i].processes;
    const bool contradicts = processes == 0U && share.value_or(0) > kBusyForNobody;
    if (processes && !contradicts) out->set_processes(*processes);
  }
}

void write_devices(const std::vector<UtilizationInfo>& infos, pb::Record& record) {
  for (const UtilizationInfo& info : infos) {
    if (info.part.domain == Domain::node) continue;
    auto& device = *record.add_devices();
    device.set_domain(std::string(name(info.part.domain)));
    device.set_device(valid_utf8(info.part.device));
    device.set_label(valid_utf8(info.label));
    if (info.power_limit) device.set_power_limit_uw(info.power_limit->count());
  }
}

}  // namespace nw
