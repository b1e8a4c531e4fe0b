// The records: accumulators converted to energies with uncertainty, by the same containment tree as a run's.
#include <algorithm>
#include <cmath>

#include "accounting/energy_accounting.h"
#include "accounting/utilization_summary.h"
#include "base/parse.h"
#include "record/record.h"

namespace nw {

namespace {
// A constant offset of a sensor is divided in the same proportion as its energy.
SensorInfo as_given(const SensorInfo& info, double share) {
  SensorInfo own = info;
  own.bias = {};  // subtracted from each interval already
  own.offset = Watts::of(static_cast<std::int64_t>(static_cast<double>(info.offset.count()) * share));
  return own;
}

// Part of a term's name. Within one job the error is the same on both sockets and in all its steps, but not across
// jobs.
std::string name_division(DivisionKey rule, const std::string& job) {
  static constexpr const char* kNames[] = {"CPU time", "memory held", "slices", "what the node's parts draw"};
  return std::string("division by ") + kNames[static_cast<std::size_t>(rule)] + ", job " + job;
}

Energy make_given(const Meter& meter, const EnergyAccumulator::Line& line, Nanos duration, const std::string& job) {
  const bool whole = line.given.energy == line.whole;
  const double share = whole ? 1 : line.whole == Joules{} ? 0 : to_joules(line.given.energy) / to_joules(line.whole);
  const auto scaled = [&](std::optional<Watts> power) {
    return Watts::of(static_cast<std::int64_t>(static_cast<double>(power.value_or(Watts{}).count()) * share));
  };
  Energy energy = make_energy(as_given(meter.info(), share), {line.given, duration, line.edges},
                              {scaled(meter.min_power()), scaled(meter.max_power()), false});
  if (line.division > 0)
    energy.uncertainty.add({name_division(division_key_of(meter.info().part.domain), job), line.division, true, false});
  if (line.resolution > 0) {
    energy.uncertainty.add({kResolvedByParts, line.resolution, false, false});
    energy.kind = Provenance::derived;
  }
  if (!whole) energy.kind = std::max(energy.kind, Provenance::attributed);
  energy.kind = std::max(energy.kind, meter.info().provenance);
  if (line.given.covered <= Nanos{} && line.whole == Joules{}) {  // never read, or dead
    energy.value.reset();
    energy.coverage = 0;
  }
  return energy;
}

// Anything from nothing to the highest power for all of `time` was drawn besides, and is not in the energy.
void add_unmeasured(Energy& energy, std::optional<Watts> highest, Nanos duration, Nanos time) {
  const double whole = to_seconds(duration + time);
  energy.coverage *= whole > 0 ? to_seconds(duration) / whole : 0;
  if (!energy.value) return;
  const double mean = duration > Nanos{} ? to_joules(*energy.value) / to_seconds(duration) : 0;
  const double most = std::max(highest ? to_watts(*highest) : 0, mean) * to_seconds(time);
  energy.uncertainty.add({"time not measured", most / std::sqrt(3.0), false, true});
}

// Of the job and its components: which of its steps ran in that time is not known.
void add_unmeasured(NodeEnergy& energy, Nanos duration, Nanos time) {
  if (time <= Nanos{}) return;
  Watts highest;
  for (Component& component : energy.components) {
    if (component.counted && component.depth == 0) highest += component.max_power.value_or(Watts{});
    add_unmeasured(component.energy, component.max_power, duration, time);
  }
  add_unmeasured(energy.total, highest, duration, time);
}
}  // namespace

// A device that no job's figures include may have been this job's.
bool EnergyAccounting::may_have(const JobState& job, const Part& part) const {
  const auto at = std::find(device_names_.begin(), device_names_.end(), part.device);
  return job.lacked_owner && at != device_names_.end() &&
         !job.devices[static_cast<std::size_t>(at - device_names_.begin())];
}

NodeEnergy EnergyAccounting::compose_energy(const EnergyAccumulator& accumulator, const JobState& job,
                                            std::span<const Peak> peaks) const {
  std::vector<SensorEnergy> sensor_energies;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const SensorInfo& info = meters_[i].info();
    Energy energy = make_given(meters_[i], accumulator.lines[i], accumulator.duration, job.record.job().id());
    if (belongs_to_other_job(accumulator.lines[i], info.part.domain)) {
      if (!may_have(job, info.part)) continue;
      energy.value.reset();
      energy.coverage = 0;
    }
    sensor_energies.push_back({&info, std::move(energy), i < peaks.size() ? peaks[i].most : std::nullopt,
                               accumulator.lines[i].resolution > 0 ? kResolvedMethod : ""});
  }
  NodeEnergy node_energy = compose(sensor_energies);
  if (node_energy.total.value) node_energy.total.value = accumulator.total;
  if (node_energy.total.value && accumulator.modelled != Joules{} && !is_modelled())
    add_modelled(accumulator, node_energy);
  return node_energy;
}

