#include "accounting/checkpoint_accumulator.h"

#include <algorithm>
#include <cmath>

namespace nw {

void write_accumulator(const EnergyAccumulator& accumulator, pb::EnergyAccumulator& out) {
  out.set_total_uj(accumulator.total.count());
  if (accumulator.modelled != Joules{}) out.set_modelled_uj(accumulator.modelled.count());
  out.set_duration_ns(accumulator.duration.count());
  for (const EnergyAccumulator::Line& line : accumulator.lines) {
    out.add_energy_uj(line.given.energy.count());
    out.add_whole_uj(line.whole.count());
    out.add_filled_uj(line.given.filled.count());
    out.add_covered_ns(line.given.covered.count());
    out.add_division(line.division);
    out.add_edges(line.edges);
  }
  if (std::any_of(accumulator.lines.begin(), accumulator.lines.end(),
                  [](const auto& line) { return line.resolution > 0; }))
    for (const EnergyAccumulator::Line& line : accumulator.lines) out.add_resolution(line.resolution);
  const auto sampled = [](const EnergyAccumulator::Line& line) { return line.given.count > 0; };
  if (std::none_of(accumulator.lines.begin(), accumulator.lines.end(), sampled))
    return;  // counters only: no samples of power
  for (const EnergyAccumulator::Line& line : accumulator.lines)
    for (const double figure :
         {line.given.steps, line.given.count, line.given.sum, line.given.squares, line.given.products})
      out.add_sampling(figure);
}

namespace {
template <class List>
auto value_at(const List& list, std::size_t at) {
  const int index = static_cast<int>(at);
  return index < list.size() ? list[index] : 0;
}

double finite_at(const google::protobuf::RepeatedField<double>& list, std::size_t at) {
  const double figure = value_at(list, at);
  return std::isfinite(figure) ? figure : 0;
}

EnergyAccumulator::Line read_line(const pb::EnergyAccumulator& in, std::size_t at) {
  EnergyAccumulator::Line line;
  line.given.energy = Joules::of(value_at(in.energy_uj(), at));
  line.whole = Joules::of(value_at(in.whole_uj(), at));
  line.given.filled = Joules::of(value_at(in.filled_uj(), at));
  line.given.covered = Nanos::of(value_at(in.covered_ns(), at));
  line.division = finite_at(in.division(), at);
  line.edges = finite_at(in.edges(), at);
  line.resolution = finite_at(in.resolution(), at);
  double* const sampling[] = {&line.given.steps, &line.given.count, &line.given.sum, &line.given.squares,
                              &line.given.products};
  for (std::size_t k = 0; k < 5; ++k) *sampling[k] = finite_at(in.sampling(), 5 * at + k);
  return line;
}
}  // namespace

SavedOrder::SavedOrder(const pb::Checkpoint& checkpoint, const std::vector<Meter>& meters)
    : until_(Nanos::of(std::max<std::int64_t>(checkpoint.at_ns(), 0))) {
  for (const Meter& meter : meters) {
    const auto found = std::find(checkpoint.sensors().begin(), checkpoint.sensors().end(), meter.info().id);
    from_.emplace_back();
    if (found != checkpoint.sensors().end())
      from_.back() = static_cast<std::size_t>(found - checkpoint.sensors().begin());
  }
}

std::optional<std::size_t> SavedOrder::from(std::size_t meter) const {
  return meter < from_.size() ? from_[meter] : std::nullopt;
}

EnergyAccumulator SavedOrder::read(const pb::EnergyAccumulator& in) const {
  EnergyAccumulator accumulator(from_.size());
  accumulator.total = Joules::of(in.total_uj());
  accumulator.modelled = Joules::of(in.modelled_uj());
  accumulator.duration = Nanos::of(in.duration_ns());
  for (std::size_t i = 0; i < from_.size(); ++i)
    if (from_[i]) accumulator.lines[i] = read_line(in, *from_[i]);
  return accumulator;
}

}  // namespace nw
