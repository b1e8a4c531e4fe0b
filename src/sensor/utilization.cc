#include "sensor/utilization.h"

#include <algorithm>

#include "base/cpu_ticks.h"

namespace nw {

namespace {
constexpr std::uint64_t kMostProcesses = 100'000;
constexpr double kSlack = 1.05;  // of time that was counted in steps of its own

Reading read_or_none(Source* source) noexcept {
  return source == nullptr ? Reading::none(ErrorKind::absent) : source->read();
}
}  // namespace

ActivityReader::ActivityReader(Host& host, std::vector<Activity> activities) : host_(host) {
  for (Activity& activity : activities) {
    plates_.push_back(std::move(activity.plate));
    busy_.push_back(std::move(activity.busy));
    processes_.push_back(std::move(activity.processes));
  }
}

void ActivityReader::release(std::string_view ids) {
  for (std::size_t i = 0; i < plates_.size(); ++i) {
    if (!plates_[i].id.starts_with(ids)) continue;
    busy_[i].reset();
    processes_[i].reset();
  }
}

void ActivityReader::hold(std::vector<Activity> activities) {
  for (Activity& activity : activities)
    for (std::size_t i = 0; i < plates_.size(); ++i) {
      if (plates_[i].id != activity.plate.id) continue;
      busy_[i] = std::move(activity.busy);
      processes_[i] = std::move(activity.processes);
    }
}

void ActivityReader::read(std::size_t i, Glance& glance) noexcept {
  glance.busy = read_or_none(busy_[i].get());
  glance.processes = read_or_none(processes_[i].get());
  glance.at = host_.now();
  if (plates_[i].telling == Telling::share && glance.busy.ok && glance.busy.value > plates_[i].full)
    glance.busy = Reading::none(ErrorKind::malformed);
  if (glance.processes.ok && glance.processes.value > kMostProcesses)
    glance.processes = Reading::none(ErrorKind::malformed);
}

void ActivityReader::read_all(std::vector<Glance>& glances) noexcept {
  glances.resize(plates_.size());
  for (std::size_t i = 0; i < plates_.size(); ++i) read(i, glances[i]);
}

void ActivityReader::read_times(std::vector<Glance>& glances) noexcept {
  glances.resize(plates_.size());
  for (std::size_t i = 0; i < plates_.size(); ++i)
    if (plates_[i].telling == Telling::time) read(i, glances[i]);
}

std::optional<double> share_between(const ActivityPlate& plate, const Glance& earlier, const Glance& later) {
  if (!later.busy.ok || plate.full == 0) return std::nullopt;
  const auto full = static_cast<double>(plate.full);
  if (plate.telling == Telling::share) return static_cast<double>(later.busy.value) / full;
  if (!earlier.busy.ok || later.busy.value < earlier.busy.value) return std::nullopt;
  const bool own_clock = earlier.busy.device && later.busy.device;
  const double time = to_seconds(own_clock ? *later.busy.device - *earlier.busy.device : later.at - earlier.at);
  if (time <= 0) return std::nullopt;
  const double share = static_cast<double>(later.busy.value - earlier.busy.value) / full / time;
  return share <= kSlack ? std::optional(std::min(share, 1.0)) : std::nullopt;
}

std::optional<Activity> make_cpu_activity(Host& host) {
  const auto cpuinfo = host.read_text("/proc/cpuinfo");
  const std::uint32_t cpus = cpuinfo ? count_cpus(*cpuinfo) : 0;
  auto ticks = host.open_number("/proc/stat", kBusyTicks);
  if (cpus == 0 || !ticks) return std::nullopt;
  Activity activity;
  activity.plate.id = "host/cpus";
  activity.plate.source = "/proc/stat";
  activity.plate.part = {Domain::node, ""};
  activity.plate.label = "CPUs";
  activity.plate.telling = Telling::time;
  activity.plate.full = static_cast<std::uint64_t>(kTicksPerSecond) * cpus;
  activity.busy = std::move(*ticks);
  return activity;
}

}  // namespace nw
