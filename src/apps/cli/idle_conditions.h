// Whether a node is idle, as far as can be seen: what `calibrate` asks before it begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/cpu_ticks.h"
#include "base/host.h"
#include "sensor/utilization.h"

namespace nw::cli {

struct Conditions {
  std::optional<double> load, busy, temperature_c;
  std::optional<std::uint64_t> processes;
  std::uint64_t cpus = 1;
  std::string device;  // one that is not idle
};

std::optional<CpuTicks> read_cpu_ticks(Host& host);
// Share of the CPUs' time.
std::optional<double> busy_between(const std::optional<CpuTicks>& a, const std::optional<CpuTicks>& b);
Conditions read_conditions(Host& host);  // without `busy` and `device`
// A device beside the CPUs that is busy, or used by a process; empty: none, as far as their drivers report.
std::string busy_device(UtilizationReader& reader);
// Why the node is not idle; empty when it is, as far as is known.
std::string why_not_idle(const Conditions& now);

}  // namespace nw::cli
