// Timeline: the energy of every meter over equal time steps, for charts. Holds at most kSteps steps: when they are
// full, neighbours are merged and the step doubles, so that a run of any length costs the same memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "energy/meter.h"

namespace nw {

class Timeline {
 public:
  static constexpr std::size_t kSteps = 600;

  void begin(Nanos at) { begin_ = at; }
  // Call after each sample set: takes the step edges that have passed. A last step that is not full is left out.
  void add(std::span<const Meter> meters, Nanos now);
  // Boundaries that are not settled yet take the present values; what lies after the end is dropped.
  void close(std::span<const Meter> meters, Nanos end);

  // Steps are at least this long from now on: finer ones would show more than was read.
  void widen(Nanos least);

  Nanos step() const { return step_; }
  // Energy of one meter in each step; nothing where less than half of a step was measured.
  std::vector<std::optional<Joules>> energies(std::size_t meter) const;

 private:
  void settle(std::span<const Meter> meters, bool all);
  void join();

  struct Edge {
    Joules energy;
    Nanos covered;
  };
  Nanos begin_{}, step_ = millis(100);
  std::vector<Nanos> times_;
  std::vector<std::vector<Edge>> edges_;  // one a meter; shorter than times_ where its readings come late
};

}  // namespace nw
