// The sums: an interval's energies between its edges, divided among the jobs on the node.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "accounting/energy_accounting.h"

namespace nw {

namespace {
constexpr unsigned kPatience = 30;        // sampling points that an interval waits for its slowest sensor
constexpr Nanos kSteady = millis(900);    // the shortest interval whose mean power is used
constexpr double kStepUncertainty = 0.2;  // standard uncertainty of w (1 - w): a tenth of a half, as for jobs
constexpr double kUnknownStep = 1.16;     // with unknown CPU times: of two steps any share from all to nothing

// Splits `whole` by weight, exactly: each part gets the difference of the rounded cumulative sums.
std::vector<Joules> divide_by(Joules whole, const std::vector<Nanos>& weights) {
  Int128 all = 0, passed = 0;
  for (const Nanos weight : weights) all += weight.count();
  const bool equal = all == 0;
  if (equal) all = static_cast<Int128>(weights.size());
  std::vector<Joules> parts;
  Joules given;
  for (const Nanos weight : weights) {
    passed += equal ? 1 : weight.count();
    const Joules until = Joules::of(mul_div(passed, whole.count(), all));
    parts.push_back(until - given);
    given = until;
  }
  return parts;
}
}  // namespace

// One interval's energies. `parts` are what is divided, each with its meter, or kRemainder.
struct EnergyAccounting::ClosedInterval {
  static constexpr std::size_t kRemainder = SIZE_MAX;
  Nanos begin, end, time;
  std::span<const Meter::Edge> edges;  // of the meters, at its end
  std::vector<CumulativeEnergy> cumulatives;
  std::vector<double> begin_variance, end_variance;
  std::vector<PartEnergy> parts;
  std::vector<std::size_t> meter_of;
  Joules total, remainder;
  bool modelled = false;  // nothing of the total is measured
  double resolution = 0;  // standard uncertainty of the total sensor's energy by its parts, J; 0: its own readings
};

namespace {
// What a slow gauge may have missed at an edge: it is behind by up to its lag.
double lag_variance(const Meter& meter, Nanos time) {
  if (!meter.info().is_slow_gauge()) return 0;
  const Nanos lag = meter.info().longest_lag();
  const auto power = [&](Nanos at) { return to_joules(meter.at(at).energy - meter.at(at - seconds(1)).energy); };
  const double missed = (power(time) - power(time - lag)) * to_seconds(lag);
  return missed * missed / 3;
}
}  // namespace

bool EnergyAccounting::is_by_parts(std::size_t meter, const TotalSensors& total_sensors) const {
  return total_sensors.total_sensor == meter && resolved_total_.sensor() == meter &&
         resolved_total_.parts() == total_sensors.inside && resolved_total_.has_learned();
}

// The node's own sensor, where it is slow: by its parts. Its remainder is what they leave, exactly.
void EnergyAccounting::resolve(ClosedInterval& closed) const {
  const auto sensor = total_sensors_.total_sensor;
  if (!sensor || !is_by_parts(*sensor, total_sensors_)) return;
  CumulativeEnergy whole;
  whole.covered = closed.time;
  double begin_variance = 0, end_variance = 0;
  const auto energy_of = [&](std::size_t part) -> std::optional<Joules> {
    whole.covered = std::min(whole.covered, closed.cumulatives[part].covered);
    begin_variance += closed.begin_variance[part];
    end_variance += closed.end_variance[part];
    return is_known(closed.cumulatives[part]) ? std::optional(closed.cumulatives[part].energy) : std::nullopt;
  };
  const auto resolved = resolved_total_.resolve(meters_, energy_of, closed.time);
  if (!resolved || !is_useful(*resolved)) return;
  Joules parts;
  for (const std::size_t part : total_sensors_.inside) parts += closed.cumulatives[part].energy;
  whole.energy = std::max(resolved->energy, parts);
  for (const std::size_t part : total_sensors_.inside) whole.filled += closed.cumulatives[part].filled;
  closed.cumulatives[*sensor] = whole;
  closed.begin_variance[*sensor] = begin_variance;
  closed.end_variance[*sensor] = end_variance;
  closed.resolution = resolved->uncertainty;
}

bool EnergyAccounting::find_edges(const Pending& interval, bool force, std::vector<Meter::Edge>& edges) const {
  edges.resize(meters_.size());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Meter& meter = meters_[i];
    if (meter.begins_after(interval.end)) {
      edges[i] = {};
      continue;
    }
    const bool answers =
        i < sample_set_.size() && (sample_set_[i].status == Status::ok || sample_set_[i].status == Status::stale);
    const bool patient = !force && !is_by_parts(i, interval.total_sensors) && answers && meter.responsive() &&
                         interval.waited < kPatience;
    if (patient && meter.settled_until() < interval.end) return false;
    std::optional<Meter::Edge> edge;
    if (interval.begins && meter.settled_until() > interval.end)
      edge = meter.begin_edge(interval.end);
    else if (interval.ends)
      edge = meter.end_edge(interval.end);
    else
      edge = Meter::Edge{meter.at(interval.end), meter.edge_variance(interval.end)};
    if (!edge && patient) return false;
    edges[i] = edge ? *edge : Meter::Edge{meter.at(interval.end), meter.edge_variance(interval.end)};
  }
  return true;
}

