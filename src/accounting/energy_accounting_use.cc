// What each job reserved of an interval, an estimate of what it used where that could not be read, and the
// owner of each accelerator.
#include <algorithm>
#include <cmath>
#include <utility>

#include "accounting/allocation.h"
#include "accounting/energy_accounting.h"
#include "base/parse.h"

namespace nw {

namespace {
constexpr Nanos kConfined = seconds(2);
}  // namespace

// A job's directory exists before its cpuset is set, by milliseconds or, on a node that swaps, by a second. Until then
// its reservation is unknown, and an interval with such a job waits. The same applies to a job whose accelerators are
// not known yet, unless the whole node is its own.
bool EnergyAccounting::is_undecided(const Pending& interval) const {
  return std::any_of(interval.entries.begin(), interval.entries.end(), [&](const Entry& entry) {
    const JobState& job = jobs_.at(entry.job);
    if (job.use.is_process_tree) return false;
    const bool whose = std::find(job.devices.begin(), job.devices.end(), std::nullopt) == job.devices.end();
    const bool alone = interval.entries.size() == 1 && cpu_share(job) == 1;
    return (cpu_share(job) == 0 || !(whose || alone)) && !job.end && *last_ - job.begin <= kConfined;
  });
}

// What each job had reserved, as far as is known by now. Jobs that no cgroup restricts to certain CPUs share equally
// those that nobody reserved.
double EnergyAccounting::cpu_share(const JobState& job) const {
  const double cpus = job.use.cpus.empty() ? job.record.job().cpus_count() : static_cast<double>(job.use.cpus.size());
  return cpus_ > 0 ? std::min(1.0, cpus / cpus_) : 0;
}

double EnergyAccounting::memory_share(const JobState& job) const {
  return memory_ > 0 ? std::min(1.0, static_cast<double>(job.use.memory_limit.value_or(0)) / memory_) : 0;
}

void EnergyAccounting::decide(Pending& interval) {
  double reserved = 0;
  std::vector<ResourceUse*> unconfined;
  for (Entry& entry : interval.entries) {
    JobState& job = jobs_.at(entry.job);
    ResourceUse& resource_use = entry.resource_use;
    resource_use.cpus = cpu_share(job);
    resource_use.memory = memory_share(job);
    reserved += resource_use.cpus;
    resource_use.exclusive = interval.entries.size() == 1 && (resource_use.cpus == 1 || job.use.has_node);
    if (resource_use.cpus == 0) unconfined.push_back(&resource_use);
    if (!resource_use.exclusive) job.shared = true;
  }
  for (ResourceUse* resource_use : unconfined)
    resource_use->cpus = std::max(0.0, 1 - reserved) / static_cast<double>(unconfined.size());
  share_use(interval);
  share_devices(interval);
}

namespace {
// The most that jobs with unknown use can have used of the total: all that they reserved, and together no more than the
// others leave. The rest is the system's.
template <class Number>
Number share_rest(std::optional<Number> all, Number known, const std::vector<std::pair<Number*, double>>& unknown) {
  const double left = all ? static_cast<double>(std::max(*all - known, Number{})) : HUGE_VAL;
  double wanted = 0;
  for (const auto& [use, reserved] : unknown) wanted += reserved;
  Number given{};
  for (const auto& [use, reserved] : unknown) {
    *use = static_cast<Number>(wanted > left ? reserved * (left / wanted) : reserved);
    given += *use;
  }
  return all ? std::max(*all - known - given, Number{}) : Number{};
}
}  // namespace

// Unknown use is not 0, which would leave everything to the system.
void EnergyAccounting::share_use(Pending& interval) {
  const Nanos time = interval.end - interval.begin;
  std::int64_t used = 0;
  double held = 0;
  std::vector<std::int64_t> estimates(interval.entries.size());
  std::vector<std::pair<std::int64_t*, double>> no_cpu_time;
  std::vector<std::pair<double*, double>> no_memory;
  const bool limits = std::any_of(interval.entries.begin(), interval.entries.end(),
                                  [](const Entry& entry) { return entry.resource_use.memory > 0; });
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    ResourceUse& resource_use = interval.entries[i].resource_use;
    if (resource_use.cpu_time_known)
      used += resource_use.cpu_time.count();
    else
      no_cpu_time.emplace_back(&estimates[i], resource_use.cpus * cpus_ * static_cast<double>(time.count()));
    if (resource_use.held_known)
      held += resource_use.held;
    else
      no_memory.emplace_back(&resource_use.held, (limits ? resource_use.memory : resource_use.cpus) * memory_);
  }
  const auto busy = interval.busy ? std::optional(interval.busy->count()) : std::nullopt;
  interval.system_use.cpu_time = Nanos::of(share_rest(busy, used, no_cpu_time));
  interval.system_use.held = share_rest(interval.held, held, no_memory);
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    Entry& entry = interval.entries[i];
    JobState& job = jobs_.at(entry.job);
    if (!entry.resource_use.cpu_time_known) entry.resource_use.cpu_time = Nanos::of(estimates[i]);
    const bool divided = !entry.resource_use.exclusive;
    job.lacked_cpu_time |= !entry.resource_use.cpu_time_known && (divided || entry.steps.size() > 1);
    job.lacked_memory |= !entry.resource_use.held_known && divided && has_memory_;
  }
}

