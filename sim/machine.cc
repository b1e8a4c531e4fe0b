#include "sim/machine.h"

#include <algorithm>
#include <cmath>

#include "sim/machine_parts.h"
#include "sim/slow_parts.h"

namespace nw::sim {

namespace {
bool moves(const Piece& piece, const Component& component) {
  if (piece.on == component.name) return true;
  return (piece.on == "cpu" && component.load == Load::cpu) || (piece.on == "gpu" && component.load == Load::gpu) ||
         (piece.on == "dram" && component.load == Load::dram);
}

Track make_track(const Scenario& scenario, const Component& component, std::uint64_t index) {
  const auto& pieces = scenario.pieces;
  const bool noisy = std::any_of(pieces.begin(), pieces.end(),
                                 [&](const Piece& piece) { return piece.noise > 0 && moves(piece, component); });
  Track track(component,
              noisy ? SlowNoise(scenario.seed, kSlowNoise + index, scenario.noise_step, scenario.end) : SlowNoise());
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (moves(pieces[i], component)) track.lay(pieces[i], scenario.seed, i);
  track.finish();
  return track;
}

std::vector<Track> make_tracks(const Scenario& s) {
  std::vector<Track> tracks;
  std::vector<const Track*> of_load;
  for (std::size_t i = 0; i < s.components.size(); ++i) tracks.push_back(make_track(s, s.components[i], i));
  for (std::size_t i = 0; i < s.components.size(); ++i)
    if (!is_slow(s.components[i])) of_load.push_back(&tracks[i]);
  for (std::size_t i = 0; i < s.components.size(); ++i)
    if (is_slow(s.components[i])) tracks[i] = make_slow_track(s, i, of_load);
  return tracks;
}

// The utilization of a component from the pieces on it, times `full`, in the form of watts.
Track make_level(const Scenario& quiet, Component component, double full) {
  component.idle_w = component.awake_w = 0;
  component.max_w = full;
  return make_track(quiet, component, 0);
}

// Busy CPUs. Work on a single package by name is not included.
Track make_busy(const Scenario& quiet) {
  Component cpus;
  cpus.load = Load::cpu;
  return make_level(quiet, cpus, quiet.facts.cpus);
}

template <class Items>
std::size_t index_of(const Items& items, std::string_view name) {
  const auto at = std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.name == name; });
  return static_cast<std::size_t>(std::distance(items.begin(), at));
}

Eye make_eye(const Machine::Parts& parts, std::size_t index) {
  const Scenario& scenario = parts.scenario;
  Eye eye;
  eye.shows = index;
  if (const auto& mirror = scenario.instruments[index].mirror; !mirror.empty())
    eye.shows = index_of(scenario.instruments, mirror);
  const Instrument& instrument = scenario.instruments[eye.shows];
  for (const auto& part : instrument.of) {
    if (part == "dc" || part == "plug")
      eye.at = part == "dc" ? Eye::At::dc : Eye::At::wall;
    else
      eye.tracks.push_back(index_of(scenario.components, part));
  }
  for (const Fault& fault : scenario.faults)
    if (fault.sensor.empty() || fault.sensor == scenario.instruments[index].name || fault.sensor == instrument.name)
      eye.faults.push_back(fault);
  if (instrument.gain_full > 0 && instrument.measure == Measure::counter) eye.sensed = std::make_unique<Sensed>();
  eye.start_count = static_cast<std::uint64_t>(std::llround(instrument.start_j / instrument.quantum));
  if (instrument.measure == Measure::counter && instrument.window > Nanos{} && instrument.window < instrument.refresh)
    eye.part_time = part_time_counts(parts, eye, instrument);
  return eye;
}
}  // namespace

double Machine::Parts::energy_at(const Eye& eye, Nanos t) const {
  if (eye.at == Eye::At::wall) return wall->energy(t);
  double sum = 0;
  if (eye.at == Eye::At::dc)
    for (const Track& track : tracks) sum += track.energy(t);
  for (const std::size_t track : eye.tracks) sum += tracks[track].energy(t);
  return sum;
}

double Machine::Parts::sensed_at(const Eye& eye, Nanos t) const {
  const Instrument& instrument = scenario.instruments[eye.shows];
  if (!eye.sensed) return instrument.gain * energy_at(eye, t);
  std::call_once(eye.sensed->once, [&] {
    std::vector<const Track*> own;
    if (eye.at == Eye::At::dc) own = all_of(tracks);
    for (const std::size_t track : eye.tracks) own.push_back(&tracks[track]);
    eye.sensed->energy.emplace([&instrument](double w) { return w * gain_at(instrument, w); }, std::move(own),
                               scenario.supply.smoothing, scenario.noise_step, scenario.end);
  });
  return eye.sensed->energy->energy(t);
}

