#include "consumer/job_processes.h"

#include <algorithm>
#include <deque>
#include <functional>

#include "base/cpu_ticks.h"
#include "consumer/cgroup_text.h"

namespace nw {

namespace {
constexpr int kMostDirectories = 256, kMostProcesses = 32, kMostSearched = 500;
constexpr std::int64_t kTick = kNanosPerSecond / kTicksPerSecond;
constexpr std::uint64_t kMostTicks = INT64_MAX / kTick;

// Files created by the kernel have such names. A user may have named a directory so, hence they are visited too, last.
bool may_be_file(const std::string& name) {
  return name.find('.') != name.npos || name == "tasks" || name == "notify_on_release";
}

using Visit = std::function<bool(const std::string& path, const std::vector<std::uint32_t>& pids)>;

// Visits the processes of a directory and of all below it, until `visit` is true. False when there were more than
// `left` directories to look at, from which those looked at are taken off.
bool walk(Host& host, const std::string& top, int& left, const Visit& visit) {
  std::deque<std::string> open{top};
  while (!open.empty()) {
    const std::string path = std::move(open.front());
    open.pop_front();
    const auto names = host.list(path);  // of a file: an error
    if (!names) continue;
    if (--left < 0) return false;
    if (const auto procs = host.read_text(path + "/cgroup.procs"); procs && visit(path, parse_pids(*procs)))
      return true;
    for (const std::string& name : *names)
      may_be_file(name) ? open.push_back(path + "/" + name) : open.push_front(path + "/" + name);
  }
  return true;
}

// Reads /proc/<pid>/<file> of the processes in <step><below>, of kMostProcesses at most, until `visit` is true.
void read_processes(Host& host, const JobCgroups& job, const std::string& below, const std::string& file,
                    const std::function<bool(std::string_view)>& visit) {
  int asked = 0;
  bool over = false;
  for (const StepCgroup& step : job.steps) {
    int left = kMostDirectories;
    walk(host, job.home + step.below + below, left, [&](const std::string&, const std::vector<std::uint32_t>& pids) {
      for (const auto pid : pids) {
        if (over = over || ++asked > kMostProcesses; over) return true;
        const auto text = host.read_text("/proc/" + std::to_string(pid) + "/" + file);
        over = text && visit(*text);
      }
      return over;
    });
  }
}

// The step in whose directory this one lies, below the job's; "" where that is in none.
std::string step_of(const JobCgroups& job, std::string_view below) {
  for (const StepCgroup& step : job.steps)
    if (below.starts_with(step.below) && (below.size() == step.below.size() || below[step.below.size()] == '/'))
      return step.id;
  return "";
}
}  // namespace

std::optional<std::uint32_t> find_owner(Host& host, const JobCgroups& job) {
  std::optional<std::uint32_t> owner;
  read_processes(host, job, job.tasks, "status", [&](std::string_view status) {
    if (const auto uid = parse_real_uid(status); uid && uid != job.not_owner) owner = uid;
    return owner.value_or(0) != 0;
  });
  return owner;
}

std::optional<std::string> find_said_gpus(Host& host, const JobCgroups& job) {
  std::optional<std::string> said;
  if (!job.says_gpus) return said;
  read_processes(host, job, "", "environ", [&](std::string_view environment) {
    said = parse_said_gpus(environment, job.id);
    return said.has_value();
  });
  return said;
}

std::optional<Nanos> find_start(Host& host, const JobCgroups& job) {
  std::optional<Nanos> oldest;
  read_processes(host, job, "", "stat", [&](std::string_view stat) {
    const auto known = parse_process_stat(stat);
    if (!known || known->start > kMostTicks) return false;
    const Nanos start = Nanos::of(static_cast<std::int64_t>(known->start) * kTick);
    oldest = std::min(oldest.value_or(start), start);
    return false;
  });
  return oldest;
}

bool has_process(Host& host, const JobCgroups& job) {
  if (job.unified) {
    const auto events = host.read_text(job.home + "/cgroup.events");
    return !events || parse_populated(*events).value_or(true);
  }
  bool found = false;
  const auto see = [&](const std::string&, const std::vector<std::uint32_t>& pids) { return found = !pids.empty(); };
  const auto is_alive = [&](const std::string& top) {
    int left = kMostDirectories;
    return !walk(host, top, left, see) || found;
  };
  if (!host.read_text(job.home + "/cgroup.procs") || is_alive(job.home)) return true;
  for (const std::string& top : {job.freezer, job.cpu, job.memory, job.cpuset, job.devices})
    if (!top.empty() && top != job.home && is_alive(top)) return true;
  return false;
}

std::optional<FoundProcess> find_process(Host& host, const std::vector<JobCgroups>& jobs, std::uint32_t pid,
                                         std::uint32_t uid) {
  int left = kMostSearched;
  for (const JobCgroups& job : jobs) {
    if (job.uid != uid) continue;
    std::optional<std::string> below;
    const bool whole = walk(host, job.home, left, [&](const std::string& path, const std::vector<std::uint32_t>& pids) {
      if (std::binary_search(pids.begin(), pids.end(), pid)) below = path.substr(job.home.size());
      return below.has_value();
    });
    if (below) return FoundProcess{job.manager, job.slurmd, job.id, step_of(job, *below)};
    if (!whole) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace nw
