// Runs that clients have the daemon measure: a window of time on a step, with phases of its own.
#include <algorithm>

#include "accounting/energy_accounting.h"
#include "accounting/phase_record.h"
#include "accounting/phases_checkpoint.h"
#include "accounting/utilization_summary.h"
#include "record/record.h"

namespace nw {

std::uint64_t EnergyAccounting::begin_run(const StepName& step, std::uint64_t cookie, Nanos at) {
  for (auto& [id, run] : runs_)
    if (run.cookie == cookie) return id;
  RunWindow& run = runs_[next_run_];
  if (const auto job = jobs_.find(step.job); job != jobs_.end())
    job->second.has_client |= job->second.use.is_process_tree;
  run.step = step;
  run.cookie = cookie;
  run.begin = at;
  run.begin_wall_ns = wall_ns_;
  run.phases = Phases(limits_of_step(0));
  run.phases.begin_whole(at);
  for (const Meter& meter : meters_) run.anomalies.push_back(meter.anomalies());
  return next_run_++;
}

void EnergyAccounting::add_to_run(std::uint64_t id, const ProgramEvent& event) {
  if (const auto run = runs_.find(id); run != runs_.end()) run->second.phases.add(event);
}

void EnergyAccounting::note_in_run(std::uint64_t id, Anomaly anomaly, std::uint64_t times) {
  if (const auto run = runs_.find(id); run != runs_.end()) run->second.noted.add(anomaly, times);
}

void EnergyAccounting::end_run(std::uint64_t id, Nanos at) {
  if (const auto run = runs_.find(id); run != runs_.end() && !run->second.end)
    run->second.end = std::max(at, run->second.begin);
}

std::optional<pb::Record> EnergyAccounting::take_run(std::uint64_t id) {
  const auto run = runs_.find(id);
  if (run == runs_.end() || !run->second.record) return std::nullopt;
  pb::Record record = std::move(*run->second.record);
  runs_.erase(run);
  return record;
}

bool EnergyAccounting::has_run(const StepName& step) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const auto& one) { return one.second.step == step; });
}

// An interval of its step is closed.
void EnergyAccounting::settle_runs(const JobState& job, const StepName& name, const ShareCurve& curve) {
  const StepTotals& step = job.own.steps.at(name.step);
  for (auto& [id, run] : runs_) {
    if (!(run.step == name) || run.record || run.begin >= curve.end()) continue;
    const Nanos end = std::min(run.end.value_or(curve.end()), step.end.value_or(curve.end()));
    const bool over = (run.end && *run.end <= curve.end()) || (step.end && *step.end <= curve.end());
    const Nanos from = std::max(run.begin, curve.begin()), until = std::clamp(end, from, std::max(from, curve.end()));
    run.timeline.add(energies_by_domain(curve.at(until).given - curve.at(from).given), until - from,
                     finest_step(!job.shared));
    if (!over) {
      run.phases.settle(curve, curve.end());
      continue;
    }
    run.end = until;
    run.phases.end_whole(until);
    run.phases.close(curve, until);
    run.record = make_run_record(job, run);
  }
}

pb::Record EnergyAccounting::make_run_record(const JobState& job, const RunWindow& run) const {
  pb::Record record = node_.record;
  record.set_state("finished");
  record.set_start_unix_ns(run.begin_wall_ns);
  record.set_duration_ns((*run.end - run.begin).count());
  pb::MeasuredBy& by = *record.mutable_measured_by();
  by.set_program("nodewattd");
  by.set_exclusive(!job.shared);
  by.set_policy(std::string(name(kPolicies[0])));
  by.set_manager(job.record.job().manager());
  by.set_job(job.record.job().id());
  by.set_step(run.step.step);
  const NodeEnergy energy = compose_phase(run.phases.whole(), job);
  write_node_energy(energy, *run.end - run.begin, record);
  AnomalyCounts of_run = run.phases.anomalies();
  of_run.add(run.noted);
  of_run.add(Anomaly::phase_unresolved,
             nw::write_phases(
                 rows_of(run.phases), run.begin, energy.total.value,
                 [&](const PhaseSum& sum) { return compose_phase(sum, job); }, *record.mutable_phases()));
  of_run.add(Anomaly::device_owner_unknown, job.lacked_owner ? 1 : 0);
  of_run.add(Anomaly::cpu_time_unknown, job.lacked_cpu_time ? 1 : 0);
  write_work(run.phases.work(), *record.mutable_work());
  write_statements(run.phases, record);
  run.timeline.write(*record.mutable_timeline());
  write_devices(node_.devices, record);
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    write_sensor(meters_[i].info(), *record.add_sensors());
    const AnomalyCounts before = i < run.anomalies.size() ? run.anomalies[i] : AnomalyCounts{};
    nw::write_anomalies(meters_[i].anomalies().since(before), meters_[i].info().id, *record.mutable_anomalies());
  }
  nw::write_anomalies(of_run, "", *record.mutable_anomalies());
  return record;
}

void EnergyAccounting::write_runs(pb::Checkpoint& out) const {
  for (const auto& [id, run] : runs_) {
    const auto job = jobs_.find(run.step.job);
    if (job == jobs_.end() || run.record) continue;
    pb::CheckpointRun& its = *out.add_runs();
    its.set_manager(job->second.record.job().manager());
    its.set_slurmd(job->second.slurmd);
    its.set_job(job->second.id);
    its.set_cookie(run.cookie);
    its.set_begin_ns(run.begin.count());
    its.set_begin_wall_ns(run.begin_wall_ns);
    its.mutable_phases()->set_step(run.step.step);
    PhasesCheckpoint::write(run.phases, *its.mutable_phases());
    run.timeline.write(*its.mutable_timeline());
  }
}

// What a sensor did before the restart is not known any more.
void EnergyAccounting::read_runs(const pb::Checkpoint& in, const SavedOrder& order) {
  for (const pb::CheckpointRun& its : in.runs()) {
    const auto step = find_step({its.manager(), its.slurmd(), its.job(), its.phases().step()});
    if (!step) continue;
    RunWindow& run = runs_[next_run_++];
    run.step = *step;
    run.cookie = its.cookie();
    run.begin = order.time(its.begin_ns());
    run.begin_wall_ns = its.begin_wall_ns();
    run.phases = PhasesCheckpoint::read(its.phases(), limits_of_step(0), order);
    run.timeline = JobTimeline::read(its.timeline());
    run.anomalies.resize(meters_.size());
    if (!run.phases.has_whole()) runs_.erase(--next_run_);
  }
}

}  // namespace nw
