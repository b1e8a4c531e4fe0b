// The moments: what lies between two of them, and who comes and goes.
#include "accounting/energy_accounting.h"

#include <algorithm>
#include <set>
#include <utility>

#include "accounting/allocation.h"
#include "base/parse.h"
#include "record/record.h"

namespace nw {

namespace {
constexpr Nanos kConfined = seconds(2);
constexpr Nanos kUnseen = seconds(600);  // a prolog's job that never had a cgroup or an epilog is over after this

Nanos difference(const std::optional<Nanos>& now, const std::optional<Nanos>& before) {
  return now && before && *now > *before ? *now - *before : Nanos{};
}

std::vector<std::string> find_device_names(const std::vector<Nameplate>& plates) {
  std::vector<std::string> names;
  for (const Nameplate& plate : plates)
    if (plate.part.domain == Domain::gpu && std::find(names.begin(), names.end(), plate.part.device) == names.end())
      names.push_back(plate.part.device);
  return names;
}

const JobUse* find_in(const Census& census, const OpenJob& job) {
  for (const JobUse& use : census.jobs)
    if (use.slurmd == job.slurmd && use.id == job.id) return &use;
  return nullptr;
}

std::string key_of(const JobUse& use) { return use.slurmd + "/" + use.id; }
}  // namespace

Ledger::Ledger(const std::vector<Nameplate>& plates, LedgerNode node, Nanos period)
    : node_(std::move(node)),
      device_names_(find_device_names(plates)),
      idle_(std::size(kPolicies), Book(plates.size())),
      system_(std::size(kPolicies), Book(plates.size())),
      parts_(plates.size()),
      lowest_(plates.size()),
      least_(plates.size()),
      power_(plates.size()) {
  meters_.reserve(plates.size());
  for (const Nameplate& plate : plates) meters_.emplace_back(with_valid_text(plate), period);
  edges_.resize(plates.size());
}

void Ledger::add(const Sweep& sweep, const Census& census, std::int64_t wall_ns) {
  if (sweep.empty()) return;
  const Nanos at = sweep.front().before;
  if (last_ && at <= *last_) return;  // time does not go back
  sweep_ = sweep;
  for (std::size_t i = 0; i < meters_.size() && i < sweep.size(); ++i) meters_[i].add(sweep[i]);
  wall_ns_ = wall_ns;
  if (since_wall_ns_ == 0) since_wall_ns_ = wall_ns;
  cpus_ = census.cpus;
  memory_ = static_cast<double>(census.memory.value_or(0));
  if (last_)
    stretch(census, at);
  else
    settled_at_ = at;
  compare(census, at);
  take_hints(at);
  busy_ = census.busy;
  held_ = static_cast<double>(census.memory_used.value_or(0));
  last_ = at;
  resumed_ = false;
  for (Pending& pending : pending_) ++pending.waited;
  settle(false);
}

// What each job had and did since the last moment. One that has gone meanwhile went on as before until now: whoever
// wakes us by its going lets that be milliseconds.
void Ledger::stretch(const Census& census, Nanos at) {
  Pending& pending = pending_.emplace_back(Pending{*last_, at, false, false, {}, {}, 0});
  Nanos used{};
  double held = 0;
  for (auto& [serial, job] : jobs_) {
    if (job.end || (resumed_ && find_in(census, job) == nullptr)) continue;
    pending.entries.push_back(make_entry(serial, job, census, at - *last_));
    used += pending.entries.back().claim.cpu_time;
    held += pending.entries.back().claim.held;
  }
  const Nanos busy = difference(census.busy, busy_);
  pending.outside.cpu_time = std::max(busy - used, Nanos{});
  pending.outside.held = std::max(held_ - held, 0.0);
  share_devices(pending.entries);
}

// A job's directory is older than its confinement, by milliseconds or, on a node that swaps, by a second: what it
// reserved is not known before, and a stretch with such a job waits.
bool Ledger::is_undecided(const Pending& stretch) const {
  return std::any_of(stretch.entries.begin(), stretch.entries.end(), [&](const Entry& entry) {
    const OpenJob& job = jobs_.at(entry.job);
    return cpu_share(job) == 0 && !job.end && *last_ - job.begin <= kConfined;
  });
}

// What each job had reserved, as far as it is known by now. Jobs that no cgroup confines to some CPUs have those that
// nobody reserved, each alike.
double Ledger::cpu_share(const OpenJob& job) const {
  const double cpus = job.use.cpus.empty() ? job.record.job().cpus_count() : static_cast<double>(job.use.cpus.size());
  return cpus_ > 0 ? std::min(1.0, cpus / cpus_) : 0;
}

double Ledger::memory_share(const OpenJob& job) const {
  return memory_ > 0 ? std::min(1.0, static_cast<double>(job.use.memory_limit.value_or(0)) / memory_) : 0;
}

void Ledger::decide(Pending& stretch) {
  double reserved = 0;
  std::vector<Claim*> unconfined;
  for (Entry& entry : stretch.entries) {
    OpenJob& job = jobs_.at(entry.job);
    Claim& claim = entry.claim;
    claim.cpus = cpu_share(job);
    claim.memory = memory_share(job);
    reserved += claim.cpus;
    claim.exclusive = stretch.entries.size() == 1 && claim.cpus == 1;
    if (claim.cpus == 0) unconfined.push_back(&claim);
    if (!claim.exclusive) job.shared = true;
  }
  for (Claim* claim : unconfined) claim->cpus = std::max(0.0, 1 - reserved) / static_cast<double>(unconfined.size());
}

Ledger::Entry Ledger::make_entry(std::uint64_t serial, OpenJob& job, const Census& census, Nanos time) const {
  Entry entry{serial, {}, {}};
  const JobUse* now = find_in(census, job);
  Claim& claim = entry.claim;
  claim.held = static_cast<double>((now != nullptr ? *now : job.use).memory.value_or(0));
  if (now != nullptr && now->cpu) {
    claim.cpu_time = difference(now->cpu, job.use.cpu ? job.use.cpu : std::optional(Nanos{}));
    job.rate = time > Nanos{} ? to_seconds(claim.cpu_time) / to_seconds(time) : 0;
  } else {
    claim.cpu_time = Nanos::of(static_cast<std::int64_t>(job.rate * static_cast<double>(time.count())));
  }
  for (const auto& [id, step] : job.own.steps) {
    if (step.end || id == kExternStep) continue;
    Nanos used{};
    if (now != nullptr)
      for (const StepUse& use : now->steps)
        if (use.id == id) used = difference(use.cpu, step.cpu);
    entry.steps.emplace_back(id, used);
  }
  return entry;
}

// A device that several jobs may open belongs to each in equal parts.
void Ledger::share_devices(std::vector<Entry>& entries) const {
  std::vector<double> owners(device_names_.size());
  for (const Entry& entry : entries)
    for (std::size_t i = 0; i < owners.size(); ++i) owners[i] += jobs_.at(entry.job).devices[i] ? 1 : 0;
  for (Entry& entry : entries) {
    entry.claim.devices.resize(owners.size());
    for (std::size_t i = 0; i < owners.size(); ++i)
      if (jobs_.at(entry.job).devices[i]) entry.claim.devices[i] = 1 / owners[i];
  }
}

OpenJob* Ledger::find(const JobUse& use) {
  for (auto& [serial, job] : jobs_) {
    if (job.end) continue;
    if (job.id == use.id && job.slurmd == use.slurmd) return &job;
    if (!job.seen && (job.id == use.id || job.record.job().sluid() == use.id)) return &job;  // a prolog spoke of it
  }
  return nullptr;
}

OpenJob* Ledger::find(const std::string& id) {
  for (auto& [serial, job] : jobs_)
    if (!job.end && (job.id == id || job.record.job().id() == id)) return &job;
  return nullptr;
}

OpenJob& Ledger::open(const std::string& slurmd, const std::string& id, Nanos at, const char* basis) {
  OpenJob& job = jobs_.emplace(next_++, OpenJob(meters_.size())).first->second;
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
  its.set_manager("slurm");
  its.set_cluster(node_.cluster);
  its.set_id(job.record.name());
  if (!parse_u64(id)) its.set_sluid(its.id());
  its.set_begin_basis(basis);
  if (!slurmd.empty()) its.add_slurmd(slurmd);
  changed_ = true;
  if (!pending_.empty() && pending_.back().end == at) pending_.back().begins = true;
  return job;
}

void Ledger::close(OpenJob& job, Nanos at, const std::string& basis) {
  job.end = at;
  job.record.mutable_job()->set_end_basis(basis);
  for (auto& [id, step] : job.own.steps)
    if (!step.end) step.end = at;
  changed_ = true;
  if (!pending_.empty() && pending_.back().end == at) pending_.back().ends = true;
}

void Ledger::compare(const Census& census, Nanos at) {
  std::set<std::string> here;
  for (const JobUse& use : census.jobs) {
    here.insert(key_of(use));
    if (std::find(over_.begin(), over_.end(), key_of(use)) != over_.end()) continue;
    OpenJob* job = find(use);
    if (job == nullptr) job = &open(use.slurmd, use.id, at, !last_ || resumed_ ? "started" : "cgroup");
    update(*job, use, at);
  }
  std::erase_if(over_, [&](const std::string& key) { return !here.contains(key); });
  for (auto& [serial, job] : jobs_) {
    if (job.end) continue;
    if (job.seen && find_in(census, job) == nullptr)
      close(job, resumed_ ? *last_ : at, resumed_ ? "restart" : "cgroup");
    else if (!job.seen && at - job.begin > kUnseen)
      close(job, at, "unseen");
  }
}

void Ledger::update(OpenJob& job, const JobUse& use, Nanos at) {
  const bool is_new = !job.seen;
  job.seen = true;
  job.slurmd = use.slurmd;
  job.id = use.id;
  for (const StepUse& step : use.steps) {
    auto found = job.own.steps.find(step.id);
    if (found == job.own.steps.end()) {
      if (job.own.steps.size() >= kMaxSteps) continue;
      found = job.own.steps.emplace(step.id, StepBook(meters_.size())).first;
      found->second.begin = at;
      changed_ = true;
    }
    if (!found->second.cpu_begin) found->second.cpu_begin = step.cpu;
    found->second.cpu = step.cpu ? step.cpu : found->second.cpu;
  }
  for (auto& [id, step] : job.own.steps) {
    bool runs = false;
    for (const StepUse& now : use.steps) runs |= now.id == id;
    if (runs || step.end || !step.cpu_begin) continue;  // a step that a hint told of may have no cgroup yet
    step.end = at;
    changed_ = true;
  }
  const bool confined = is_new || job.use.gpus != use.gpus;
  const JobUse before = std::exchange(job.use, use);
  if (!use.cpu) job.use.cpu = before.cpu;  // its directory is going
  if (use.cpus.empty()) job.use.cpus = before.cpus;
  if (!use.memory_limit) job.use.memory_limit = before.memory_limit;
  pb::Job& its = *job.record.mutable_job();
  if (use.uid) its.set_uid(*use.uid);
  if (!use.cpus.empty()) {
    its.set_cpus_count(static_cast<std::uint32_t>(use.cpus.size()));
    if (cpus_ > 0) its.set_cpus(cpu_share(job));
  }
  if (use.memory_limit && memory_ > 0) its.set_memory(memory_share(job));
  if (job.gpus.empty() && use.gpus_said && !its.has_gpus()) {
    job.gpus = *use.gpus_said;
    if (job.gpus.empty()) its.set_gpus(0);
    find_devices(job);
  } else if (confined) {
    find_devices(job);
  }
}

// Which accelerators are its own: by what its prolog was told, else by what its cgroup lets it open.
void Ledger::find_devices(OpenJob& job) const {
  std::string numbers = job.gpus;
  if (numbers.empty()) {
    if (!job.use.gpus) return;
    for (const unsigned minor : *job.use.gpus) numbers += (numbers.empty() ? "" : ",") + std::to_string(minor);
  }
  const auto given = compute_allocation(node_.devices, [&](const char* name) {
    return std::string_view(name) == "SLURM_JOB_GPUS" ? std::optional(numbers) : std::nullopt;
  });
  job.devices.assign(device_names_.size(), false);
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i].value_or(false)) continue;
    ++count;
    for (std::size_t k = 0; k < device_names_.size(); ++k)
      if (device_names_[k] == node_.devices[i].part.device) job.devices[k] = true;
  }
  job.record.mutable_job()->set_gpus(count);
}

