#include "accounting/run_accounting.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "accounting/phase_record.h"
#include "record/record.h"
#include "record/record.pb.h"

namespace nw {

namespace {
// Whether a gauge's readings say nothing of a time of this length: they are about what was before.
bool is_too_short(Nanos duration, const SensorInfo& info) {
  return info.kind == SensorKind::gauge && duration < info.longest_lag() + info.longest_lag();
}

constexpr double kUnresolvedAlias = 0.25;
constexpr double kApart = 0.1;  // relative; a counter and the power gauge of the same part
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
  resolved_total_.add(meters_, sample_set);
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
  weigh_total();
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
      if (gauge.is_slow() && is_too_short(end_ - begin_, gauge)) continue;
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

// A slow gauge is behind by up to its lag: at each edge it may have missed a step as high as any that it has shown.
SensorEnergy RunAccounting::make_sensor_energy(std::size_t i, Interval interval) const {
  const Meter& meter = meters_[i];
  const SensorInfo& info = meter.info();
  const Seen seen{meter.min_power().value_or(Watts{}), meter.max_power().value_or(Watts{}), checked_[i]};
  if (info.is_slow_gauge()) {
    const double most =
        as_joules(to_watts(seen.highest - seen.lowest), std::min(info.longest_lag(), interval.duration));
    interval.edges = std::max(interval.edges, 2 * most * most / 3);
  }
  SensorEnergy sensor_energy{&info, make_energy(info, interval, seen), meter.max_power(), {}};
  if (!meter.responsive() || !is_known(interval.cumulative)) {
    sensor_energy.energy.value.reset();
    sensor_energy.energy.coverage = 0;
  }
  return sensor_energy;
}

// By the node's parts; with what these are uncertain by themselves, and no more covered than they are.
std::optional<RunAccounting::Resolved> RunAccounting::resolve(const std::vector<SensorEnergy>& sensor_energies,
                                                              Nanos duration) const {
  double coverage = 1, variance = 0;
  const auto energy_of = [&](std::size_t part) {
    const SensorEnergy& one = sensor_energies[part];
    coverage = std::min(coverage, one.energy.coverage);
    variance += own_variance(one.energy, one.info->source);
    return one.energy.value;
  };
  auto answer = resolved_total_.resolve(meters_, energy_of, duration, correction_.power);
  if (!answer) return {};
  answer->uncertainty = std::hypot(answer->uncertainty, std::sqrt(variance));
  return Resolved{*answer, coverage};
}

// Sensors of the whole node that are slow. The one that can be resolved by its parts is, as far as they say enough; any
// other gauge says nothing of a time that is short beside its lag.
void RunAccounting::resolve_total(std::vector<SensorEnergy>& sensor_energies, Nanos duration) const {
  for (std::size_t i = 0; i < sensor_energies.size(); ++i) {
    SensorEnergy& whole = sensor_energies[i];
    const SensorInfo& info = *whole.info;
    if (info.part.domain != Domain::node || !info.is_slow()) continue;
    const bool is_ours = i == resolved_total_.sensor();
    const auto resolved = is_ours ? resolve(sensor_energies, duration) : std::nullopt;
    const bool needs_part = is_ours && by_parts_.value_or(false);
    if (resolved && by_parts_.value_or(is_useful(resolved->answer))) {
      whole.energy = make_resolved(info, resolved->answer, correction_, duration, resolved->coverage);
      if (whole.energy.kind != info.provenance) whole.method = kResolvedMethod;
    } else if (needs_part || is_too_short(duration, info)) {
      whole.energy.value.reset();
      whole.energy.coverage = 0;
    } else if (is_ours && resolved_total_.contradicts()) {
      whole.energy.uncertainty.add(
          {info.source + " moves otherwise", resolved_total_.error() * to_seconds(duration), false, false});
    }
  }
}

// Whether the run, and so each of its phases, has the node's energy by its parts. Over a run that is long beside the
// sensor's lag its own integral is worth more than what they say.
void RunAccounting::weigh_total() {
  by_parts_ = false;
  const auto sensor = resolved_total_.sensor();
  if (!sensor || end_ <= begin_) return;
  const SensorInfo& info = meters_[*sensor].info();
  std::vector<SensorEnergy> energies;
  for (std::size_t i = 0; i < meters_.size(); ++i) energies.push_back(make_sensor_energy(i, run_interval(i)));
  const auto resolved = resolve(energies, end_ - begin_);
  by_parts_ = resolved && is_useful(resolved->answer);
  if (!*by_parts_ || is_too_short(end_ - begin_, info)) return;
  correction_ = weigh(energies[*sensor].energy, resolved->answer, end_ - begin_, info.source);
  if (correction_.disputed > 0) found_.emplace_back(Anomaly::sensors_disagree, *sensor);
}

NodeEnergy RunAccounting::compose_run(const Steps& resolved) const {
  std::vector<SensorEnergy> sensor_energies;
  for (std::size_t i = 0; i < meters_.size(); ++i) sensor_energies.push_back(make_sensor_energy(i, run_interval(i)));
  resolve_total(sensor_energies, end_ - begin_);
  // A slow sensor's highest reading is no maximum of what it missed; that of the steps that are shown is.
  for (SensorEnergy& one : sensor_energies) {
    if (one.method.empty()) continue;
    one.max_power.reset();
    for (const auto& energy : resolved)
      if (energy) one.max_power = std::max(one.max_power.value_or(Watts{}), *energy / timeline_.step());
  }
  return compose(sensor_energies, Wholes::judged);
}

NodeEnergy RunAccounting::compose_phase(const EnergyAccumulator& given, const NodeEnergy& run) const {
  std::vector<SensorEnergy> sensor_energies;
  for (std::size_t i = 0; i < meters_.size() && i < given.lines.size(); ++i) {
    const EnergyAccumulator::Line& line = given.lines[i];
    sensor_energies.push_back(make_sensor_energy(i, {line.given, given.duration, line.edges}));
  }
  resolve_total(sensor_energies, given.duration);
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
  if (resolved_total_.contradicts())
    write(meters_[*resolved_total_.sensor()].info().id, counts_of(Anomaly::moves_otherwise));
  for (const Meter& meter : meters_)
    if (meter.responsive() && meter.info().part.domain == Domain::node && meter.info().is_slow_gauge() &&
        std::none_of(run.components.begin(), run.components.end(),
                     [&](const Component& one) { return one.sensor == meter.info().id && one.energy.value; }))
      write(meter.info().id, counts_of(Anomaly::not_resolved));
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
  const Steps resolved = resolved_steps();
  const NodeEnergy run = compose_run(resolved);
  record.set_duration_ns((end_ - begin_).count());
  write_node_energy(run, end_ - begin_, record);
  write_phases(
      rows_of(phases_), begin_, run.total.value, [&](const PhaseSum& sum) { return compose_phase(sum.given, run); },
      *record.mutable_phases());
  write_work(phases_.work(), *record.mutable_work());
  write_statements(phases_, record);
  write_anomalies(record, run);
  for (const Meter& meter : meters_) write_sensor(meter.info(), *record.add_sensors());
  write_timeline(record, run, resolved);
}

void RunAccounting::write_timeline(pb::Record& record, const NodeEnergy& run, const Steps& resolved) const {
  pb::Timeline& timeline = *record.mutable_timeline();
  timeline.set_step_ns(timeline_.step().count());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const SensorInfo& info = meters_[i].info();
    const auto shown = std::find_if(run.components.begin(), run.components.end(),
                                    [&](const Component& component) { return component.sensor == info.id; });
    if (shown == run.components.end() || !meters_[i].responsive()) continue;
    const bool is_resolved = i == resolved_total_.sensor() && by_parts_.value_or(false) && shown->energy.value;
    for (const bool as_read : {false, true}) {
      if (as_read && !is_resolved) continue;
      auto& series = *timeline.add_series();
      series.set_domain(std::string(name(info.part.domain)));
      series.set_device(info.part.device);
      series.set_estimated(info.provenance == Provenance::estimated);
      series.set_as_read(as_read);
      for (const auto& energy : is_resolved && !as_read ? resolved : timeline_.energies(i))
        series.add_energy_uj(energy ? energy->count() : kNotRead);
    }
  }
}

// The node's energy in each step, as its parts have it.
RunAccounting::Steps RunAccounting::resolved_steps() const {
  std::map<std::size_t, Steps> parts;
  std::size_t steps = 0;
  for (const std::size_t part : resolved_total_.parts())
    steps = std::max(steps, (parts[part] = timeline_.energies(part)).size());
  Steps energies(steps);
  for (std::size_t k = 0; k < steps; ++k) {
    const auto energy_of = [&](std::size_t part) { return k < parts[part].size() ? parts[part][k] : std::nullopt; };
    if (const auto resolved = resolved_total_.resolve(meters_, energy_of, timeline_.step(), correction_.power))
      energies[k] = resolved->energy;
  }
  return energies;
}

}  // namespace nw
