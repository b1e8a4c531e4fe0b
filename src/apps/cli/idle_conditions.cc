#include "apps/cli/idle_conditions.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/parse.h"
#include "record/record.h"
#include "record/record.pb.h"

namespace nw::cli {

namespace {
constexpr double kMostBusy = 0.05, kMostLoadPerCpu = 0.05, kMostLoad = 0.5;

void read_load(Host& host, Conditions& found) {
  const auto text = host.read_text("/proc/loadavg");
  if (!text) return;
  const auto words = split(*text, ' ');
  found.load = parse_double(words[0]);
  if (words.size() > 3)
    if (const auto slash = words[3].find('/'); slash != words[3].npos)
      found.processes = parse_u64(words[3].substr(slash + 1));
}

void read_temperature(Host& host, Conditions& found) {
  const auto zones = host.list("/sys/class/thermal");
  if (!zones) return;
  for (const auto& zone : *zones) {
    if (!zone.starts_with("thermal_zone")) continue;
    const auto text = host.read_text("/sys/class/thermal/" + zone + "/temp");
    const auto thousandths = text ? parse_i64(*text) : std::nullopt;
    if (thousandths && std::abs(*thousandths) < 200'000)
      found.temperature_c = std::max(found.temperature_c.value_or(-273), static_cast<double>(*thousandths) / 1000);
  }
}

}  // namespace

std::optional<CpuTicks> read_cpu_ticks(Host& host) {
  const auto text = host.read_text("/proc/stat");
  return text ? parse_cpu_ticks(*text) : std::nullopt;
}

std::optional<double> busy_between(const std::optional<CpuTicks>& a, const std::optional<CpuTicks>& b) {
  if (!a || !b || b->all <= a->all || b->busy < a->busy) return std::nullopt;
  return static_cast<double>(b->busy - a->busy) / static_cast<double>(b->all - a->all);
}

Conditions read_conditions(Host& host) {
  pb::Node node;
  write_node(host, node);
  Conditions found;
  found.cpus = std::max(node.logical_cpus(), 1U);
  read_load(host, found);
  read_temperature(host, found);
  return found;
}

std::string busy_device(UtilizationReader& reader) {
  std::vector<UtilizationSample> utilization_samples;
  reader.read_all(utilization_samples);
  for (std::size_t i = 0; i < utilization_samples.size(); ++i) {
    const UtilizationInfo& info = reader.infos()[i];
    if (info.part.domain == Domain::node) continue;
    const Reading &busy = utilization_samples[i].utilization, &processes = utilization_samples[i].processes;
    const bool works = info.kind == UtilizationKind::share && busy.ok &&
                       static_cast<double>(busy.value) > kMostBusy * static_cast<double>(info.full);
    if (works || (processes.ok && processes.value > 0)) return info.label.empty() ? info.id : info.label;
  }
  return "";
}

std::string why_not_idle(const Conditions& now) {
  const double most = std::max(kMostLoad, kMostLoadPerCpu * static_cast<double>(now.cpus));
  if (now.busy && *now.busy > kMostBusy)
    return fmt::format("its CPUs are {:.0f} % busy, and {:.0f} % is the most", *now.busy * 100, kMostBusy * 100);
  if (now.load && *now.load > most)
    return fmt::format("its load average is {:.2f}, and {:.2f} is the most", *now.load, most);
  if (!now.device.empty()) return fmt::format("{} works, or a process is on it", now.device);
  return "";
}

}  // namespace nw::cli