void EnergyAccounting::close_interval(bool force) {
  std::vector<Meter::Edge> edges;
  while (!pending_.empty() && (force || !is_undecided(pending_.front())) &&
         find_edges(pending_.front(), force, edges)) {
    decide(pending_.front());
    close_interval(pending_.front(), edges);
    pending_.pop_front();
  }
  finish();
}

EnergyAccounting::ClosedInterval EnergyAccounting::make_closed(const Pending& interval,
                                                               const std::vector<Meter::Edge>& edges) const {
  ClosedInterval closed{interval.begin, interval.end, interval.end - interval.begin, edges, {}, {}, {}, {}, {}, {}, {},
                        is_modelled()};
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const SensorInfo& info = meters_[i].info();
    CumulativeEnergy cumulative = edges[i].cumulative - edges_[i].cumulative;
    if (meters_[i].responsive()) cumulative.energy -= info.bias * closed.time;
    closed.cumulatives.push_back(cumulative);
    closed.begin_variance.push_back(edges_[i].variance + lag_variance(meters_[i], closed.begin));
    closed.end_variance.push_back(edges[i].variance + lag_variance(meters_[i], closed.end));
    if (info.part.domain == Domain::node) continue;
    PartEnergy part{division_key_of(info.part.domain), 0, cumulative.energy, {}};
    if (part.key == DivisionKey::device) {
      part.device = static_cast<std::size_t>(std::find(device_names_.begin(), device_names_.end(), info.part.device) -
                                             device_names_.begin());
      part.owner_unknown = interval.unknown.at(part.device);
    }
    const auto idle = node_.idle.find(info.id);
    if (idle != node_.idle.end())
      part.idle = idle->second * closed.time;
    else if (idle_power_[i])
      part.idle = *idle_power_[i] * closed.time;
    else if (min_power_[i])
      part.idle_most = *min_power_[i] * closed.time;
    closed.parts.push_back(part);
    closed.meter_of.push_back(i);
  }
  resolve(closed);
  for (const std::size_t part : total_sensors_.beside) closed.total += closed.cumulatives[part].energy;
  if (!total_sensors_.total_sensor) return closed;
  closed.remainder = closed.cumulatives[*total_sensors_.total_sensor].energy;
  closed.total += closed.remainder;
  for (const std::size_t part : total_sensors_.inside) closed.remainder -= closed.cumulatives[part].energy;
  closed.parts.push_back({DivisionKey::node, 0, closed.remainder, {}});
  closed.meter_of.push_back(ClosedInterval::kRemainder);
  return closed;
}