// What models gave before anything was measured is in the total, which is no measurement then, and a component of its
// own; where the node has a sensor, that has taken it over as filled (complete_total_sensor).
void EnergyAccounting::add_modelled(const EnergyAccumulator& accumulator, NodeEnergy& energy) const {
  energy.total.kind = Provenance::estimated;
  if (total_sensors_.total_sensor) return;
  double tolerance = 0;
  for (const Meter& meter : meters_)
    if (meter.info().provenance == Provenance::estimated)
      tolerance = std::max(tolerance, meter.info().scale_tolerance.relative);
  const double limit = tolerance * std::abs(to_joules(accumulator.modelled));
  Energy modelled;
  modelled.value = accumulator.modelled;
  modelled.kind = Provenance::estimated;
  modelled.boundary = energy.total.boundary;
  modelled.uncertainty.add({"models before sensors came", limit / std::sqrt(3.0), true, true});
  energy.total.uncertainty.add(modelled.uncertainty);
  energy.components.push_back(
      {{Domain::other, ""}, "before sensors came", std::move(modelled), "models", "", 0, true, std::nullopt});
}

void EnergyAccounting::write_steps(const JobState& job, const JobTotals& totals, pb::Record& record) const {
  const auto write = [&](const std::string& id, const EnergyAccumulator& accumulator) -> pb::Step& {
    pb::Step& out = *record.mutable_job()->add_steps();
    out.set_id(id);
    const NodeEnergy parts = compose_energy(accumulator, job);
    write_energy(parts.total, *out.mutable_energy());
    for (const Component& component : parts.components)
      write_component(component, accumulator.duration, *out.add_components());
    return out;
  };
  for (const auto& [id, step] : totals.steps) {
    pb::Step& out = write(id, step.accumulator);
    out.set_begin_ns((step.begin - job.begin).count());
    out.set_duration_ns((step.end.value_or(std::max(totals.until, step.begin)) - step.begin).count());
    if (step.cpu && step.cpu_begin) out.set_cpu_s(to_seconds(*step.cpu));
    out.set_phase(step.phase);
    out.set_running(!step.end);
  }
  if (totals.loose.duration <= Nanos{}) return;
  write("", totals.loose).set_duration_ns(totals.loose.duration.count());
}

void EnergyAccounting::write_anomalies(const JobState& job, AnomalyCounts of_job, pb::Record& record) const {
  for (std::size_t i = 0; i < meters_.size(); ++i)
    nw::write_anomalies(meters_[i].anomalies().since(job.anomalies[i]), meters_[i].info().id,
                        *record.mutable_anomalies());
  const std::string &begin = record.job().begin_basis(), &end = record.job().end_basis();
  of_job.add(Anomaly::job_begin_unseen, begin == "started" ? 1 : 0);
  of_job.add(Anomaly::job_end_unseen, end == "restart" || end == "unseen" ? 1 : 0);
  of_job.add(Anomaly::rebooted, end == "reboot" ? 1 : 0);
  of_job.add(Anomaly::too_many_names, job.own.steps.size() >= kMaxSteps ? 1 : 0);
  of_job.add(Anomaly::device_owner_unknown, job.lacked_owner ? 1 : 0);
  of_job.add(Anomaly::cpu_time_unknown, job.lacked_cpu_time ? 1 : 0);
  of_job.add(Anomaly::memory_held_unknown, job.lacked_memory ? 1 : 0);
  of_job.add(job.noted);
  nw::write_anomalies(of_job, "", *record.mutable_anomalies());
}

