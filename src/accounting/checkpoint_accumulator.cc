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
  const auto sampled = [](const EnergyAccumulator::Line& line) { return line.given.count > 0; };
  if (std::none_of(accumulator.lines.begin(), accumulator.lines.end(), sampled))
    return;  // counters only: no samples of power
  for (const EnergyAccumulator::Line& line : accumulator.lines)
    for (const double figure :
         {line.given.steps, line.given.count, line.given.sum, line.given.squares, line.given.products})
      out.add_sampling(figure);
}

EnergyAccumulator read_accumulator(const pb::EnergyAccumulator& in, std::size_t meters) {
  EnergyAccumulator accumulator(meters);
  accumulator.total = Joules::of(in.total_uj());
  accumulator.modelled = Joules::of(in.modelled_uj());
  accumulator.duration = Nanos::of(in.duration_ns());
  const auto value = [](const auto& list, std::size_t i) {
    const int at = static_cast<int>(i);
    return at < list.size() ? list[at] : 0;
  };
  const auto finite = [&](const auto& list, std::size_t i) {
    const double figure = value(list, i);
    return std::isfinite(figure) ? figure : 0;
  };
  for (std::size_t i = 0; i < meters; ++i) {
    EnergyAccumulator::Line& line = accumulator.lines[i];
    line.given.energy = Joules::of(value(in.energy_uj(), i));
    line.whole = Joules::of(value(in.whole_uj(), i));
    line.given.filled = Joules::of(value(in.filled_uj(), i));
    line.given.covered = Nanos::of(value(in.covered_ns(), i));
    line.division = finite(in.division(), i);
    line.edges = finite(in.edges(), i);
    double* const sampling[] = {&line.given.steps, &line.given.count, &line.given.sum, &line.given.squares,
                                &line.given.products};
    for (std::size_t k = 0; k < 5; ++k) *sampling[k] = finite(in.sampling(), 5 * i + k);
  }
  return accumulator;
}

}  // namespace nw
