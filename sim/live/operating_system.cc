// /proc and the CPUs' topology, as programs other than nodewatt read them. A view has the little that a tape of
// nodewatt needs; here every line is there that psutil, py-cpuinfo and their like cannot do without.
//
// CPUs are numbered as a view does it, socket by socket; of a socket's CPUs the second half are the second threads of
// its cores. Busy time is spread evenly over them. Memory in use, interrupts and switches are not simulated: they
// stand.
#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "sim/live/live_parts.h"
#include "sim/view_parts.h"

namespace nw::sim {

namespace {
struct Place {
  std::uint64_t socket, core, thread;
};

// Of a scenario's CPUs: where they are.
class Topology {
 public:
  explicit Topology(const Facts& facts) : facts_(facts) {}
  std::uint64_t first(std::uint64_t socket) const {
    return (socket * facts_.cpus + facts_.sockets - 1) / facts_.sockets;
  }
  std::uint64_t in_socket(std::uint64_t socket) const { return first(socket + 1) - first(socket); }
  std::uint64_t cores(std::uint64_t socket) const {
    return std::max<std::uint64_t>((in_socket(socket) + facts_.threads - 1) / facts_.threads, 1);
  }
  Place of(std::uint64_t cpu) const {
    const std::uint64_t socket = cpu * facts_.sockets / facts_.cpus, n = cpu - first(socket);
    return {socket, n % cores(socket), n / cores(socket)};
  }
  // The CPUs of a core, and those of a socket.
  std::vector<std::uint64_t> core(const Place& place) const {
    std::vector<std::uint64_t> cpus;
    for (std::uint64_t n = place.core; n < in_socket(place.socket); n += cores(place.socket))
      cpus.push_back(first(place.socket) + n);
    return cpus;
  }
  std::vector<std::uint64_t> socket(std::uint64_t socket) const {
    std::vector<std::uint64_t> cpus(in_socket(socket));
    std::iota(cpus.begin(), cpus.end(), first(socket));
    return cpus;
  }