// Adds one consumer's share to its accumulator. The total sensor gets the sum of its parts and remainder; a second
// sensor of the node the same share as the first.
void EnergyAccounting::accumulate(EnergyAccumulator& accumulator, const ClosedInterval& closed,
                                  const Share& share) const {
  Joules total_sensor, total;
  std::array<double, 4> by_key{};
  for (std::size_t k = 0; k < closed.parts.size(); ++k) {
    const std::size_t meter = closed.meter_of[k];
    const double uncertainty = std::sqrt(share.variance[k]);
    if (meter != ClosedInterval::kRemainder)
      give(accumulator.lines[meter], closed.cumulatives[meter], share.energy[k], uncertainty);
    if (meter == ClosedInterval::kRemainder || holds(total_sensors_.inside, meter)) {
      total_sensor += share.energy[k];
      by_key[static_cast<std::size_t>(closed.parts[k].key)] += uncertainty;
    } else if (holds(total_sensors_.beside, meter)) {
      total += share.energy[k];
    }
  }
  const double uncertainty = std::sqrt(std::inner_product(by_key.begin(), by_key.end(), by_key.begin(), 0.0));
  if (total_sensors_.total_sensor) {
    give(accumulator.lines[*total_sensors_.total_sensor], closed.cumulatives[*total_sensors_.total_sensor],
         total_sensor, uncertainty);
    const double whole = to_joules(closed.cumulatives[*total_sensors_.total_sensor].energy);
    if (whole > 0)
      accumulator.lines[*total_sensors_.total_sensor].resolution += closed.resolution * to_joules(total_sensor) / whole;
    total += total_sensor;
  }
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (meters_[i].info().part.domain != Domain::node || i == total_sensors_.total_sensor) continue;
    const Joules all = closed.cumulatives[i].energy;
    const Joules given = total == closed.total ? all
                         : closed.total == Joules{}
                             ? Joules{}
                             : Joules::of(mul_div(all.count(), total.count(), Int128{closed.total.count()}));
    give(accumulator.lines[i], closed.cumulatives[i], given, uncertainty);
  }
  accumulator.total += total;
  if (closed.modelled) accumulator.modelled += total;
  accumulator.duration += closed.time;
}

// The node's own sensor appeared while jobs ran: what they were given before was their parts', and is filled in, so
// that their accumulators add up to the node's sensor and what is beside it.
void EnergyAccounting::complete_total_sensor(EnergyAccumulator& accumulator) const {
  accumulator.lines.resize(meters_.size());
  const std::size_t total_sensor = *total_sensors_.total_sensor;
  Joules given = accumulator.total - accumulator.lines[total_sensor].given.energy,
         whole = Joules{} - accumulator.lines[total_sensor].whole;
  for (const std::size_t part : total_sensors_.beside) given -= accumulator.lines[part].given.energy;
  for (const std::size_t part : total_sensors_.inside) whole += accumulator.lines[part].whole;
  if (given <= Joules{}) return;
  accumulator.lines[total_sensor].given.energy += given;
  accumulator.lines[total_sensor].given.filled += given;
  accumulator.lines[total_sensor].whole += std::max(whole, given);
}

// What a job was given so far changes afterwards, at every time alike.
void EnergyAccounting::complete_total_sensor(JobTotals& totals) const {
  for (EnergyAccumulator& accumulator : totals.by_policy) complete_total_sensor(accumulator);
  for (auto& [id, step] : totals.steps) complete_total_sensor(step.accumulator);
  complete_total_sensor(totals.loose);
  for (auto& [id, phases] : totals.phases) complete_total_sensor(phases);
}

void EnergyAccounting::complete_total_sensor(Phases& phases) const {
  phases.change([this](EnergyAccumulator& accumulator) { complete_total_sensor(accumulator); });
}

// A meter that is new in the total counts from the time when the total changes, wherever its first reading was.
void EnergyAccounting::change_total_sensors(const Pending& first) {
  const TotalSensors before = std::exchange(total_sensors_, first.total_sensors);
  for (std::size_t i = 0; i < meters_.size() && before != TotalSensors{}; ++i)
    if (total_sensors_.is_counted(i) && !before.is_counted(i))
      edges_[i] = {meters_[i].at(first.begin), meters_[i].edge_variance(first.begin)};
  if (!total_sensors_.total_sensor) return;
  for (auto& [serial, job] : jobs_)
    for (JobTotals* totals : {&job.own, &job.published}) complete_total_sensor(*totals);
  for (auto& [id, run] : runs_) complete_total_sensor(run.phases);
}

