// Parsers for the texts that a cgroup snapshot reads, one each. They come from the kernel, or from a captured tree:
// what is not understood is nothing, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace nw {

// Names of directories. A name that Slurm cannot have made gives nothing: ids end up in records and on screens.
std::optional<std::string> parse_job_name(std::string_view name);      // "job_4711": "4711"; a SLUID: itself
std::optional<std::string> parse_step_name(std::string_view name);     // "step_batch": "batch"
std::optional<std::uint32_t> parse_uid_name(std::string_view name);    // "uid_1000": 1000
std::optional<std::string> parse_slurmd_name(std::string_view name);   // v1, "slurm_n1": "n1"; "slurm": ""
std::optional<std::string> parse_scope_name(std::string_view name);    // v2, "n1_slurmstepd.scope": "n1"
inline bool is_sluid(std::string_view id) { return id.size() == 14; }  // of an id; a number has 10 digits at most

// Values.
std::optional<Nanos> parse_cpu_usage(std::string_view text);             // cpuacct.usage: ns
std::optional<Nanos> parse_cpu_stat(std::string_view text);              // cpu.stat: its usage_usec
std::optional<std::uint64_t> parse_memory_limit(std::string_view text);  // nothing where there is none
std::vector<unsigned> parse_cpus(std::string_view text);                 // ascending, each once
// devices.list: the character devices that may be opened, "195:0", or "195:*" for all of one major number; ascending.
// Nothing where the list does not restrict: "a *:* rwm" hides what was denied one by one.
std::optional<std::vector<std::string>> parse_device_nodes(std::string_view text);
std::optional<bool> parse_populated(std::string_view text);  // cgroup.events

// Processes.
std::vector<std::uint32_t> parse_pids(std::string_view text);        // cgroup.procs, ascending
std::optional<std::uint32_t> parse_real_uid(std::string_view text);  // /proc/<pid>/status
struct ProcessStat {
  std::uint64_t parent, start;  // its process id; ticks of a hundredth of a second since boot
  std::uint64_t cpu = 0;        // ticks, of it and of its children that were waited for
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);  // /proc/<pid>/stat

// The node.
struct MemoryInfo {
  std::optional<std::uint64_t> total, available;  // bytes
};
MemoryInfo parse_meminfo(std::string_view text);
unsigned count_cpu_lines(std::string_view stat);  // /proc/stat: those "cpuN"

// The value of SLURM_JOB_GPUS in /proc/<pid>/environ, "" when there is none; nothing when this is not an environment of
// that job: slurmstepd's own, or that of a program that cleared it. A `job` that is not a number is a SLUID.
std::optional<std::string> parse_said_gpus(std::string_view environment, std::string_view job);

}  // namespace nw