 private:
  const Facts& facts_;
};

std::string range(std::uint64_t count) { return count > 1 ? fmt::format("0-{}", count - 1) : "0"; }

// A set of CPUs as the kernel prints it: "0,38", and "00000040,00000001" with the highest first.
std::string list_of(const std::vector<std::uint64_t>& cpus) {
  const bool whole = cpus.size() > 1 && cpus.back() - cpus.front() + 1 == cpus.size();
  return whole ? fmt::format("{}-{}", cpus.front(), cpus.back()) : fmt::format("{}", fmt::join(cpus, ","));
}
std::string mask_of(const std::vector<std::uint64_t>& cpus, std::uint64_t count) {
  std::vector<std::uint32_t> words((count + 31) / 32);
  for (const std::uint64_t cpu : cpus) words[words.size() - 1 - cpu / 32] |= 1U << cpu % 32;
  return fmt::format("{:08x}", fmt::join(words, ","));
}

void show_cpu(View& view, const Facts& facts, const Topology& topology, std::uint64_t cpu) {
  const Place place = topology.of(cpu);
  const auto add = [&](const std::string& file, const std::string& text) {
    view.files[fmt::format("/sys/devices/system/cpu/cpu{}/topology/{}", cpu, file)] = constant(text + "\n");
  };
  const auto add_set = [&](const std::string& mask, const std::string& list, const std::vector<std::uint64_t>& cpus) {
    add(mask, mask_of(cpus, facts.cpus));
    add(list, list_of(cpus));
  };
  add("physical_package_id", std::to_string(place.socket));
  add("die_id", "0");
  add("core_id", std::to_string(place.core));
  for (const char* set : {"thread_siblings", "core_cpus"})
    add_set(set, std::string(set) + "_list", topology.core(place));
  for (const char* set : {"core_siblings", "package_cpus"})
    add_set(set, std::string(set) + "_list", topology.socket(place.socket));
}

// A NUMA node is a socket.
void show_topology(View& view, const Facts& facts) {
  const Topology topology(facts);
  const std::string system = "/sys/devices/system/";
  for (const char* file : {"online", "present", "possible"}) {
    view.files[system + "cpu/" + file] = constant(range(facts.cpus) + "\n");
    view.files[system + "node/" + file] = constant(range(facts.sockets) + "\n");
  }
  view.files[system + "cpu/offline"] = constant("\n");
  for (std::uint64_t cpu = 0; cpu < facts.cpus; ++cpu) show_cpu(view, facts, topology, cpu);
  for (std::uint64_t socket = 0; socket < facts.sockets; ++socket) {
    const auto cpus = topology.socket(socket);
    const std::string node = fmt::format("{}node/node{}/", system, socket);
    view.files[node + "cpulist"] = constant(list_of(cpus) + "\n");
    view.files[node + "cpumap"] = constant(mask_of(cpus, facts.cpus) + "\n");
  }
}

std::string cpuinfo_of(const Facts& facts) {
  const Topology topology(facts);
  std::string text;
  for (std::uint32_t cpu = 0; cpu < facts.cpus; ++cpu) {
    const Place place = topology.of(cpu);
    text += fmt::format("processor\t: {}\n", cpu);
    if (facts.vendor.empty()) {
      text += fmt::format("Features\t: {}\n\n", facts.flags);
      continue;
    }
    text += fmt::format("vendor_id\t: {}\n", facts.vendor);
    if (facts.cpu_family > 0)
      text += fmt::format("cpu family\t: {}\nmodel\t\t: {}\n", facts.cpu_family, facts.cpu_model);
    text += fmt::format("model name\t: {}\nphysical id\t: {}\nsiblings\t: {}\ncore id\t\t: {}\ncpu cores\t: {}\n",
                        facts.model, place.socket, topology.in_socket(place.socket), place.core,
                        topology.cores(place.socket));
    text += fmt::format("flags\t\t: {}\n\n", facts.flags);
  }
  return text;
}

// 90 % free: the share that an idle node has is nobody's measurement.
std::string meminfo_of(const Facts& facts) {
  const auto total = static_cast<std::uint64_t>(std::max(facts.memory_gb, 0.0) * 1e9 / 1024);
  std::string text = fmt::format("{:16}{:8} kB\n", "MemTotal:", total);
  for (const char* name : {"MemFree:", "MemAvailable:"}) text += fmt::format("{:16}{:8} kB\n", name, total / 10 * 9);
  for (const char* name : {"Buffers:", "Cached:", "SwapCached:", "Active:", "Inactive:", "SwapTotal:", "SwapFree:",
                           "Shmem:", "Slab:", "SReclaimable:", "SUnreclaim:"})
    text += fmt::format("{:16}{:8} kB\n", name, 0);
  return text;
}

// Ticks of 10 ms since the node was up: whole numbers that only grow, so that each CPU's share of them does too.
struct Ticks {
  std::uint64_t busy, idle;
};

Ticks ticks_at(const Machine& machine, Nanos up, Nanos t) {
  const double busy = std::max(machine.busy_seconds({}, t), 0.0);
  const double all = std::max(to_seconds(up + t), 0.0) * machine.scenario().facts.cpus;
  return {static_cast<std::uint64_t>(busy * 100), static_cast<std::uint64_t>(std::max(all - busy, 0.0) * 100)};
}

std::string stat_of(const Machine& machine, Nanos up, Nanos t) {
  const Scenario& scenario = machine.scenario();
  const auto [busy, idle] = ticks_at(machine, up, t);
  std::string text = fmt::format("cpu  {} 0 0 {} 0 0 0 0 0 0\n", busy, idle);
  const std::uint64_t n = scenario.facts.cpus;
  for (std::uint64_t cpu = 0; cpu < n; ++cpu)  // the remainders go to the first ones, so that the lines add up
    text += fmt::format("cpu{} {} 0 0 {} 0 0 0 0 0 0\n", cpu, busy / n + (cpu < busy % n ? 1 : 0),
                        idle / n + (cpu < idle % n ? 1 : 0));
  text += fmt::format("intr 0\nctxt 0\nbtime {}\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n",
                      (scenario.wall_ns - up.count()) / kNanosPerSecond);
  return text + "softirq 0 0 0 0 0 0 0 0 0 0 0\n";
}
}  // namespace

void show_operating_system(View& view, const Machine& machine, Nanos up) {
  const Facts& facts = machine.scenario().facts;
  if (facts.cpus == 0) return;
  show_topology(view, facts);
  view.files["/proc/cpuinfo"] = constant(cpuinfo_of(facts));
  view.files["/proc/meminfo"] = constant(meminfo_of(facts));
  view.files["/proc/stat"] = [&machine, up](Nanos t) -> Result<std::string> { return stat_of(machine, up, t); };
  view.files["/proc/uptime"] = [&machine, up](Nanos t) -> Result<std::string> {
    return fmt::format("{:.2f} {:.2f}\n", to_seconds(up + t), static_cast<double>(ticks_at(machine, up, t).idle) / 100);
  };
}

}  // namespace nw::sim
