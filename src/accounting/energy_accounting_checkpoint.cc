// Saving to the checkpoint and restoring from it.
#include <algorithm>

#include "accounting/checkpoint_accumulator.h"
#include "accounting/energy_accounting.h"
#include "accounting/journal_frames.h"
#include "accounting/node_history_frames.h"
#include "record/record.h"

namespace nw {

namespace {
constexpr Nanos kUnknownAge = seconds(24 * 3600);
}

void EnergyAccounting::write(const std::string& boot_id, pb::Checkpoint& out) const {
  out.set_boot_id(boot_id);
  out.set_at_ns(last_.value_or(Nanos{}).count());
  out.set_wall_ns(wall_ns_);
  out.set_since_wall_ns(since_wall_ns_);
  write_sample_set(sample_set_, {}, *out.mutable_sample_set());
  for (const Meter& meter : meters_) out.add_sensors(meter.info().id);
  for (const auto& [serial, job] : jobs_) write_job_state(job, *out.add_jobs());
  for (const EnergyAccumulator& accumulator : idle_)
    write_accumulator(accumulator, *out.mutable_idle()->add_accumulators());
  for (const EnergyAccumulator& accumulator : system_)
    write_accumulator(accumulator, *out.mutable_system()->add_accumulators());
  for (const EnergyAccumulator& accumulator : unattributed_)
    write_accumulator(accumulator, *out.mutable_unattributed()->add_accumulators());
  write_runs(out);
  if (const auto history = resolved_total_.history()) write_history(*history, *out.mutable_history());
  out.set_jobs_uj(ended_energy_.count());
  out.set_node_uj(node_energy_.count());
  out.set_remainder_uj(remainder_.count());
  for (const Joules energy : by_boundary_) out.add_boundary_uj(energy.count());
  out.set_jobs_ended(ended_jobs_);
  for (const pb::Record& record : ended_) *out.add_ended() = record;
  if (busy_) out.set_busy_ns(busy_->count());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    out.add_idle_uw(write_power(idle_power_[i]));
    out.add_least_uw(write_power(min_power_[i]));
    out.add_part_uj(parts_[i].count());
  }
}

void EnergyAccounting::extend(const std::vector<SensorInfo>& infos, AccountedNode node) {
  for (std::size_t i = meters_.size(); i < infos.size(); ++i) meters_.emplace_back(with_valid_text(infos[i]), period_);
  node_ = std::move(node);
  device_names_ = find_device_names(infos);
  has_memory_ = divides_memory(infos);
  const std::size_t meters = meters_.size();
  const auto extend_row = [&](Accumulators& row) {
    for (EnergyAccumulator& accumulator : row) accumulator.lines.resize(meters);
  };
  extend_row(idle_);
  extend_row(system_);
  extend_row(unattributed_);
  parts_.resize(meters);
  idle_power_.resize(meters);
  min_power_.resize(meters);
  power_.resize(meters);
  edges_.resize(meters);
  for (auto& [serial, job] : jobs_) {
    for (JobTotals* checkpoint : {&job.own, &job.published}) {
      extend_row(checkpoint->by_policy);
      for (auto& [id, step] : checkpoint->steps) step.accumulator.lines.resize(meters);
      checkpoint->loose.lines.resize(meters);
      checkpoint->peaks.resize(meters);
    }
    job.anomalies.resize(meters);
    job.devices.resize(device_names_.size());
    job.worked.resize(device_names_.size());
    find_devices(job);
  }
}

void EnergyAccounting::resume(const pb::Checkpoint& checkpoint, const std::string& boot_id, Nanos now) {
  const SavedOrder order(checkpoint, meters_);
  const auto read_row = [&](const pb::CheckpointRow& row, Accumulators& into) {
    for (std::size_t p = 0; p < into.size() && p < static_cast<std::size_t>(row.accumulators_size()); ++p)
      into[p] = order.read(row.accumulators(static_cast<int>(p)));
  };
  read_row(checkpoint.idle(), idle_);
  read_row(checkpoint.system(), system_);
  read_row(checkpoint.unattributed(), unattributed_);
  ended_energy_ = Joules::of(checkpoint.jobs_uj());
  node_energy_ = Joules::of(checkpoint.node_uj());
  remainder_ = Joules::of(checkpoint.remainder_uj());
  for (std::size_t i = 0; i < by_boundary_.size() && i < static_cast<std::size_t>(checkpoint.boundary_uj_size()); ++i)
    by_boundary_[i] = Joules::of(checkpoint.boundary_uj(static_cast<int>(i)));
  ended_jobs_ = checkpoint.jobs_ended();
  ended_.assign(checkpoint.ended().begin(), checkpoint.ended().end());
  since_wall_ns_ = checkpoint.since_wall_ns();
  wall_ns_ = checkpoint.wall_ns();
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const auto from = order.from(i);
    if (!from) continue;
    const int at = static_cast<int>(*from);
    if (at < checkpoint.part_uj_size()) parts_[i] = Joules::of(checkpoint.part_uj(at));
    idle_power_[i] = read_power(checkpoint.idle_uw(), *from);
    min_power_[i] = read_power(checkpoint.least_uw(), *from);
  }
  for (const pb::CheckpointJob& in : checkpoint.jobs()) {
    JobState job = read_job_state(in, order, device_names_.size(), count_reporting(in.record().job().uid()));
    job.own.until = Nanos::of(checkpoint.at_ns());
    job.published = job.own;
    job.anomalies.resize(meters_.size());
    jobs_.emplace(next_++, std::move(job));
  }
  read_runs(checkpoint, order);
  const bool same_boot =
      checkpoint.boot_id() == boot_id && checkpoint.at_ns() <= now.count() && checkpoint.at_ns() >= 0;
  // How long ago another boot's was written is not known here.
  if (auto history = read_history(checkpoint.history()))
    resolved_total_.use(std::move(*history), same_boot ? now - Nanos::of(checkpoint.at_ns()) : kUnknownAge);
  if (!same_boot) {
    for (auto& [serial, job] : jobs_) close(job, Nanos::of(checkpoint.at_ns()), "reboot");
    return finish();
  }
  // The last reading of the previous process goes before our first, so that what was counted meanwhile is not lost.
  const SampleSet before = read_sample_set(checkpoint.sample_set());
  sample_set_.assign(meters_.size(),
                     Sample{Nanos::of(checkpoint.at_ns()), Nanos::of(checkpoint.at_ns()), {}, 0, Status::absent, {}});
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const auto from = order.from(i);
    if (!from || *from >= before.size()) continue;
    sample_set_[i] = before[*from];
    meters_[i].add(sample_set_[i]);
  }
  last_ = settled_at_ = Nanos::of(checkpoint.at_ns());
  if (checkpoint.has_busy_ns()) busy_ = Nanos::of(checkpoint.busy_ns());
  resumed_ = true;
}

}  // namespace nw
