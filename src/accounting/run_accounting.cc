#include "accounting/run_accounting.h"

#include <algorithm>
#include <cmath>

#include "accounting/phase_record.h"
#include "record/record.h"
#include "record/record.pb.h"

namespace nw {

namespace {
constexpr double kUnresolvedAlias = 0.25;
constexpr double kApart = 0.1;  // relative; a counter and the power gauge of the same part

SensorEnergy make_sensor_energy(const Meter& meter, const Interval& interval, bool checked) {
  const Seen seen{meter.min_power().value_or(Watts{}), meter.max_power().value_or(Watts{}), checked};
  SensorEnergy sensor_energy{&meter.info(), make_energy(meter.info(), interval, seen), meter.max_power()};
  if (!meter.responsive() || !is_known(interval.cumulative)) {
    sensor_energy.energy.value.reset();
    sensor_energy.energy.coverage = 0;
  }
  return sensor_energy;
}
}  // namespace

RunAccounting::RunAccounting(const std::vector<SensorInfo>& infos, Nanos period) {
  timeline_.widen(period);
  meters_.reserve(infos.size());
  for (const SensorInfo& info : infos) meters_.emplace_back(with_valid_text(info), period);
  begins_.resize(infos.size());
  checked_.resize(infos.size());
}

void RunAccounting::set_period(Nanos period) {
  timeline_.widen(period);
  for (Meter& meter : meters_) meter.set_period(period);
}

void RunAccounting::add(const SampleSet& sample_set) {
  for (std::size_t i = 0; i < meters_.size() && i < sample_set.size(); ++i) meters_[i].add(sample_set[i]);
  if (sample_set.empty()) return;
  const Nanos now = sample_set.front().before;
  if (!begun_ && now > begin_) {  // the first sample set after the run's begin: readings on both sides exist
    begun_ = true;
    timeline_.begin(begin_);
  }
  settle_begin(false);
  phases_.settle(MeterCurve(meters_), now);
  settled_ = now;
  if (begun_) timeline_.add(meters_, now);
}

// The cumulative energies at the run's begin, for each meter where they are settled; at the end for all.
void RunAccounting::settle_begin(bool last) {
  if (!begun_) return;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (begins_[i]) continue;
    auto edge = meters_[i].begin_edge(begin_);
    if (!edge && last) edge = Meter::Edge{meters_[i].at(begin_), meters_[i].edge_variance(begin_)};
    if (edge) begins_[i] = Begin{*edge, meters_[i].lead_in(begin_)};
  }
}

void RunAccounting::add(const ProgramEvent& event) {
  ProgramEvent within = event;
  within.at = std::max(event.at, begin_);
  phases_.add(within);
}

// Short ones say little, and there may be many.
std::vector<RunAccounting::Reading> RunAccounting::take_readings(bool open) {
  constexpr Nanos kShortest = millis(10);
  std::vector<Reading> readings;
  const auto add = [&](const std::vector<PhaseInstance>& instances) {
    for (const PhaseInstance& instance : instances) {
      if (instance.duration < kShortest) continue;
      Energy energy = compose_phase(instance.given, {}).total;
      if (is_resolved(energy)) readings.push_back({instance.id, std::move(energy), instance.ended});
    }
  };
  add(phases_.take_ended());
  if (open) add(phases_.so_far(MeterCurve(meters_), settled_));
  return readings;
}

void RunAccounting::end(Nanos at) {
  end_ = at;
  settle_begin(true);
  for (Meter& meter : meters_) meter.close();
  std::vector<Meter::Edge> run_begin;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    run_begin.push_back(begins_[i] ? begins_[i]->edge : Meter::Edge{});
    ends_.push_back(meters_[i].end_edge(end_));
  }
  timeline_.close(meters_, end_);
  EnergyAccumulator run(meters_.size());
  for (std::size_t i = 0; i < meters_.size(); ++i) run.lines[i].given = run_interval(i).cumulative;
  phases_.close_run(MeterCurve(meters_), begin_, end_, run_begin, ends_, std::move(run));
  cross_check();
}

