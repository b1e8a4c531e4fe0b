#include "accounting/job_state.h"

#include <algorithm>

#include "accounting/attribute.h"
#include "accounting/phases_checkpoint.h"
#include "record/record.h"

namespace nw {

JobTotals::JobTotals(std::size_t meters)
    : by_policy(std::size(kPolicies), EnergyAccumulator(meters)), loose(meters), peaks(meters) {}

void Peak::add(Joules its, Nanos over, Nanos step) {
  energy += its;
  time += over;
  if (time + kEarly < step) return;
  const Watts mean = energy / time;
  most = std::max(most.value_or(mean), mean);
  energy = {};
  time = {};
}

namespace {
// Of one user, in all steps together; a step that comes later may have fewer.
constexpr std::size_t kPathsOfUser = 1000, kFewPaths = 20;
}  // namespace

PhaseLimits limits_of_step(std::size_t others) {
  PhaseLimits limits;
  limits.paths = std::max(kFewPaths, kPathsOfUser / (others + 1));
  const auto part_of = [others](std::size_t whole, std::size_t least) { return std::max(least, whole / (others + 1)); };
  limits.open = part_of(1000, 32);
  limits.waiting = part_of(1 << 16, 256);
  limits.bytes = part_of(512 << 10, 12 << 10);
  limits.ended = part_of(256, 16);
  limits.spans = 200;
  limits.units = 20;
  limits.figures = 100;
  return limits;
}

std::vector<std::string> names_of(const pb::Job& job) {
  std::vector<std::string> names{job.id()};
  if (!job.sluid().empty()) names.push_back(job.sluid());
  if (!job.array_job().empty()) names.push_back(job.array_job());
  if (!job.array_task().empty()) names.push_back(job.array_job() + "_" + job.array_task());
  if (!job.het_job().empty()) names.push_back(job.het_job());
  if (!job.het_offset().empty()) names.push_back(job.het_job() + "+" + job.het_offset());
  return names;
}

bool JobState::is(const std::string& asked) const {
  const auto names = names_of(record.job());
  return asked == id || std::find(names.begin(), names.end(), asked) != names.end();
}

namespace {
void write_step(const std::string& id, const StepTotals& step, pb::CheckpointStep& out) {
  out.set_id(id);
  out.set_begin_ns(step.begin.count());
  out.set_end_ns(step.end ? step.end->count() : 0);
  if (step.cpu) out.set_cpu_ns(step.cpu->count());
  if (step.cpu_begin) out.set_cpu_begin_ns(step.cpu_begin->count());
  out.set_phase(step.phase);
  out.set_period_ms(step.period_ms);
  write_accumulator(step.accumulator, *out.mutable_accumulator());
}

StepTotals read_step(const pb::CheckpointStep& in, const SavedOrder& order) {
  StepTotals step(order.meters());
  step.begin = order.time(in.begin_ns());
  if (in.end_ns() != 0) step.end = order.time(in.end_ns());
  if (in.has_cpu_ns()) step.cpu = Nanos::of(in.cpu_ns());
  if (in.has_cpu_begin_ns()) step.cpu_begin = Nanos::of(in.cpu_begin_ns());
  step.phase = in.phase();
  step.period_ms = in.period_ms();
  step.accumulator = order.read(in.accumulator());
  return step;
}
}  // namespace

void write_job_state(const JobState& job, pb::CheckpointJob& out) {
  out.set_slurmd(job.slurmd);
  out.set_id(job.id);
  out.set_begin_ns(job.begin.count());
  *out.mutable_record() = job.record;
  for (const EnergyAccumulator& accumulator : job.own.by_policy)
    write_accumulator(accumulator, *out.add_accumulators());
  for (const auto& [id, step] : job.own.steps) write_step(id, step, *out.add_steps());
  write_accumulator(job.own.loose, *out.mutable_loose());
  for (const auto& [id, phases] : job.own.phases) {
    pb::CheckpointPhases& its = *out.add_phases();
    its.set_step(id);
    PhasesCheckpoint::write(phases, its);
  }
  write_anomalies(job.noted, "", *out.mutable_noted());
  for (const Peak& peak : job.own.peaks) out.add_peak_uw(write_power(peak.most));
  job.own.timeline.write(*out.mutable_timeline());
  if (job.use.cpu) out.set_cpu_ns(job.use.cpu->count());
  out.set_seen(job.seen);
  out.set_shared(job.shared);
  for (std::size_t i = 0; i < job.devices.size(); ++i)
    if (!job.devices[i])
      out.add_unknown_devices(static_cast<std::uint32_t>(i));
    else if (*job.devices[i])
      out.add_devices(static_cast<std::uint32_t>(i));
  for (std::size_t i = 0; i < job.worked.size(); ++i)
    if (job.worked[i]) out.add_worked(static_cast<std::uint32_t>(i));
  out.set_looked(job.looked);
  if (job.gpus) out.set_gpus(*job.gpus);
  out.set_lacked_cpu_time(job.lacked_cpu_time);
  out.set_lacked_memory(job.lacked_memory);
  out.set_lacked_owner(job.lacked_owner);
  out.set_has_client(job.has_client);
}

JobState read_job_state(const pb::CheckpointJob& in, const SavedOrder& order, std::size_t devices, std::size_t others) {
  JobState job(order.meters());
  job.slurmd = in.slurmd();
  job.id = in.id();
  job.begin = order.time(in.begin_ns());
  job.record = in.record();
  for (std::size_t i = 0; i < job.own.by_policy.size() && i < static_cast<std::size_t>(in.accumulators_size()); ++i)
    job.own.by_policy[i] = order.read(in.accumulators(static_cast<int>(i)));
  for (const pb::CheckpointStep& step : in.steps()) job.own.steps.insert_or_assign(step.id(), read_step(step, order));
  for (const pb::CheckpointPhases& phases : in.phases())
    if (job.own.steps.contains(phases.step()))
      job.own.phases.insert_or_assign(
          phases.step(), PhasesCheckpoint::read(phases, limits_of_step(others + job.own.phases.size()), order));
  job.noted = read_anomalies(in.noted());
  job.own.loose = order.read(in.loose());
  for (std::size_t i = 0; i < order.meters(); ++i)
    if (const auto from = order.from(i)) job.own.peaks[i].most = read_power(in.peak_uw(), *from);
  job.own.timeline = JobTimeline::read(in.timeline());
  job.use.slurmd = job.slurmd;
  job.use.id = job.id;
  if (in.has_cpu_ns()) job.use.cpu = Nanos::of(in.cpu_ns());
  job.seen = in.seen();
  job.shared = in.shared();
  // Checkpoints of a version that stored unknown devices as none have no number of accelerators in that case.
  job.devices.assign(devices, in.record().job().has_gpus() ? std::optional(false) : std::nullopt);
  job.worked.resize(devices);
  for (const std::uint32_t device : in.devices())
    if (device < devices) job.devices[device] = true;
  for (const std::uint32_t device : in.unknown_devices())
    if (device < devices) job.devices[device] = std::nullopt;
  for (const std::uint32_t device : in.worked())
    if (device < devices) job.worked[device] = true;
  job.looked = in.looked();
  if (in.has_gpus()) job.gpus = in.gpus();
  job.lacked_cpu_time = in.lacked_cpu_time();
  job.lacked_memory = in.lacked_memory();
  job.lacked_owner = in.lacked_owner();
  job.has_client = in.has_client();
  job.anomalies.resize(order.meters());
  return job;
}

}  // namespace nw
