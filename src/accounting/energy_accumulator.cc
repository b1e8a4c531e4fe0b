#include "accounting/energy_accumulator.h"

namespace nw {

void give(EnergyAccumulator::Line& line, const CumulativeEnergy& interval, Joules given, double division) {
  const Joules all = interval.energy;
  const bool whole = given == all;
  const double share = whole ? 1 : all == Joules{} ? 0 : to_joules(given) / to_joules(all);
  CumulativeEnergy part = interval;
  part.energy = given;
  if (!whole)
    part.filled =
        all == Joules{} ? Joules{} : Joules::of(mul_div(interval.filled.count(), given.count(), Int128{all.count()}));
  part.steps *= share * share;
  line.given = line.given + part;
  line.whole += all;
  line.division += division;
}

void EnergyAccumulator::add(const EnergyAccumulator& other) {
  for (std::size_t i = 0; i < lines.size() && i < other.lines.size(); ++i) {
    lines[i].given = lines[i].given + other.lines[i].given;
    lines[i].whole += other.lines[i].whole;
    lines[i].division += other.lines[i].division;
    lines[i].edges += other.lines[i].edges;
    lines[i].resolution += other.lines[i].resolution;
  }
  total += other.total;
  modelled += other.modelled;
  duration += other.duration;
}

EnergyAccumulator operator-(const EnergyAccumulator& later, const EnergyAccumulator& earlier) {
  EnergyAccumulator between = later;
  for (std::size_t i = 0; i < between.lines.size() && i < earlier.lines.size(); ++i) {
    EnergyAccumulator::Line& line = between.lines[i];
    const EnergyAccumulator::Line& before = earlier.lines[i];
    line.given = line.given - before.given;
    line.whole -= before.whole;
    line.division -= before.division;
    line.edges -= before.edges;
    line.resolution -= before.resolution;
  }
  between.total -= earlier.total;
  between.modelled -= earlier.modelled;
  between.duration = later.duration - earlier.duration;
  return between;
}

}  // namespace nw
