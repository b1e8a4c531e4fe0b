#include "sensor/utilization.h"

#include <algorithm>

#include "base/cpu_ticks.h"
#include "base/parse.h"

namespace nw {

namespace {
constexpr std::uint64_t kMostProcesses = 100'000;
constexpr double kSlack = 1.05;  // for busy time that is counted in steps of its own

Reading read_or_none(Source* source) noexcept {
  return source == nullptr ? Reading::none(ErrorKind::absent) : source->read();
}
}  // namespace

UtilizationReader::UtilizationReader(Host& host, std::vector<Utilization> utilizations) : host_(host) {
  add(std::move(utilizations));
}

void UtilizationReader::add(std::vector<Utilization> utilizations) {
  for (Utilization& utilization : utilizations) {
    const bool known = std::any_of(infos_.begin(), infos_.end(),
                                   [&](const UtilizationInfo& info) { return info.id == utilization.info.id; });
    if (known) continue;
    infos_.push_back(std::move(utilization.info));
    utilization_.push_back(std::move(utilization.utilization));
    processes_.push_back(std::move(utilization.processes));
  }
}

void UtilizationReader::close(std::string_view ids) {
  for (std::size_t i = 0; i < infos_.size(); ++i) {
    if (!infos_[i].id.starts_with(ids)) continue;
    utilization_[i].reset();
    processes_[i].reset();
  }
}

void UtilizationReader::open(std::vector<Utilization> utilizations) {
  for (Utilization& utilization : utilizations)
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      if (infos_[i].id != utilization.info.id) continue;
      utilization_[i] = std::move(utilization.utilization);
      processes_[i] = std::move(utilization.processes);
    }
}

void UtilizationReader::read(std::size_t i, UtilizationSample& utilization_sample) noexcept {
  utilization_sample.utilization = read_or_none(utilization_[i].get());
  utilization_sample.processes = read_or_none(processes_[i].get());
  utilization_sample.at = host_.now();
  if (infos_[i].kind == UtilizationKind::share && utilization_sample.utilization.ok &&
      utilization_sample.utilization.value > infos_[i].full)
    utilization_sample.utilization = Reading::none(ErrorKind::malformed);
  if (utilization_sample.processes.ok && utilization_sample.processes.value > kMostProcesses)
    utilization_sample.processes = Reading::none(ErrorKind::malformed);
}

void UtilizationReader::read_all(std::vector<UtilizationSample>& utilization_samples) noexcept {
  utilization_samples.resize(infos_.size());
  for (std::size_t i = 0; i < infos_.size(); ++i) read(i, utilization_samples[i]);
}

void UtilizationReader::read_times(std::vector<UtilizationSample>& utilization_samples) noexcept {
  utilization_samples.resize(infos_.size());
  for (std::size_t i = 0; i < infos_.size(); ++i)
    if (infos_[i].kind == UtilizationKind::time) read(i, utilization_samples[i]);
}

std::optional<double> share_between(const UtilizationInfo& info, const UtilizationSample& earlier,
                                    const UtilizationSample& later) {
  if (!later.utilization.ok || info.full == 0) return std::nullopt;
  const auto full = static_cast<double>(info.full);
  if (info.kind == UtilizationKind::share) return static_cast<double>(later.utilization.value) / full;
  if (!earlier.utilization.ok || later.utilization.value < earlier.utilization.value) return std::nullopt;
  const bool own_clock = earlier.utilization.device && later.utilization.device;
  const double time =
      to_seconds(own_clock ? *later.utilization.device - *earlier.utilization.device : later.at - earlier.at);
  if (time <= 0) return std::nullopt;
  const double share = static_cast<double>(later.utilization.value - earlier.utilization.value) / full / time;
  return share <= kSlack ? std::optional(std::min(share, 1.0)) : std::nullopt;
}

std::optional<Utilization> make_cpu_utilization(Host& host) {
  const auto cpuinfo = host.read_text("/proc/cpuinfo");
  const std::uint32_t cpus = cpuinfo ? count_cpus(*cpuinfo) : 0;
  auto ticks = host.open_number("/proc/stat", kBusyTicks);
  if (cpus == 0 || !ticks) return std::nullopt;
  Utilization utilization;
  utilization.info.id = "host/cpus";
  utilization.info.source = "/proc/stat";
  utilization.info.part = {Domain::node, ""};
  utilization.info.label = "CPUs";
  utilization.info.kind = UtilizationKind::time;
  utilization.info.full = static_cast<std::uint64_t>(kTicksPerSecond) * cpus;
  utilization.utilization = std::move(*ticks);
  return utilization;
}

std::vector<std::string> find_render_nodes(Host& host, const std::string& pci) {
  std::vector<std::string> nodes;
  const std::string dir = "/sys/bus/pci/devices/" + pci + "/drm";
  if (pci.empty()) return nodes;
  const auto names = host.list(dir);
  if (!names) return nodes;
  for (const std::string& name : *names)
    if (name.starts_with("renderD"))
      if (const auto numbers = host.read_text(dir + "/" + name + "/dev")) nodes.emplace_back(trim(*numbers));
  return nodes;
}

}  // namespace nw
