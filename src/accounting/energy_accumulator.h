// EnergyAccumulator: what one consumer has been given so far by one policy, meter by meter. Values are only added, and
// every sum telescopes: the accumulators of all consumers of a node add up to the node's energy, to the microjoule.
#pragma once

#include <vector>

#include "energy/cumulative_energy.h"
#include "sensor/sensor.h"

namespace nw {

struct EnergyAccumulator {
  explicit EnergyAccumulator(std::size_t meters = 0) : lines(meters) {}

  struct Line {
    CumulativeEnergy given;  // energy and fills divided; times and samples whole
    Joules whole;            // what the meter measured in total meanwhile
    double division = 0;    // standard uncertainty of the division, J: it adds up linearly over intervals (attribute.h)
    double edges = 0;       // variance of both edges, J^2
    double resolution = 0;  // standard uncertainty of a node's energy by its parts, J: adds up linearly, as the
                            // coefficients are the same in all intervals; 0: the sensor's own readings
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

// Between two values of one consumer; a line that the earlier one lacks began with nothing.
EnergyAccumulator operator-(const EnergyAccumulator& later, const EnergyAccumulator& earlier);

}  // namespace nw
