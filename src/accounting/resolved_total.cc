#include "accounting/resolved_total.h"

#include <algorithm>
#include <cmath>

namespace nw {

namespace {
constexpr std::int64_t kFaster = 3;       // times, that a part must be faster than the sensor
constexpr Nanos kLeastMean = seconds(1);  // of a counter
constexpr double kMeasured = 0.95;        // weight of the sensor's own integral, from which on the figure is its
constexpr double kUseful = 0.35;          // the largest half-width, relative, of an answer

double square(double x) { return x * x; }

PartsEnergy& add(PartsEnergy& sum, Domain domain, double joules) {
  (domain == Domain::gpu ? sum.accelerators : sum.processors) += joules;
  return sum;
}
}  // namespace

void ResolvedTotal::use(NodeHistory history, Nanos age) { offered_.emplace(std::move(history), age); }

std::optional<NodeHistory> ResolvedTotal::history() const {
  if (!resolution_ || resolution_->response().readings <= 0) return {};
  return NodeHistory{names_.front(), {names_.begin() + 1, names_.end()}, resolution_->response()};
}

bool ResolvedTotal::is_resolvable(std::span<const Meter> meters) const {
  if (!total_sensors_.total_sensor || total_sensors_.inside.empty()) return false;
  const SensorInfo& node = meters[*total_sensors_.total_sensor].info();
  const Nanos lag = node.longest_lag();
  if (!node.is_slow() || node.provenance != Provenance::measured) return false;
  return std::all_of(total_sensors_.inside.begin(), total_sensors_.inside.end(), [&](std::size_t part) {
    const SensorInfo& info = meters[part].info();
    return info.provenance == Provenance::measured && info.longest_lag().count() * kFaster <= lag.count();
  });
}

void ResolvedTotal::begin(std::span<const Meter> meters) {
  resolution_.reset();
  last_look_.reset();
  last_raw_.reset();
  if (!is_resolvable(meters)) return;
  const SensorInfo& node = meters[*total_sensors_.total_sensor].info();
  resolution_.emplace(node);
  names_ = {node.id};
  for (const std::size_t part : total_sensors_.inside) names_.push_back(meters[part].info().id);
  if (offered_ && offered_->first.sensor == node.id &&
      std::equal(names_.begin() + 1, names_.end(), offered_->first.parts.begin(), offered_->first.parts.end()))
    resolution_->resume(offered_->first.response, offered_->second);
}

// What it was before, it is again: a sensor that is read seldom need not have been read twice for that.
void ResolvedTotal::begin_from_history(std::span<const Meter> meters, const SampleSet& sample_set) {
  const auto find = [&](const std::string& id) {
    const auto found = std::find_if(meters.begin(), meters.end(), [&](const Meter& m) { return m.info().id == id; });
    return static_cast<std::size_t>(found - meters.begin());
  };
  TotalSensors known;
  const std::size_t sensor = find(offered_->first.sensor);
  if (sensor >= sample_set.size() || sensor >= meters.size() || sample_set[sensor].status != Status::ok) return;
  known.total_sensor = sensor;
  for (const std::string& part : offered_->first.parts) {
    known.inside.push_back(find(part));
    if (known.inside.back() >= meters.size() || !meters[known.inside.back()].responsive()) return;
  }
  total_sensors_ = std::move(known);
  begin(meters);
}

void ResolvedTotal::add(std::span<const Meter> meters, const SampleSet& sample_set) {
  if (sample_set.empty()) return;
  watch_.look(meters, sample_set.front().before);
  const bool is_missing = !watch_.found().total_sensor;
  if (!resolution_ && is_missing && offered_) begin_from_history(meters, sample_set);
  add(meters, sample_set, resolution_ && is_missing ? TotalSensors(total_sensors_) : watch_.found());
}

void ResolvedTotal::add(std::span<const Meter> meters, const SampleSet& sample_set, const TotalSensors& total_sensors) {
  if (!(total_sensors == total_sensors_)) {
    total_sensors_ = total_sensors;
    begin(meters);
  }
  if (!resolution_ || sample_set.size() < meters.size()) return;
  const Nanos now = sample_set.front().before;
  PartsEnergy cumulative;
  for (const std::size_t part : total_sensors_.inside) {
    const SensorInfo& info = meters[part].info();
    nw::add(cumulative, info.part.domain,
            to_joules(meters[part].at(now).energy) - to_watts(info.bias) * to_seconds(now));
  }
  resolution_->add_parts(now, cumulative);
  add_reading(meters[*total_sensors_.total_sensor], sample_set[*total_sensors_.total_sensor]);
}

void ResolvedTotal::add_reading(const Meter& meter, const Sample& sample) {
  if (sample.status != Status::ok || (last_look_ && sample.at() <= *last_look_)) return;
  const SensorInfo& info = meter.info();
  const Nanos before = last_look_.value_or(sample.at());
  if (info.kind == SensorKind::counter) {
    if (sample.raw == last_raw_ || (last_look_ && sample.at() - before < kLeastMean)) return;
    const Joules energy = meter.at(sample.at()).energy - meter.at(before).energy;
    if (last_look_) resolution_->add_mean(before, sample.at(), energy / (sample.at() - before) - info.bias);
  } else {
    const Watts power = info.power_of(sample.raw);
    if (info.max_power == Watts{} || power <= info.max_power)
      resolution_->add_reading(before, sample.at(), power - info.bias);
  }
  last_look_ = sample.at();
  last_raw_ = sample.raw;
}

std::optional<NodeResolution::Resolved> ResolvedTotal::resolve(std::span<const Meter> meters, const EnergyOf& energy_of,
                                                               Nanos duration, Watts more) const {
  if (!resolution_ || duration <= Nanos{} || resolution_->contradicts()) return {};
  NodeResolution::Parts parts;
  for (const std::size_t part : total_sensors_.inside) {
    const auto energy = energy_of(part);
    if (!energy) return {};
    (meters[part].info().part.domain == Domain::gpu ? parts.accelerators : parts.processors) += *energy;
  }
  return resolution_->resolve(parts, duration, more);
}

bool is_useful(const NodeResolution::Resolved& resolved) {
  return 1.96 * resolved.uncertainty <= kUseful * to_joules(resolved.energy);
}

double own_variance(const Energy& energy, const std::string& source) {
  double variance = 0;
  for (const Term& term : energy.uncertainty.terms())
    if (term.name != source + " gain" && term.name != source + " offset") variance += square(term.joules);
  return variance;
}

// Where the two differ by more than their uncertainties explain, one of them is wrong by something that neither knows:
// both get as much more as explains it (random effects, Mandel and Paule 1970), and the interval reaches over both.
Correction weigh(const Energy& integral, const NodeResolution::Resolved& resolved, Nanos duration,
                 const std::string& source) {
  if (!integral.value) return {};
  const double difference = to_joules(*integral.value - resolved.energy);
  double variance = own_variance(integral, source), own = square(resolved.uncertainty);
  if (variance + own <= 0) return {};
  const bool differ = square(difference) > kDisagree * (variance + own);
  const double apart = differ ? (square(difference) - variance - own) / 2 : 0;
  variance += apart;
  own += apart;
  const double weight = own / (variance + own), time = to_seconds(duration);
  const double whole = std::max(to_joules(*integral.value), to_joules(resolved.energy));
  return {Watts::of(std::llround(weight * difference / time * 1e6)),
          weight,
          std::sqrt(apart) / time,
          std::sqrt(variance) / time,
          duration,
          differ && whole > 0 ? std::min(std::abs(difference) / whole, 1.0) : 0};
}

// Of a part of the run, what the integral corrects is the mean; the parts' answer may still differ from it here and
// there. What is disputed is not known from readings.
Energy make_resolved(const SensorInfo& info, const NodeResolution::Resolved& resolved, const Correction& correction,
                     Nanos duration, double coverage) {
  Energy energy;
  const double time = to_seconds(duration);
  energy.value = resolved.energy;
  const bool is_measured = correction.weight >= kMeasured && duration == correction.duration;
  energy.kind = std::max(is_measured ? Provenance::measured : Provenance::derived, info.provenance);
  energy.boundary = info.boundary;
  energy.coverage = coverage * (1 - correction.disputed);
  add_scale(info, resolved.energy, duration, energy.uncertainty);
  const double beside = 1 - std::min(time / std::max(to_seconds(correction.duration), 1e-9), 1.0);
  const double own = square((1 - correction.weight) * std::hypot(resolved.uncertainty, correction.apart * time)) +
                     square(correction.weight * correction.lag * time) +
                     square(correction.weight * resolved.uncertainty) * beside;
  energy.uncertainty.add({kResolvedByParts, std::sqrt(own), false, false});
  return energy;
}

}  // namespace nw