// The uncertainty of the division: over parts of one division key linearly, over division keys in quadrature
// (attribute.h).
void EnergyAccounting::write_uncertainty(const EnergyAccumulator& accumulator, pb::Record& record) const {
  Uncertainty divisions;
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (total_sensors_.is_of_total(i))
      divisions.add({name_division(division_key_of(meters_[i].info().part.domain), ""), accumulator.lines[i].division,
                     true, false});
  if (divisions.combined() > 0) record.mutable_job()->set_u_share_uj(divisions.combined() * 1e6);
}

// The accelerators of the job, and the energy of those on which no process was ever seen.
void EnergyAccounting::write_accelerators(const JobState& job, const EnergyAccumulator& accumulator,
                                          pb::Record& record) const {
  write_devices(node_.devices, record);
  for (pb::Device& device : *record.mutable_devices())
    for (std::size_t k = 0; k < device_names_.size(); ++k) {
      if (device.device() != device_names_[k]) continue;
      if (!job.shared || job.devices[k]) device.set_allocated(!job.shared || *job.devices[k]);
      if (job.looked && !job.worked[k]) device.set_processes(0);
    }
  if (!job.looked) return;
  Joules unused;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const SensorInfo& info = meters_[i].info();
    for (std::size_t k = 0; k < device_names_.size(); ++k)
      if (info.part == Part{Domain::gpu, device_names_[k]} && info.kind == SensorKind::counter && !job.worked[k])
        unused += accumulator.lines[i].given.energy;
  }
  record.mutable_job()->set_unused_gpu_uj(unused.count());
}

pb::Record EnergyAccounting::make_record(const JobState& job, const JobTotals& totals) const {
  pb::Record record = job.record;
  pb::Job& its = *record.mutable_job();
  record.set_job_key(its.manager() + "-" + its.id());
  record.set_state(!job.end ? "running" : its.end_basis() == "reboot" ? "lost" : "ended");
  record.set_duration_ns((job.end.value_or(totals.until) - job.begin).count());
  const EnergyAccumulator& accumulator = totals.by_policy.front();
  const Nanos unmeasured = Nanos::of(its.unmeasured_ns());
  NodeEnergy parts = compose_energy(accumulator, job, totals.peaks);
  add_unmeasured(parts, accumulator.duration, unmeasured);
  write_node_energy(parts, accumulator.duration, record);
  its.set_exclusive(!job.shared);
  its.set_policy(std::string(name(kPolicies[0])));
  for (std::size_t p = 1; p < std::size(kPolicies); ++p) {
    NodeEnergy other = compose_energy(totals.by_policy[p], job);
    add_unmeasured(other, accumulator.duration, unmeasured);
    pb::ByPolicy& out = *its.add_others();
    out.set_policy(std::string(name(kPolicies[p])));
    write_energy(other.total, *out.mutable_energy());
    for (const Component& component : other.components)
      write_component(component, accumulator.duration, *out.add_components());
  }
  for (const Meter& meter : meters_) write_sensor(meter.info(), *record.add_sensors());
  write_uncertainty(accumulator, record);
  write_accelerators(job, accumulator, record);
  totals.timeline.write(*record.mutable_timeline());
  write_steps(job, totals, record);
  write_anomalies(job, write_phases(job, totals, record), record);
  return record;
}

bool EnergyAccounting::is_settling(const JobFilter& wanted) const {
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [&](const auto& one) { return one.second.end && wanted(one.second.record); });
}

std::vector<pb::Record> EnergyAccounting::running(bool published, const JobFilter& wanted) const {
  std::vector<pb::Record> records;
  for (auto at = jobs_.rbegin(); at != jobs_.rend(); ++at) {
    const JobState& job = at->second;
    if (!job.end && wanted(job.record)) records.push_back(make_record(job, published ? job.published : job.own));
  }
  return records;
}

}  // namespace nw
