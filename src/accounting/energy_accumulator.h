// EnergyAccumulator: what one consumer has been given so far by one policy, meter by meter. Values are only added, and
// every sum telescopes: the accumulators of all consumers of a node add up to the node's energy, to the microjoule.
#pragma once

#include <optional>
#include <vector>

#include "energy/cumulative_energy.h"
#include "record/checkpoint.pb.h"
#include "sensor/sensor.h"

namespace nw {

struct EnergyAccumulator {
  explicit EnergyAccumulator(std::size_t meters = 0) : lines(meters) {}

  struct Line {
    CumulativeEnergy given;  // energy and fills divided; times and samples whole
    Joules whole;            // what the meter measured in total meanwhile
    double division = 0;  // standard uncertainty of the division, J: it adds up linearly over intervals (attribute.h)
    double edges = 0;     // variance of both edges, J^2
  };
  std::vector<Line> lines;  // one a meter
  Joules total;             // of the node's total
  Joules modelled;          // of `total`, from times in which models alone gave it
  Nanos duration;

  void add(const EnergyAccumulator& other);
};

// Not being given anything is different from unknown: an accelerator of another job is no part of this job's figures.
inline bool belongs_to_other_job(const EnergyAccumulator::Line& line, Domain domain) {
  return domain == Domain::gpu && line.given.energy == Joules{} && line.whole != Joules{};
}

// One meter's energy over an interval, and the part of it that is given.
void give(EnergyAccumulator::Line& line, const CumulativeEnergy& interval, Joules given,
          double division);  // `division`: standard uncertainty, J

// A power that may be unknown, as a checkpoint stores it: -1 means unknown.
inline std::int64_t write_power(std::optional<Watts> power) { return power ? power->count() : -1; }
inline std::optional<Watts> read_power(const google::protobuf::RepeatedField<std::int64_t>& powers, std::size_t at) {
  const int index = static_cast<int>(at);
  if (index >= powers.size() || powers[index] < 0) return std::nullopt;
  return Watts::of(powers[index]);
}

void write_accumulator(const EnergyAccumulator& accumulator, pb::EnergyAccumulator& out);
// As many lines as there are meters, whatever was written.
EnergyAccumulator read_accumulator(const pb::EnergyAccumulator& in, std::size_t meters);

}  // namespace nw
