// Timeline: the energy of every meter over equal steps of time, for pictures. Holds at most kSteps steps: when they are
// full, neighbours are joined and the step doubles, so that a run of any length costs the same memory.
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
  // Call after each sample set: takes the boundaries that have passed. A last step that is not full is left out.
  void add(std::span<const Meter> meters, Nanos now);
  // What is not known of the passed boundaries is taken as it stands now; what lies behind the end goes.
  void close(std::span<const Meter> meters, Nanos end);

  // Steps are at least this long from now on: finer ones would show what nobody read.
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
