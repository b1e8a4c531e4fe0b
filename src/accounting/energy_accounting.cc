// Sampling points: the intervals between them, and which jobs come and go.
#include "accounting/energy_accounting.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/parse.h"
#include "record/record.h"

namespace nw {

namespace {
constexpr Nanos kUnseen =
    seconds(600);  // a job known only from its prolog, without cgroup or epilog, is over after this

// Events come from Slurm's prolog, epilog and SPANK plug-in, and name Slurm's jobs.
const std::string kSlurm = "slurm";

Nanos difference(const std::optional<Nanos>& now, const std::optional<Nanos>& before) {
  return now && before && *now > *before ? *now - *before : Nanos{};
}

bool is_of(const JobState& job, const std::string& manager) { return job.record.job().manager() == manager; }

const CgroupUsage* find_in(const CgroupSnapshot& cgroups, const JobState& job) {
  for (const CgroupUsage& use : cgroups.jobs)
    if (is_of(job, use.manager) && use.slurmd == job.slurmd && use.id == job.id) return &use;
  return nullptr;
}

std::string key_of(const CgroupUsage& use) { return use.manager + "/" + use.slurmd + "/" + use.id; }
}  // namespace

std::vector<std::string> EnergyAccounting::find_device_names(const std::vector<SensorInfo>& infos) {
  std::vector<std::string> names;
  for (const SensorInfo& info : infos)
    if (info.part.domain == Domain::gpu && std::find(names.begin(), names.end(), info.part.device) == names.end())
      names.push_back(info.part.device);
  return names;
}

bool EnergyAccounting::divides_memory(const std::vector<SensorInfo>& infos) {
  return std::any_of(infos.begin(), infos.end(),
                     [](const SensorInfo& info) { return division_key_of(info.part.domain) == DivisionKey::memory; });
}

EnergyAccounting::EnergyAccounting(const std::vector<SensorInfo>& infos, AccountedNode node, Nanos period)
    : node_(std::move(node)),
      period_(period),
      device_names_(find_device_names(infos)),
      idle_(std::size(kPolicies), EnergyAccumulator(infos.size())),
      system_(std::size(kPolicies), EnergyAccumulator(infos.size())),
      unattributed_(std::size(kPolicies), EnergyAccumulator(infos.size())),
      parts_(infos.size()),
      idle_power_(infos.size()),
      min_power_(infos.size()),
      power_(infos.size()) {
  meters_.reserve(infos.size());
  for (const SensorInfo& info : infos) meters_.emplace_back(with_valid_text(info), period);
  edges_.resize(infos.size());
  has_memory_ = divides_memory(infos);
}

void EnergyAccounting::add(const SampleSet& sample_set) {
  for (std::size_t i = 0; i < meters_.size() && i < sample_set.size(); ++i) meters_[i].add(sample_set[i]);
  resolved_total_.add(meters_, sample_set, newest_.found());
  ++samples_;
}

void EnergyAccounting::add(const SampleSet& sample_set, const CgroupSnapshot& cgroups, std::int64_t wall_ns) {
  if (sample_set.empty()) return;
  const Nanos at = sample_set.front().before;
  if (last_ && at <= *last_) return;  // time must not go backwards
  sample_set_ = sample_set;
  add(sample_set);
  wall_ns_ = wall_ns;
  if (since_wall_ns_ == 0) since_wall_ns_ = wall_ns;
  newest_.look(meters_, at);  // what the node's total is made of, from this time on
  cpus_ = cgroups.cpus;
  memory_ = static_cast<double>(cgroups.memory.value_or(0));
  if (last_)
    interval(cgroups, at);
  else
    settled_at_ = at, settled_samples_ = samples_;
  compare(cgroups, at);
  apply_events(at);
  busy_ = cgroups.busy;
  held_ = static_cast<double>(cgroups.memory_used.value_or(0));
  last_ = at;
  resumed_ = false;
  for (Pending& pending : pending_) ++pending.waited;
  close_interval(false);
}

// What each job reserved and used since the last sampling point. A job that has ended meanwhile counts until now: since
// its end wakes the daemon, that is milliseconds.
void EnergyAccounting::interval(const CgroupSnapshot& cgroups, Nanos at) {
  Pending& pending =
      pending_.emplace_back(Pending{*last_, at, false, false, {}, {}, {}, {}, newest_.found(), {}, 0, samples_});
  for (auto& [serial, job] : jobs_) {
    if (job.end || (resumed_ && find_in(cgroups, job) == nullptr)) continue;
    pending.entries.push_back(make_entry(serial, job, cgroups, at - *last_));
  }
  if (cgroups.busy && busy_) pending.busy = difference(cgroups.busy, busy_);
  if (held_ > 0) pending.held = held_;
}

EnergyAccounting::Entry EnergyAccounting::make_entry(std::uint64_t serial, JobState& job, const CgroupSnapshot& cgroups,
                                                     Nanos time) const {
  Entry entry{serial, {}, {}};
  const CgroupUsage* now = find_in(cgroups, job);
  ResourceUse& resource_use = entry.resource_use;
  const auto memory = (now != nullptr ? *now : job.use).memory;
  resource_use.held = static_cast<double>(memory.value_or(0));
  resource_use.held_known = memory.has_value();
  if (now != nullptr && now->cpu && !job.missed_cpu_time) {
    resource_use.cpu_time = difference(now->cpu, job.use.cpu ? job.use.cpu : std::optional(Nanos{}));
    job.rate = time > Nanos{} ? to_seconds(resource_use.cpu_time) / to_seconds(time) : 0;
  } else if (job.rate && !job.missed_cpu_time) {
    resource_use.cpu_time = Nanos::of(static_cast<std::int64_t>(*job.rate * static_cast<double>(time.count())));
  } else {
    resource_use.cpu_time_known = false;
  }
  // A failed reading means that the directory is being removed: its later use is not known.
  if (now != nullptr) job.missed_cpu_time = !now->cpu;
  for (const auto& [id, step] : job.own.steps) {
    if (step.end || id == kExternStep) continue;
    std::optional<Nanos> used = Nanos{};  // nothing more for one that has ended
    if (now != nullptr)
      for (const StepCgroupUsage& use : now->steps)
        if (use.id == id) used = use.cpu ? std::optional(difference(use.cpu, step.cpu)) : std::nullopt;
    entry.steps.emplace_back(id, used);
  }
  return entry;
}

JobState* EnergyAccounting::find(const CgroupUsage& use) {
  for (auto& [serial, job] : jobs_) {
    if (job.end || !is_of(job, use.manager)) continue;
    if (job.id == use.id && job.slurmd == use.slurmd) return &job;
    if (!job.seen && (job.id == use.id || job.record.job().sluid() == use.id)) return &job;  // known from its prolog
  }
  return nullptr;
}

JobState* EnergyAccounting::find(const std::string& id) {
  for (auto& [serial, job] : jobs_)
    if (!job.end && is_of(job, kSlurm) && (job.id == id || job.record.job().id() == id)) return &job;
  return nullptr;
}

JobState& EnergyAccounting::open(const std::string& manager, const std::string& slurmd, const std::string& id, Nanos at,
                                 const char* basis) {
  JobState& job = jobs_.emplace(next_++, JobState(meters_.size())).first->second;
  job.slurmd = slurmd;
  job.id = id;
  job.begin = job.own.until = job.published.until = at;
  job.devices.resize(device_names_.size());
  job.worked.resize(device_names_.size());
  for (const Meter& meter : meters_) job.anomalies.push_back(meter.anomalies());
  job.record = node_.record;
  job.record.set_uid(node_.make_uid());
  job.record.set_name(valid_utf8(id));
  job.record.set_start_unix_ns(wall_ns_);
  pb::Job& its = *job.record.mutable_job();
  its.set_manager(manager);
  its.set_cluster(node_.cluster);
  its.set_id(job.record.name());
  if (manager == kSlurm && !parse_u64(id)) its.set_sluid(its.id());
  its.set_begin_basis(basis);
  if (!slurmd.empty()) its.add_slurmd(slurmd);
  changed_ = true;
  if (!pending_.empty() && pending_.back().end == at) pending_.back().begins = true;
  return job;
}

void EnergyAccounting::close(JobState& job, Nanos at, const std::string& basis) {
  job.end = at;
  job.record.mutable_job()->set_end_basis(basis);
  for (auto& [id, step] : job.own.steps)
    if (!step.end) step.end = at;
  changed_ = true;
  if (!pending_.empty() && pending_.back().end == at) pending_.back().ends = true;
}

// A job that was running when the daemon came: since its oldest process, as far as is known, but not since before the
// daemon was last here.
void EnergyAccounting::note_begun_before(JobState& job, const CgroupUsage& use, Nanos at) {
  std::optional<Nanos> begin = use.start;
  if (resumed_) begin = std::max(begin.value_or(*last_), *last_);
  if (begin) job.record.mutable_job()->set_unmeasured_ns(std::max(at - *begin, Nanos{}).count());
}

// A job that has ended while the daemon was away, at any time since the last reading.
void EnergyAccounting::close_unseen(JobState& job, Nanos at) {
  pb::Job& its = *job.record.mutable_job();
  its.set_unmeasured_ns(its.unmeasured_ns() + (at - *last_).count());
  close(job, *last_, "restart");
}

void EnergyAccounting::compare(const CgroupSnapshot& cgroups, Nanos at) {
  std::set<std::string> here;
  for (const CgroupUsage& use : cgroups.jobs) {
    here.insert(key_of(use));
    if (std::find(ended_by_epilog_.begin(), ended_by_epilog_.end(), key_of(use)) != ended_by_epilog_.end()) continue;
    JobState* job = find(use);
    const bool unseen = !last_ || resumed_;
    if (job == nullptr) {
      job = &open(use.manager, use.slurmd, use.id, at, unseen ? "started" : "cgroup");
      if (unseen) note_begun_before(*job, use, at);
    }
    update(*job, use, at);
  }
  std::erase_if(ended_by_epilog_, [&](const std::string& key) { return !here.contains(key); });
  for (auto& [serial, job] : jobs_) {
    if (job.end) continue;
    if (job.seen && find_in(cgroups, job) == nullptr)
      resumed_ ? close_unseen(job, at) : close(job, at, "cgroup");
    else if (!job.seen && at - job.begin > kUnseen)
      close(job, at, "unseen");
  }
}

void EnergyAccounting::update(JobState& job, const CgroupUsage& use, Nanos at) {
  const bool is_new = !job.seen;
  job.seen = true;
  job.slurmd = use.slurmd;
  job.id = use.id;
  for (const StepCgroupUsage& step : use.steps) {
    auto found = job.own.steps.find(step.id);
    if (found == job.own.steps.end()) {
      if (job.own.steps.size() >= kMaxSteps) continue;
      found = job.own.steps.emplace(step.id, StepTotals(meters_.size())).first;
      found->second.begin = at;
      changed_ = true;
    }
    if (!found->second.cpu_begin) found->second.cpu_begin = step.cpu;
    found->second.cpu = step.cpu ? step.cpu : found->second.cpu;
  }
  for (auto& [id, step] : job.own.steps) {
    bool runs = false;
    for (const StepCgroupUsage& now : use.steps) runs |= now.id == id;
    if (runs || step.end || !step.cpu_begin) continue;  // a step known from an event may have no cgroup yet
    step.end = at;
    changed_ = true;
  }
  const bool confined = is_new || job.use.device_nodes != use.device_nodes || (use.gpus_said && !job.gpus);
  const CgroupUsage before = std::exchange(job.use, use);
  if (!use.cpu) job.use.cpu = before.cpu;  // its directory is being removed
  if (use.cpus.empty()) job.use.cpus = before.cpus;
  if (!use.memory_limit) job.use.memory_limit = before.memory_limit;
  pb::Job& its = *job.record.mutable_job();
  if (use.uid) its.set_uid(*use.uid);
  if (!use.cpus.empty()) {
    its.set_cpus_count(static_cast<std::uint32_t>(use.cpus.size()));
    if (cpus_ > 0) its.set_cpus(cpu_share(job));
  }
  if (use.memory_limit && memory_ > 0) its.set_memory(memory_share(job));
  const bool told = use.gpus_said && !use.gpus_said->empty() && job.gpus.value_or("").empty();
  if (told || (use.gpus_said && !job.gpus)) job.gpus = use.gpus_said;
  if (confined || told) find_devices(job);
}

void EnergyAccounting::add_event(Request said) {
  for (auto& [key, value] : said.values) value = valid_utf8(value);
  events_.push_back(std::move(said));
}

void EnergyAccounting::apply_events(Nanos at) {
  for (const Request& said : std::exchange(events_, {})) {
    const std::string id(said.get("job"));
    JobState* job = find(id);
    if (said.verb == "begin") {
      if (job == nullptr) job = &open(kSlurm, "", id, at, "prolog");
      apply_job_info(*job, said);
    } else if (said.verb == "end" && job != nullptr) {
      const auto code = split(said.get("exit"), ':');
      if (const auto exit = parse_i64(code.front()); exit && !said.get("exit").empty())
        job->record.set_exit_code(static_cast<std::int32_t>(*exit));
      if (code.size() > 1)
        if (const auto signal = parse_i64(code[1]); signal && *signal > 0)
          job->record.set_signal(static_cast<std::int32_t>(*signal));
      if (job->seen) ended_by_epilog_.push_back(kSlurm + "/" + job->slurmd + "/" + job->id);
      close(*job, at, "epilog");
    } else if (said.verb == "step" && job != nullptr && job->own.steps.size() < kMaxSteps) {
      const auto [step, is_new] = job->own.steps.emplace(std::string(said.get("step")), StepTotals(meters_.size()));
      if (is_new) step->second.begin = at;
      step->second.phase = valid_utf8(said.get("phase"));
      step->second.period_ms =
          static_cast<unsigned>(std::min<std::uint64_t>(parse_u64(said.get("period_ms")).value_or(0), 60'000));
      changed_ = true;
    }
  }
}

void EnergyAccounting::apply_job_info(JobState& job, const Request& said) {
  pb::Job& its = *job.record.mutable_job();
  const auto text = [&](const char* key, const std::function<void(std::string)>& set) {
    if (!said.get(key).empty()) set(valid_utf8(said.get(key)));
  };
  const auto number = [&](const char* key, const std::function<void(std::uint64_t)>& set) {
    if (const auto value = parse_u64(said.get(key))) set(*value);
  };
  text("job", [&](auto v) { its.set_id(v); });
  text("name", [&](auto v) { job.record.set_name(v); });
  text("user", [&](auto v) { its.set_user(v); });
  text("account", [&](auto v) { its.set_account(v); });
  text("partition", [&](auto v) { its.set_partition(v); });
  text("cluster", [&](auto v) { its.set_cluster(v); });
  text("sluid", [&](auto v) { its.set_sluid(v); });
  text("array_job", [&](auto v) { its.set_array_job(v); });
  text("array_task", [&](auto v) { its.set_array_task(v); });
  text("het_job", [&](auto v) { its.set_het_job(v); });
  text("het_offset", [&](auto v) { its.set_het_offset(v); });
  text("gpus", [&](auto v) { job.gpus = v; });
  if (!job.gpus) job.gpus = "";  // Slurm tells a prolog the GPUs if there are any
  number("uid", [&](auto v) { its.set_uid(static_cast<std::uint32_t>(v)); });
  number("restart", [&](auto v) { its.set_restart(static_cast<std::uint32_t>(v)); });
  number("nodes", [&](auto v) { its.set_nodes(static_cast<std::uint32_t>(v)); });
  number("submit", [&](auto v) { its.set_submit_unix_s(static_cast<std::int64_t>(v)); });
  if (job.use.cpus.empty()) number("cpus", [&](auto v) { its.set_cpus_count(static_cast<std::uint32_t>(v)); });
  find_devices(job);
}

void EnergyAccounting::add(std::span<const UtilizationSample> utilization_samples) {
  for (auto& [serial, job] : jobs_) {
    if (job.end) continue;
    for (std::size_t i = 0; i < utilization_samples.size() && i < node_.devices.size(); ++i) {
      if (!utilization_samples[i].processes.ok) continue;
      job.looked = true;
      for (std::size_t k = 0; k < device_names_.size(); ++k)
        if (device_names_[k] == node_.devices[i].part.device && utilization_samples[i].processes.value > 0)
          job.worked[k] = true;
    }
  }
}

std::optional<Nanos> EnergyAccounting::wanted_period() const {
  std::optional<Nanos> shortest;
  for (const auto& [serial, job] : jobs_)
    for (const auto& [id, step] : job.own.steps)
      if (!step.end && step.period_ms > 0) {
        const Nanos wanted = millis(step.period_ms);
        shortest = shortest ? std::min(*shortest, wanted) : wanted;
      }
  return shortest;
}

}  // namespace nw
