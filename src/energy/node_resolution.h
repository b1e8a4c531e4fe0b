// NodeResolution: the energy of a node whose own sensor is slow, at the speed of the parts that are inside it.
//
// A management controller shows a mean over up to a minute, some time later: it cannot say what a run of a few seconds
// took. The parts' counters can, but they see a part of the node. What holds between the two, beyond the time that the
// sensor blurs, is
//   node power = a1 x power of processors and memory + a2 x power of accelerators + b
// where a holds the losses on the way to the parts and fans that follow them, and b all the rest, which drifts slowly.
// Each distinct reading of the node's sensor is one observation of that equation, averaged over the time that the
// reading is a mean of. The coefficients are estimated by an exact Bayesian linear regression with a random walk (a
// Kalman filter of three states): their covariance is the uncertainty of what they say of any interval. Which time a
// reading is the mean of is mostly not known: every combination of window and delay that the sensor's timing allows has
// a filter of its own, weighted by how well it predicted the readings. So window and delay are learned by the same
// means, from the load's own changes.
//
// A sensor that counts energy and is seldom read is the same with a window that is known: the time between two
// readings.
//
// Used by one thread. Copyable. A reading costs a few microseconds, a sample of the parts nothing worth mentioning.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sensor/sensor.h"

namespace nw {

// Cumulative energy of the parts, J: of processors and their memory, and of accelerators.
struct PartsEnergy {
  double processors = 0, accelerators = 0;
  friend PartsEnergy operator-(const PartsEnergy& a, const PartsEnergy& b) {
    return {a.processors - b.processors, a.accelerators - b.accelerators};
  }
};

// What is known of one sensor of one node, to be kept between runs: a filter for each combination of window and delay.
struct NodeResponse {
  struct Filter {
    Nanos window, delay;
    std::array<double, 3> state{};       // a1, a2, b (W)
    std::array<double, 6> covariance{};  // of them: 11 12 13 22 23 33
    double evidence = 0;                 // logarithm of its weight
  };
  std::vector<Filter> filters;
  double readings = 0;            // windows seen that do not overlap
  double typical = 0;             // W, of the node lately
  double error = 0;               // W^2, mean squared error of the best filter's predictions
  double mean = 0, variance = 0;  // W, W^2, of the readings
  double renewal = 0;             // s, the median time between two values that differ; 0: not known

  // The filter that explains the readings best; nothing where there is none.
  const Filter* best() const;
  // The window and delay that may be the right ones: the best, and the longest of those that explain almost as much.
  Timing window() const;
  Timing delay() const;
};

class NodeResolution {
 public:
  explicit NodeResolution(const SensorInfo& node);

  // Takes over what was learned on this machine with this sensor, so long ago. Nothing that does not fit is taken over:
  // false where no filter is among those that the sensor's timing allows.
  bool resume(const NodeResponse& known, Nanos age);
  const NodeResponse& response() const { return response_; }

  // The parts' cumulative energies at `at`; in order of time.
  void add_parts(Nanos at, const PartsEnergy& cumulative);
  // A reading of the node's sensor that was first seen at `seen`, and not yet at `before`. A value that was seen before
  // is a new reading only when the sensor must have been updated meanwhile.
  void add_reading(Nanos before, Nanos seen, Watts power);
  // Of a counter: its mean power between two readings.
  void add_mean(Nanos from, Nanos to, Watts power);

  struct Parts {
    Joules processors, accelerators;
  };
  // The equation in whole numbers: of intervals that lie in another, one after the other, it never gives more together
  // than of that.
  struct Equation {
    std::int64_t processors = 0, accelerators = 0;  // billionths
    Watts constant;
    Joules energy(const Parts& parts, Nanos duration) const;
  };
  Equation equation() const;  // as it is known now
  struct Resolved {
    Joules energy;
    double uncertainty = 0;  // standard, J, without the node sensor's own gain and offset
  };
  // Of an interval in which the parts took that much. Nothing before the sensor has been read at all. `more`: to be
  // added to the constant, which is no less than nothing then.
  std::optional<Resolved> resolve(const Parts& parts, Nanos duration, Watts more = {}) const;
  // Whether a reading of a window that was seen whole has been in.
  bool has_learned() const { return response_.readings >= 1; }
  // The readings do not move with the parts: they are of another node, or in another unit, or a part that draws much is
  // not measured.
  bool contradicts() const;
  // W, how far its readings are from what the parts say, root mean square.
  double error() const { return std::sqrt(response_.error); }

 private:
  struct Point {
    Nanos at;
    PartsEnergy cumulative;
  };
  struct Mean {
    PartsEnergy power;
    PartsEnergy change;  // over the time in which the reading may have appeared
  };
  struct Reading {
    Nanos before, seen;
    double watts;
    bool is_mean = false;  // over the time between both
  };
  void begin(double watts);
  void drift(NodeResponse::Filter& filter, double seconds) const;
  std::optional<double> update(NodeResponse::Filter& filter, const Reading& reading, double weight,
                               double judgement) const;
  std::optional<PartsEnergy> cumulative_at(Nanos at) const;
  std::optional<Mean> mean_of(const NodeResponse::Filter& filter, const Reading& reading) const;
  template <class Take>
  void for_each_weighted(Take take) const;
  void learn(const Reading& reading, double since);
  void note_renewal(double since);
  void note(const Reading& reading, double squared_error, double weight);

  Timing window_, delay_, update_interval_;
  bool is_counter_;
  double quantum_;  // W, or J of a counter
  NodeResponse response_;
  bool begun_ = false;         // a reading, or what was learned, says about how much the node draws
  std::vector<Point> points_;  // from first_ on those of the longest window and delay
  std::size_t first_ = 0;
  std::optional<Nanos> last_reading_;
  double last_watts_ = -1;
};

}  // namespace nw