void EnergyAccounting::close_interval(const Pending& interval, const std::vector<Meter::Edge>& edges) {
  if (!(interval.total_sensors == total_sensors_)) change_total_sensors(interval);
  const ClosedInterval closed = make_closed(interval, edges);
  note_idle_power(interval, closed);
  std::vector<ResourceUse> resource_uses;
  for (const Entry& entry : interval.entries) resource_uses.push_back(entry.resource_use);
  std::vector<std::vector<Share>> shares(interval.entries.size());  // of each job, one a policy
  for (std::size_t p = 0; p < std::size(kPolicies); ++p) {
    Attribution division = divide(kPolicies[p], closed.parts, resource_uses, interval.system_use);
    for (std::size_t j = 0; j < shares.size(); ++j) shares[j].push_back(std::move(division.jobs[j]));
    accumulate(idle_[p], closed, division.idle);
    accumulate(system_[p], closed, division.system);
    accumulate(unattributed_[p], closed, division.unattributed);
  }
  for (std::size_t j = 0; j < shares.size(); ++j) accumulate_job(interval, closed, interval.entries[j], shares[j]);
  node_energy_ += closed.total;
  by_boundary_[static_cast<std::size_t>(boundary()) + (closed.modelled ? kBoundaries : 0)] += closed.total;
  remainder_ += closed.remainder;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    parts_[i] += closed.cumulatives[i].energy;
    if (closed.time >= kSteady) power_[i] = closed.cumulatives[i].energy / closed.time;
  }
  edges_ = edges;
  settled_at_ = interval.end;
  settled_samples_ = interval.samples;
}

void EnergyAccounting::accumulate_job(const Pending& interval, const ClosedInterval& closed, const Entry& entry,
                                      const std::vector<Share>& shares) {
  JobState& job = jobs_.at(entry.job);
  const bool first = job.own.by_policy.front().duration == Nanos{};
  for (std::size_t p = 0; p < shares.size(); ++p) {
    EnergyAccumulator part(meters_.size());
    accumulate(part, closed, shares[p]);
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const double whole = to_joules(part.lines[i].whole);
      const double share = whole == 0 ? 0 : to_joules(part.lines[i].given.energy) / whole;
      if (first) part.lines[i].edges += share * share * closed.begin_variance[i];
      if (interval.end == job.end) part.lines[i].edges += share * share * closed.end_variance[i];
    }
    job.own.by_policy[p].add(part);
    if (p == 0) add_to_timeline(job, part);
  }
  job.own.until = interval.end;
  accumulate_steps(job, entry, closed, shares.front());
}

// The part of a job's share that is shown over time, by the first policy.
void EnergyAccounting::add_to_timeline(JobState& job, const EnergyAccumulator& part) const {
  const Nanos finest = finest_step(!job.shared);
  for (std::size_t i = 0; i < meters_.size(); ++i)
    job.own.peaks[i].add(part.lines[i].given.energy, part.duration, finest);
  job.own.timeline.add(energies_by_domain(part), part.duration, finest);
}

JobTimeline::Energies EnergyAccounting::energies_by_domain(const EnergyAccumulator& part) const {
  JobTimeline::Energies energies;
  for (std::size_t i = 0; i < meters_.size() && i < part.lines.size(); ++i) {
    const Domain domain = meters_[i].info().part.domain;
    if (total_sensors_.is_counted(i) && !belongs_to_other_job(part.lines[i], domain))
      energies[domain] += part.lines[i].given.energy;
  }
  return energies;
}