// Of hardware that two sensors name differently (SensorInfo::is_alias) only one name counts in the node's energy.
bool EnergyAccounting::is_counted(const std::string& device, const TotalSensors& total_sensors) const {
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (meters_[i].info().part == Part{Domain::gpu, device} && total_sensors.is_counted(i)) return true;
  return false;
}

// A device that several jobs may open belongs to each in equal parts. One that is not known to belong to any job, while
// it may belong to one, is unattributed.
void EnergyAccounting::share_devices(Pending& interval) {
  interval.unknown.assign(device_names_.size(), false);
  for (Entry& entry : interval.entries) entry.resource_use.devices.assign(device_names_.size(), 0);
  for (std::size_t i = 0; i < device_names_.size(); ++i) {
    std::vector<ResourceUse*> owners;
    std::vector<JobState*> unknown;
    for (Entry& entry : interval.entries) {
      JobState& job = jobs_.at(entry.job);
      if (!job.devices[i])
        unknown.push_back(&job);
      else if (*job.devices[i])
        owners.push_back(&entry.resource_use);
    }
    for (ResourceUse* owner : owners) owner->devices[i] = 1 / static_cast<double>(owners.size());
    const bool exclusive = interval.entries.size() == 1 && interval.entries.front().resource_use.exclusive;
    interval.unknown[i] =
        owners.empty() && !unknown.empty() && !exclusive && is_counted(device_names_[i], interval.total_sensors);
    if (!interval.unknown[i]) continue;
    ++unowned_;
    for (JobState* job : unknown) job->lacked_owner = true;
  }
}

// Which accelerators belong to the job: from its prolog, else from what its cgroup lets it open. A job to which Slurm
// gave none has none.
void EnergyAccounting::find_devices(JobState& job) const {
  const std::string numbers = job.gpus.value_or("");
  auto given = compute_allocation(node_.devices, [&](const char* name) {
    const bool asked = !numbers.empty() && std::string_view(name) == "SLURM_JOB_GPUS";
    return asked ? std::optional(numbers) : std::nullopt;
  });
  const auto openable = job.use.device_nodes ? compute_openable(node_.devices, *job.use.device_nodes)
                                             : std::vector<std::optional<bool>>(given.size());
  job.devices.assign(device_names_.size(), job.gpus == "" ? std::optional(false) : std::nullopt);
  std::uint32_t count = 0;
  bool all_known = true;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (node_.devices[i].part.domain == Domain::node) continue;
    if (!given[i]) given[i] = openable[i];
    if (!given[i] && job.gpus == "") given[i] = false;
    all_known = all_known && given[i];
    count += given[i].value_or(false) ? 1 : 0;
    for (std::size_t k = 0; k < device_names_.size(); ++k)
      if (device_names_[k] == node_.devices[i].part.device) job.devices[k] = given[i];
  }
  if (given.empty()) all_known = std::find(job.devices.begin(), job.devices.end(), std::nullopt) == job.devices.end();
  if (!all_known) count = static_cast<std::uint32_t>(parse_cpu_list(numbers).size());
  pb::Job& its = *job.record.mutable_job();
  const bool any = job.gpus || !given.empty() || !job.devices.empty();
  if ((all_known && any) || !numbers.empty())
    its.set_gpus(count);
  else
    its.clear_gpus();
}

}  // namespace nw