void Ledger::take_hints(Nanos at) {
  for (const Request& said : std::exchange(hints_, {})) {
    const std::string id(said.get("job"));
    OpenJob* job = find(id);
    if (said.verb == "begin") {
      if (job == nullptr) job = &open("", id, at, "prolog");
      learn(*job, said);
    } else if (said.verb == "end" && job != nullptr) {
      const auto code = split(said.get("exit"), ':');
      if (const auto exit = parse_i64(code.front()); exit && !said.get("exit").empty())
        job->record.set_exit_code(static_cast<std::int32_t>(*exit));
      if (code.size() > 1)
        if (const auto signal = parse_i64(code[1]); signal && *signal > 0)
          job->record.set_signal(static_cast<std::int32_t>(*signal));
      if (job->seen) over_.push_back(job->slurmd + "/" + job->id);
      close(*job, at, "epilog");
    } else if (said.verb == "step" && job != nullptr && job->own.steps.size() < kMaxSteps) {
      const auto [step, is_new] = job->own.steps.emplace(std::string(said.get("step")), StepBook(meters_.size()));
      if (is_new) step->second.begin = at;
      step->second.phase = valid_utf8(said.get("phase"));
      step->second.period_ms =
          static_cast<unsigned>(std::min<std::uint64_t>(parse_u64(said.get("period_ms")).value_or(0), 60'000));
      changed_ = true;
    }
  }
}

void Ledger::learn(OpenJob& job, const Request& said) {
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
  number("uid", [&](auto v) { its.set_uid(static_cast<std::uint32_t>(v)); });
  number("restart", [&](auto v) { its.set_restart(static_cast<std::uint32_t>(v)); });
  number("nodes", [&](auto v) { its.set_nodes(static_cast<std::uint32_t>(v)); });
  number("submit", [&](auto v) { its.set_submit_unix_s(static_cast<std::int64_t>(v)); });
  if (job.use.cpus.empty()) number("cpus", [&](auto v) { its.set_cpus_count(static_cast<std::uint32_t>(v)); });
  find_devices(job);
}

void Ledger::add(std::span<const Glance> glances) {
  for (auto& [serial, job] : jobs_) {
    if (job.end) continue;
    for (std::size_t i = 0; i < glances.size() && i < node_.devices.size(); ++i) {
      if (!glances[i].processes.ok) continue;
      job.looked = true;
      for (std::size_t k = 0; k < device_names_.size(); ++k)
        if (device_names_[k] == node_.devices[i].part.device && glances[i].processes.value > 0) job.worked[k] = true;
    }
  }
}

std::optional<Nanos> Ledger::wanted_period() const {
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