// Divides a job's share among its steps by the CPU time that each used: what does not depend on use is divided equally,
// and so is everything where the time of one step is not known.
void EnergyAccounting::accumulate_steps(JobState& job, const Entry& entry, const ClosedInterval& closed,
                                        const Share& share) {
  if (entry.steps.empty()) return accumulate(job.own.loose, closed, share);
  std::vector<Nanos> weights;
  Nanos all{};
  const bool known =
      std::all_of(entry.steps.begin(), entry.steps.end(), [](const auto& step) { return step.second.has_value(); });
  for (const auto& [id, used] : entry.steps) {
    weights.push_back(known ? *used : Nanos{});
    all += weights.back();
  }
  std::vector<Share> parts(entry.steps.size(), Share{std::vector<Joules>(share.energy.size()), share.variance});
  for (std::size_t k = 0; k < share.energy.size(); ++k) {
    const auto divided = divide_by(share.energy[k], weights);
    for (std::size_t s = 0; s < divided.size(); ++s) {
      parts[s].energy[k] = divided[s];
      const double w =
          all > Nanos{} ? to_seconds(weights[s]) / to_seconds(all) : 1.0 / static_cast<double>(weights.size());
      const double own = (known ? kStepUncertainty : kUnknownStep) * w * (1 - w) * to_joules(share.energy[k]);
      parts[s].variance[k] = share.variance[k] * w * w + own * own;
    }
  }
  for (std::size_t s = 0; s < parts.size(); ++s) {
    const std::string& id = entry.steps[s].first;
    EnergyAccumulator& its = job.own.steps.at(id).accumulator;
    const bool reports = job.own.phases.contains(id), runs = has_run({entry.job, id});
    const EnergyAccumulator before = reports || runs ? its : EnergyAccumulator();
    accumulate(its, closed, parts[s]);
    if (!reports && !runs) continue;
    const EnergyAccumulator part = its - before;
    const ShareCurve curve(
        {closed.begin, closed.end, meters_, edges_, closed.edges, total_sensors_, closed.resolution > 0}, before, part);
    if (reports) settle_phases(job, id, curve);
    if (runs) settle_runs(job, {entry.job, id}, curve);
  }
}

// What the parts draw without jobs is their idle power, unless a calibration gives it; it is at most the minimum ever
// seen.
void EnergyAccounting::note_idle_power(const Pending& interval, const ClosedInterval& closed) {
  if (closed.time < kSteady) return;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Watts power = closed.cumulatives[i].energy / closed.time;
    if (!meters_[i].responsive() || power <= Watts{}) continue;
    min_power_[i] = std::min(min_power_[i].value_or(power), power);
    if (interval.entries.empty()) idle_power_[i] = std::min(idle_power_[i].value_or(power), power);
  }
}

void EnergyAccounting::finish() {
  for (auto at = jobs_.begin(); at != jobs_.end();) {
    JobState& job = at->second;
    const bool awaited = std::any_of(pending_.begin(), pending_.end(), [&](const Pending& pending) {
      return std::any_of(pending.entries.begin(), pending.entries.end(),
                         [&](const Entry& e) { return e.job == at->first; });
    });
    if (!job.end || awaited) {
      ++at;
      continue;
    }
    if (!job.has_client) ended_.push_back(make_record(job, job.own));
    ended_energy_ += job.own.by_policy.front().total;
    ++ended_jobs_;
    at = jobs_.erase(at);
  }
}

Joules EnergyAccounting::not_conserved() const {
  Joules left =
      node_energy_ - ended_energy_ - idle_.front().total - system_.front().total - unattributed_.front().total;
  for (const auto& [serial, job] : jobs_) left -= job.own.by_policy.front().total;
  return left;
}

EnergyAccounting EnergyAccounting::snapshot() const {
  EnergyAccounting copy = *this;
  if (!copy.pending_.empty()) copy.close_interval(true);
  return copy;
}

bool EnergyAccounting::take_changed() { return std::exchange(changed_, false); }

void EnergyAccounting::tick() {
  for (auto& [serial, job] : jobs_)
    if (job.own.until - job.published.until + kEarly >= finest_step(!job.shared)) {
      read_phases(serial, job);
      job.published = job.own;
    }
}

}  // namespace nw
