// Every parser of a cgroup snapshot over any bytes, and a cgroup snapshot of a machine whose files and names are those
// bytes: it ends, and what is a job has a name that its manager could have made.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <tuple>

#include "base/host_memory.h"
#include "base/parse.h"
#include "consumer/cgroup_scanner.h"
#include "consumer/cgroup_text.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
bool is_ascending(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '/'; });
}

void check_names(std::string_view name) {
  if (const auto id = nw::parse_job_name(name)) {
    require(nw::is_sluid(*id) ? name == *id : name == "job_" + *id && nw::parse_u64(*id) > 0);
    require(is_printable(*id) && !id->empty());
  }
  if (const auto step = nw::parse_step_name(name)) require(name == "step_" + *step && is_printable(*step));
  if (const auto uid = nw::parse_uid_name(name)) require(name == "uid_" + std::to_string(*uid));
  if (const auto slurmd = nw::parse_slurmd_name(name)) require(is_printable(*slurmd) && name.starts_with("slurm"));
  if (const auto slurmd = nw::parse_scope_name(name)) require(is_printable(*slurmd) && name.ends_with(".scope"));
}

void check_values(std::string_view text) {
  if (const auto cpu = nw::parse_cpu_usage(text)) require(cpu->count() >= 0);
  if (const auto cpu = nw::parse_cpu_stat(text)) require(cpu->count() >= 0 && cpu->count() % 1000 == 0);
  if (const auto limit = nw::parse_memory_limit(text)) require(*limit < std::uint64_t{1} << 60);
  require(is_ascending(nw::parse_cpus(text)));
  if (const auto nodes = nw::parse_device_nodes(text)) require(std::is_sorted(nodes->begin(), nodes->end()));
  nw::parse_populated(text);
  const auto pids = nw::parse_pids(text);
  require(std::is_sorted(pids.begin(), pids.end()) && (pids.empty() || pids[0] > 0));
  nw::parse_real_uid(text);
  const auto memory = nw::parse_meminfo(text);
  require(memory.total.value_or(0) % 1024 == 0 && memory.available.value_or(0) % 1024 == 0);
  require(nw::count_cpu_lines(text) <= text.size());
}

// The text's lines are paths below the mount, each with all of the text in it.
void check_cgroups(const std::string& text) {
  nw::MemoryHost host;
  for (const char* file : {"/proc/stat", "/proc/meminfo", "/sys/devices/system/cpu/online", "/proc/7/status"})
    host.set_file(file, text);
  for (const auto line : nw::split(text, '\n'))
    if (!line.empty()) host.set_file("/sys/fs/cgroup/" + std::string(line), text);
  nw::CgroupScanner taker(host, {});
  for (int i = 0; i < 2; ++i) {
    nw::CgroupSnapshot cgroups;
    taker.take(cgroups);
    for (const nw::CgroupUsage& job : cgroups.jobs) {
      require(is_printable(job.id) && is_printable(job.slurmd) && !job.id.empty());
      require(!job.manager.empty());
      for (const nw::StepCgroupUsage& step : job.steps) require(is_printable(step.id) && !step.id.empty());
      if (!job.uid) continue;
      const auto found = taker.find_process(7, *job.uid);
      require(!found || (is_printable(found->id) && is_printable(found->step)));
    }
    require(std::is_sorted(cgroups.jobs.begin(), cgroups.jobs.end(),
                           [](const nw::CgroupUsage& a, const nw::CgroupUsage& b) {
                             return std::tie(a.manager, a.slurmd, a.id) < std::tie(b.manager, b.slurmd, b.id);
                           }));
    host.advance(nw::kAbandoned);
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  for (const auto line : nw::split(text, '\n')) {
    check_names(line);
    check_values(line);
  }
  check_names(text);
  check_values(text);
  check_cgroups(text);
  return 0;
}