double gain_at(const Instrument& instrument, double watts) {
  if (instrument.gain_full <= 0) return instrument.gain;
  return instrument.gain + (instrument.gain_full - instrument.gain) * std::clamp(watts / instrument.full_w, 0.0, 1.0);
}

Result<Machine> make_machine(Scenario scenario) {
  NW_CHECK(check_scenario(scenario));
  auto parts = std::make_unique<Machine::Parts>();
  parts->scenario = std::move(scenario);
  const Scenario& s = parts->scenario;
  parts->tracks = make_tracks(s);
  Scenario quiet = s;
  for (Piece& piece : quiet.pieces) piece.noise = 0;
  parts->busy.push_back(make_busy(quiet));
  for (const Component& component : s.components) parts->levels.push_back(make_level(quiet, component, 1));
  parts->wall = std::make_unique<PowerSupply>(s.supply, parts->tracks, s.noise_step, s.end);
  for (std::size_t i = 0; i < s.instruments.size(); ++i) parts->eyes.push_back(make_eye(*parts, i));
  return Machine(std::move(parts));
}

Machine::Machine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

const Scenario& Machine::scenario() const { return parts_->scenario; }

double Machine::energy(std::size_t component, Nanos from, Nanos to) const {
  return parts_->tracks[component].energy(to) - parts_->tracks[component].energy(from);
}

double Machine::power(std::size_t component, Nanos at) const { return parts_->tracks[component].power(at); }

double Machine::dc_energy(Nanos from, Nanos to) const {
  double sum = 0;
  for (const Track& track : parts_->tracks) sum += track.energy(to) - track.energy(from);
  return sum;
}

double Machine::wall_energy(Nanos from, Nanos to) const {
  return parts_->wall->energy(to) - parts_->wall->energy(from);
}

double Machine::seen_energy(std::size_t instrument, Nanos from, Nanos to) const {
  const Eye& eye = parts_->eyes[instrument];
  return parts_->energy_at(eye, to) - parts_->energy_at(eye, from);
}

double Machine::sensed_energy(std::size_t instrument, Nanos from, Nanos to) const {
  const Eye& eye = parts_->eyes[instrument];
  const Instrument& sensor = scenario().instruments[eye.shows];
  const double time = to_seconds(to - from), joules = parts_->energy_at(eye, to) - parts_->energy_at(eye, from);
  const double counted = sensor.measure == Measure::gauge && time > 0
                             ? joules * gain_at(sensor, joules / time)
                             : parts_->sensed_at(eye, to) - parts_->sensed_at(eye, from);
  return counted + sensor.offset_w * time;
}

double Machine::mean_level(std::size_t component, Nanos from, Nanos to) const {
  const Track& level = parts_->levels[component];
  return to > from ? (level.energy(to) - level.energy(from)) / to_seconds(to - from) : level.power(to);
}

std::uint32_t Machine::processes(std::size_t component, Nanos at) const {
  std::uint32_t most = 0;
  for (const Piece& piece : scenario().pieces)
    if (moves(piece, scenario().components[component]) && at >= piece.from && at < piece.to)
      most = std::max(most, piece.processes);
  return most;
}

double Machine::busy_seconds(Nanos from, Nanos to) const {
  return parts_->busy[0].energy(to) - parts_->busy[0].energy(from);
}

bool Machine::sample_sets_at(Nanos at) const {
  return std::none_of(scenario().faults.begin(), scenario().faults.end(), [&](const Fault& fault) {
    const bool away = fault.kind == Fault::Kind::late || fault.kind == Fault::Kind::suspend;
    return away && at >= fault.from && (at < fault.to || fault.to == Nanos{});
  });
}

std::int64_t Machine::wall_ns(Nanos at) const {
  std::int64_t wall = scenario().wall_ns + at.count();
  for (const Fault& fault : scenario().faults)
    if (fault.kind == Fault::Kind::clock_step && fault.from <= at)
      wall += static_cast<std::int64_t>(fault.amount * 1e9);
  return wall;
}

std::size_t Machine::component(std::string_view name) const { return index_of(scenario().components, name); }
std::size_t Machine::instrument(std::string_view name) const { return index_of(scenario().instruments, name); }

}  // namespace nw::sim