// An energy counter and a power gauge of the same part, both responsive for more than five seconds, must agree within a
// tenth.
void RunAccounting::cross_check() {
  if (end_ - begin_ < seconds(5) || !begun_) return;
  const auto energy = [&](std::size_t i) {
    return to_joules((ends_[i].cumulative - begins_[i]->edge.cumulative).energy);
  };
  for (std::size_t i = 0; i < meters_.size(); ++i)
    for (std::size_t j = 0; j < meters_.size(); ++j) {
      const SensorInfo &counter = meters_[i].info(), &gauge = meters_[j].info();
      if (counter.part != gauge.part || counter.kind != SensorKind::counter || gauge.kind != SensorKind::gauge)
        continue;
      if (!meters_[i].responsive() || !meters_[j].responsive() || counter.provenance == Provenance::estimated) continue;
      const double a = energy(i), b = energy(j);
      if (std::abs(a - b) > kApart * std::max(a, b))
        found_.emplace_back(Anomaly::power_counter_gap, i);
      else
        checked_[i] = checked_[j] = true;
    }
}

Interval RunAccounting::run_interval(std::size_t meter) const {
  Interval interval{{}, end_ - begin_, 0};
  if (!begun_) return interval;
  interval.cumulative = ends_[meter].cumulative - begins_[meter]->edge.cumulative;
  interval.edges = begins_[meter]->edge.variance + ends_[meter].variance;
  const Joules head = meters_[meter].lead_in(begin_) - begins_[meter]->head;
  interval.cumulative.energy += head;
  interval.cumulative.filled += head;
  return interval;
}

NodeEnergy RunAccounting::compose_run() const {
  std::vector<SensorEnergy> sensor_energies;
  for (std::size_t i = 0; i < meters_.size(); ++i)
    sensor_energies.push_back(make_sensor_energy(meters_[i], run_interval(i), checked_[i]));
  return compose(sensor_energies, Wholes::judged);
}

NodeEnergy RunAccounting::compose_phase(const EnergyAccumulator& given, const NodeEnergy& run) const {
  std::vector<SensorEnergy> sensor_energies;
  for (std::size_t i = 0; i < meters_.size() && i < given.lines.size(); ++i) {
    const EnergyAccumulator::Line& line = given.lines[i];
    sensor_energies.push_back(make_sensor_energy(meters_[i], {line.given, given.duration, line.edges}, checked_[i]));
  }
  return compose_like(run, sensor_energies);
}

void RunAccounting::write_anomalies(pb::Record& record, const NodeEnergy& run) const {
  const auto write = [&](const std::string& sensor, const AnomalyCounts& counts) {
    nw::write_anomalies(counts, sensor, *record.mutable_anomalies());
  };
  for (const Meter& meter : meters_) {
    const bool is_beside = meter.info().provenance == Provenance::estimated &&
                           run.total.kind != Provenance::estimated;  // its readings are in no measured figure
    const std::uint64_t late = is_beside ? meter.anomalies().count(Anomaly::late) : 0;
    write(meter.info().id, meter.anomalies().since(counts_of(Anomaly::late, late)));
  }
  for (const auto& [anomaly, meter] : found_) write(meters_[meter].info().id, counts_of(anomaly));
  for (const Meter& meter : meters_)
    if (meter.responsive() && compute_aliasing(meter.info(), end_ - begin_, false) >= kUnresolvedAlias)
      write(meter.info().id, counts_of(Anomaly::aliased));
  AnomalyCounts of_no_sensor = phases_.anomalies();
  of_no_sensor.add(anomalies_);
  of_no_sensor.add(run.anomalies);
  for (const auto& phase : record.phases())
    if (!phase.resolved()) of_no_sensor.add(Anomaly::phase_unresolved);
  write("", of_no_sensor);
}

void RunAccounting::write(pb::Record& record) const {
  const NodeEnergy run = compose_run();
  record.set_duration_ns((end_ - begin_).count());
  write_node_energy(run, end_ - begin_, record);
  write_phases(
      rows_of(phases_), begin_, run.total.value, [&](const PhaseSum& sum) { return compose_phase(sum.given, run); },
      *record.mutable_phases());
  write_work(phases_.work(), *record.mutable_work());
  write_statements(phases_, record);
  write_anomalies(record, run);
  record.mutable_timeline()->set_step_ns(timeline_.step().count());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const SensorInfo& info = meters_[i].info();
    write_sensor(info, *record.add_sensors());
    const bool shown = std::any_of(run.components.begin(), run.components.end(),
                                   [&](const Component& component) { return component.sensor == info.id; });
    if (!shown || !meters_[i].responsive()) continue;
    auto* series = record.mutable_timeline()->add_series();
    series->set_domain(std::string(name(info.part.domain)));
    series->set_device(info.part.device);
    series->set_estimated(info.provenance == Provenance::estimated);
    for (const auto& energy : timeline_.energies(i)) series->add_energy_uj(energy ? energy->count() : kNotRead);
  }
}

}  // namespace nw
