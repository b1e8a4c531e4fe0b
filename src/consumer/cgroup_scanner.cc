#include "consumer/cgroup_scanner.h"

#include <map>

#include "base/cpu_ticks.h"
#include "base/parse.h"
#include "consumer/cgroup_text.h"
#include "consumer/finder.h"
#include "consumer/job_processes.h"

namespace nw {

namespace {
// A job's task is root's before it becomes its user's (find_owner); for this long the owner counts as unknown.
constexpr Nanos kRootsOwn = seconds(10);
constexpr Nanos kAlive =
    seconds(1);            // a process that was seen counts for so long: looking again costs a directory walk
constexpr int kAsks = 20;  // tries to find a job's GPUs: by then some process would have shown them, or none will

// The result of parsing the file's text; nothing when it cannot be read.
template <class Parse>
auto read(Host& host, const std::string& path, Parse parse) -> decltype(parse(std::string_view())) {
  const auto text = host.read_text(path);
  return text ? parse(*text) : decltype(parse(std::string_view()))();
}

std::optional<Nanos> read_cpu(Host& host, const JobCgroups& place, const std::string& below = {}) {
  if (place.cpu.empty()) return std::nullopt;
  return place.unified ? read(host, place.cpu + below + "/cpu.stat", parse_cpu_stat)
                       : read(host, place.cpu + below + "/cpuacct.usage", parse_cpu_usage);
}

// A v2 directory's own list is empty when only its parents restrict it, and may name CPUs that are offline.
std::vector<unsigned> read_cpus(Host& host, const JobCgroups& place) {
  if (place.cpuset.empty()) return {};
  auto cpus = read(host, place.cpuset + "/cpuset.cpus", parse_cpus);
  if (!place.unified || cpus.empty()) return cpus;
  auto effective = read(host, place.cpuset + "/cpuset.cpus.effective", parse_cpus);
  return effective.empty() ? cpus : effective;
}

void read_memory(Host& host, const JobCgroups& place, CgroupUsage& job) {
  if (place.memory.empty()) return;
  job.memory = read(host, place.memory + (place.unified ? "/memory.current" : "/memory.usage_in_bytes"), parse_u64);
  job.memory_limit =
      read(host, place.memory + (place.unified ? "/memory.max" : "/memory.limit_in_bytes"), parse_memory_limit);
}
}  // namespace

// Remembered for a job while it exists.
struct CgroupScanner::Known {
  std::optional<std::uint32_t> uid;
  std::optional<Nanos> since;        // when it was seen first, while its owner is not known
  std::optional<Nanos> root_since;   // since when only root was seen in it
  std::optional<Nanos> owner_asked;  // when its processes were looked at last
  bool is_roots = false;             // and they were root's alone
  std::optional<Nanos> empty_since;  // since when it has no process
  std::optional<Nanos> alive;        // when one was seen last
  std::optional<Nanos> cpu;          // at the last cgroup snapshot
  std::optional<std::string> gpus;   // CgroupUsage::gpus_said
  int asked = 0;                     // how many tries for them
};

struct CgroupScanner::State {
  JobCgroupFinder finder;
  std::map<std::string, Known> jobs;  // by "<manager>/<slurmd>/<id>"
  bool first = true;                  // snapshot: jobs that it finds may have begun at any time before
  std::vector<JobCgroups> places;     // of the snapshot's jobs, with their users
};

CgroupScanner::CgroupScanner(Host& host, CgroupScanOptions options)
    : host_(host), state_(new State{JobCgroupFinder(host, std::move(options)), {}, true, {}}) {}
CgroupScanner::~CgroupScanner() = default;

void CgroupScanner::take(CgroupSnapshot& cgroups) {
  cgroups = {};
  cgroups.at = host_.now();
  auto [places, directories] = state_->finder.find(cgroups.at);
  directories_ = std::move(directories);

  std::map<std::string, Known> before = std::exchange(state_->jobs, {});
  state_->places.clear();
  for (JobCgroups& place : places) {
    const std::string key = place.manager + "/" + place.slurmd + "/" + place.id;
    Known& known = state_->jobs[key] = before[key];
    CgroupUsage job = read_job(place, known, cgroups.at);
    if (known.empty_since && cgroups.at - *known.empty_since >= kAbandoned) continue;
    place.uid = job.uid;
    cgroups.jobs.push_back(std::move(job));
    state_->places.push_back(std::move(place));
  }
  read_node(cgroups);
  state_->first = false;
}

CgroupUsage CgroupScanner::read_job(const JobCgroups& place, Known& known, Nanos now) {
  CgroupUsage job;
  job.manager = place.manager, job.slurmd = place.slurmd, job.id = place.id;
  job.cpu = read_cpu(host_, place);
  read_memory(host_, place, job);
  job.cpus = read_cpus(host_, place);
  if (!place.devices.empty()) job.device_nodes = read(host_, place.devices + "/devices.list", parse_device_nodes);
  if (!known.gpus && known.asked++ < kAsks) known.gpus = find_said_gpus(host_, place);
  job.gpus_said = known.gpus;
  for (const StepCgroup& step : place.steps) job.steps.push_back({step.id, read_cpu(host_, place, step.below)});
  job.uid = place.uid ? place.uid : find_uid(place, known, now);
  if (state_->first) job.start = find_start(host_, place);

  // A job that uses CPU time has a process.
  const bool used = job.cpu && known.cpu && *job.cpu > *known.cpu;
  known.cpu = job.cpu;
  if (known.alive && now - *known.alive < kAlive) return job;
  if (used || has_process(host_, place)) {
    known.alive = now;
    known.empty_since.reset();
  } else if (!known.empty_since) {
    known.empty_since = now;
  }
  return job;
}

std::optional<std::uint32_t> CgroupScanner::find_uid(const JobCgroups& place, Known& known, Nanos now) {
  if (known.uid) return known.uid;
  if (!known.since) known.since = now;
  const bool is_new = !known.root_since && now - *known.since < kRootsOwn;
  if (is_new || !known.owner_asked || now - *known.owner_asked >= place.between_owners) {
    known.owner_asked = now;
    const auto owner = find_owner(host_, place);
    if (owner && *owner != 0) return known.uid = owner;
    known.is_roots = owner.has_value();
    if (owner && !known.root_since) known.root_since = now;
  }
  return known.is_roots && now - *known.root_since >= kRootsOwn ? std::optional<std::uint32_t>(0) : std::nullopt;
}

std::optional<FoundProcess> CgroupScanner::find_process(std::uint32_t pid, std::uint32_t uid) const {
  return nw::find_process(host_, state_->places, pid, uid);
}

void CgroupScanner::read_node(CgroupSnapshot& cgroups) {
  cgroups.cpus = static_cast<unsigned>(read(host_, "/sys/devices/system/cpu/online", parse_cpus).size());
  if (const auto stat = host_.read_text("/proc/stat")) {
    if (cgroups.cpus == 0) cgroups.cpus = count_cpu_lines(*stat);
    if (const auto ticks = parse_cpu_ticks(*stat))
      cgroups.busy = Nanos::of(mul_div(Int128{ticks->busy}, kNanosPerSecond, kTicksPerSecond));
  }
  const auto [total, available] = read(host_, "/proc/meminfo", parse_meminfo);
  cgroups.memory = total;
  if (total && available && *available <= *total) cgroups.memory_used = *total - *available;
}

}  // namespace nw
