// What the programs of a job report: phases and work, of the step that they run in.
#include "accounting/energy_accounting.h"
#include "accounting/phase_record.h"
#include "accounting/share_curve.h"

namespace nw {

std::size_t EnergyAccounting::count_reporting(std::uint32_t uid) const {
  std::size_t steps = 0;
  for (const auto& [serial, job] : jobs_)
    if (job.record.job().has_uid() && job.record.job().uid() == uid) steps += job.own.phases.size();
  return steps;
}

// Slurm's extern step is given no energy: what ran there (a login of pam_slurm_adopt) counts as outside steps.
std::optional<StepName> EnergyAccounting::find_step(const FoundProcess& process) const {
  if (process.step == kExternStep) return std::nullopt;
  for (const auto& [serial, job] : jobs_) {
    if (job.end || job.slurmd != process.slurmd || job.id != process.id) continue;
    const auto step = job.own.steps.find(process.step);
    if (job.record.job().manager() == process.manager && step != job.own.steps.end() && !step->second.end)
      return StepName{serial, process.step};
  }
  return std::nullopt;
}

bool EnergyAccounting::let_report(const StepName& name) {
  const auto found = jobs_.find(name.job);
  if (found == jobs_.end() || !found->second.own.steps.contains(name.step)) return false;
  JobTotals& own = found->second.own;
  if (own.phases.contains(name.step)) return true;
  const std::size_t others = count_reporting(found->second.record.job().uid());
  if (others >= kMaxReporting) return false;
  own.phases.emplace(name.step, Phases(limits_of_step(others)));
  changed_ = true;
  return true;
}

void EnergyAccounting::add(const StepName& name, const ProgramEvent& event) {
  if (Phases* phases = find_phases(name)) phases->add(event);
}

void EnergyAccounting::abandon(const StepName& name, const std::function<bool(std::uint32_t pid)>& is_gone, Nanos at) {
  if (Phases* phases = find_phases(name)) phases->abandon(is_gone, at);
}

void EnergyAccounting::note(const StepName& name, Anomaly anomaly, std::uint64_t times) {
  if (const auto found = jobs_.find(name.job); found != jobs_.end()) found->second.noted.add(anomaly, times);
}

Phases* EnergyAccounting::find_phases(const StepName& name) {
  const auto job = jobs_.find(name.job);
  if (job == jobs_.end()) return nullptr;
  const auto found = job->second.own.phases.find(name.step);
  return found == job->second.own.phases.end() ? nullptr : &found->second;
}

bool EnergyAccounting::is_alone(const StepName& name) const {
  const auto found = jobs_.find(name.job);
  return found != jobs_.end() && !found->second.shared && found->second.own.by_policy.front().duration > Nanos{};
}

// Within an interval the edges of phases follow the meters, so a phase is not rounded to sampling points. What was
// reported after its end waits for the next.
void EnergyAccounting::settle_phases(JobState& job, const std::string& id, const ShareCurve& curve) const {
  const StepTotals& step = job.own.steps.at(id);
  Phases& phases = job.own.phases.at(id);
  if (step.end && *step.end <= curve.end())
    phases.close(curve, *step.end);
  else
    phases.settle(curve, curve.end());
}

// For the programs themselves. What is shorter than an owner may see is not told, as in his records.
void EnergyAccounting::read_phases(std::uint64_t serial, JobState& job) {
  for (auto& [id, phases] : job.own.phases) {
    const LevelCurve now(job.own.steps.at(id).accumulator, job.own.until);
    std::vector<PhaseInstance> instances = phases.take_ended();
    for (PhaseInstance& instance : phases.so_far(now, job.own.until)) instances.push_back(std::move(instance));
    for (PhaseInstance& instance : instances) {
      if (instance.duration < finest_step(!job.shared) || readings_.size() >= kMaxReadings) continue;
      instance.given.lines.resize(meters_.size());
      Energy energy = compose_energy(instance.given, job).total;
      if (is_resolved(energy)) readings_.push_back({{serial, id}, instance.id, std::move(energy), instance.ended});
    }
  }
}

// As of now: what is open counts until the end of the last closed interval. Of a job that ended with its last interval
// unseen, it ends there.
Phases EnergyAccounting::phases_so_far(const JobState& job, const JobTotals& totals, const std::string& step) const {
  Phases phases = totals.phases.at(step);
  const LevelCurve now(totals.steps.at(step).accumulator, totals.until);
  if (job.end)
    phases.close(now, totals.until);
  else
    phases.close_spans(now, totals.until);
  return phases;
}

NodeEnergy EnergyAccounting::compose_phase(const PhaseSum& sum, const JobState& job) const {
  EnergyAccumulator given = sum.given;
  given.lines.resize(meters_.size());
  return compose_energy(given, job);
}

// Returns what was wrong.
AnomalyCounts EnergyAccounting::write_phases(const JobState& job, const JobTotals& totals, pb::Record& record) const {
  const ComposePhase compose = [&](const PhaseSum& sum) { return compose_phase(sum, job); };
  std::vector<PhaseRow> all;
  std::map<std::string, double> work;
  AnomalyCounts anomalies;
  for (pb::Step& out : *record.mutable_job()->mutable_steps()) {
    if (!totals.phases.contains(out.id())) continue;
    const Phases phases = phases_so_far(job, totals, out.id());
    const StepTotals& step = totals.steps.at(out.id());
    const std::vector<PhaseRow> rows = rows_of(phases);
    nw::write_phases(rows, job.begin, step.accumulator.total, compose, *out.mutable_phases());
    nw::write_work(phases.work(), *out.mutable_work());
    add_rows(all, rows);
    for (const auto& [unit, count] : phases.work()) work[unit] += count;
    write_statements(phases, record);
    anomalies.add(phases.anomalies());
  }
  anomalies.add(Anomaly::phase_unresolved,
                nw::write_phases(all, job.begin, totals.by_policy.front().total, compose, *record.mutable_phases()));
  nw::write_work(work, *record.mutable_work());
  return anomalies;
}

}  // namespace nw
