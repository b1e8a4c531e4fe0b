// Meter: turns the samples of one sensor into its running energy.
//
// A counter is a sensor that reports energy since some start, a gauge one that reports power; the period is the
// sampling interval, the time between two readings that nodewatt makes. A counter's energy is the difference of its
// counts, whatever the time between two readings; a failed reading in between costs nothing. A gauge's energy is the
// trapezoid over its readings, each shifted back by half its averaging window. Time that was not measured (reset,
// ambiguous wrap, a counter that stood still, a gauge not read for three periods) is filled with the power around it:
// that is counted in the energy, summed in `filled` besides, and its time is not counted as covered.
//
// A counter that shows one count for a while and then all that was drawn meanwhile loses nothing; when in that time it
// was drawn is not known, so that an edge inside it is uncertain by up to all of it.
//
// The age of a count is up to the counter's update interval. A count of a slow counter (10 ms and more) is therefore
// given a timestamp between the reading that first showed it and the one before, or by the device's own clock where it
// has one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/anomalies.h"
#include "energy/cumulative_energy.h"
#include "energy/device_clock.h"
#include "energy/repeated_value.h"
#include "energy/unwrap.h"
#include "sensor/sensor.h"

namespace nw {

class Meter {
 public:
  static constexpr double kStillCounts = 10;  // a stillness is one in which as many counts were to be expected
  static constexpr Nanos kSlow = millis(10);  // counters updated this seldom get timestamps from when the count changes

  // `period`: the sampling interval to expect.
  Meter(SensorInfo info, Nanos period);

  void add(const Sample& sample);
  void set_period(Nanos period) { period_ = period; }

  const SensorInfo& info() const { return info_; }
  const AnomalyCounts& anomalies() const { return anomalies_; }
  // The cumulative energy at a time: interpolated between the last 64 samples, extrapolated before and after them at
  // the power of the nearest.
  CumulativeEnergy at(Nanos time) const;
  // The time up to which cumulative energies are based on readings.
  Nanos settled_until() const { return count_ > 0 ? point(0).at : Nanos{}; }
  // Whether the first reading is later than this.
  bool begins_after(Nanos time) const { return !first_good_ || *first_good_ > time; }
  // Variance (J^2) that an interval's energy gets because it begins, or ends, at `time`.
  double edge_variance(Nanos time) const;
  // The interval [begin, end).
  Interval between(Nanos begin, Nanos end) const;

  // The edges of a whole run, its begin and end, where the load changes abruptly: a slow counter's cumulative energy is
  // extrapolated from inside the run, by the power between the two nearest counts there. Nothing until these are in.
  struct Edge {
    CumulativeEnergy cumulative;
    double variance = 0;
  };
  std::optional<Edge> begin_edge(Nanos begin) const;
  Edge end_edge(Nanos end) const;
  // An edge inside a run, of a phase. Nothing until what is extrapolated from is in, unless it is the `last` chance.
  std::optional<Edge> inner_edge(Nanos time, bool last) const;
  std::optional<Watts> max_power() const { return max_power_; }
  std::optional<Watts> min_power() const { return min_power_; }
  // For a sensor whose first good reading came after the run's `begin` (a slow bus): the energy of the time in between,
  // at the first known power. No cumulative energy includes it; RunAccounting adds it to the run's, as `filled`.
  Joules lead_in(Nanos begin) const;
  // Whether anything was ever measured: a counter that moved, a gauge that showed power.
  bool responsive() const { return responsive_; }
  // Whether the sensor always read zero, or is a counter that never moved, although it had time to.
  bool unresponsive() const;
  // Notes unresponsive() as an anomaly, once.
  void close();

 private:
  struct Point {
    Nanos at;
    CumulativeEnergy cumulative;
    double power = 0;               // W, of the time before the point
    Nanos timestamp_uncertainty{};  // the uncertainty of `at`
    Nanos moved{};                  // of a counter: when its count last changed
  };
  void add_counter(Nanos at, std::uint64_t raw);
  void add_gauge(Nanos read_at, Nanos age, std::uint64_t raw);
  void add_trapezoid(Nanos at, std::uint64_t raw, double watts);
  void cover(Nanos step);
  void note_repeats(Nanos at, std::uint64_t raw);
  void hold(Nanos at);
  void measured(Nanos at, Joules energy, Nanos since, Nanos moved);
  void fill(Nanos time);
  void push(Nanos at);
  void note_power(Watts power);
  void note_mean(Nanos at, Joules energy, Nanos since, std::uint64_t counts);
  Nanos longest_stillness() const;
  bool frozen(const Unwrapper::Step& step, Nanos at);
  bool has_caught_up(const Unwrapper::Step& step, Nanos at) const;
  void remove_fill();
  double stillness_variance(Nanos time) const;
  bool is_slow() const { return info_.kind == SensorKind::counter && info_.update_interval.value >= kSlow; }
  std::optional<std::size_t> first_after(Nanos time) const;
  Edge extrapolate(const Point& from, double power, Nanos time) const;
  Edge extrapolate_alone(const Point& from, double power, Nanos time) const;
  static Edge middle(const Edge& one, const Edge& other);
  bool is_windowed() const;
  std::optional<Edge> gauge_edge(Nanos time) const;
  std::optional<Edge> slow_edge(Nanos time) const;
  bool is_nearer(std::size_t other, Nanos time, std::size_t own) const;
  double mean_power(std::size_t newer, std::size_t older) const;
  double step_at(std::size_t back, double power) const;
  const Point& point(std::size_t back) const { return points_[(count_ - 1 - back) % points_.size()]; }
  std::size_t kept() const { return count_ < points_.size() ? count_ : points_.size(); }

  SensorInfo info_;
  Nanos period_;
  Unwrapper unwrapper_;
  DeviceClock clock_;
  RepeatedValue repeated_;  // of a gauge
  Nanos uncovered_{};       // time in which it had stopped, still to be taken off
  AnomalyCounts anomalies_;

  CumulativeEnergy now_;
  Int128 counts_ = 0;   // of a counter since its first reading
  Int128 area_ = 0;     // of a gauge: twice the integral, in counts x ns
  Joules from_counts_;  // what of now_.energy came from counts_ or area_
  Joules held_;         // provisional energy since the last good reading
  Nanos unfilled_{};    // time to fill as soon as a power is known
  std::optional<Nanos> last_good_;
  std::optional<Nanos> last_moved_;
  std::optional<Nanos> first_good_;
  std::optional<Nanos> last_sample_;  // good or not
  bool holding_ = false;              // the newest sample was not good
  double last_power_ = -1;            // W; < 0: unknown
  double first_power_ = -1;
  std::uint64_t last_raw_ = 0;
  Nanos timestamp_uncertainty_{};  // of the newest reading
  bool responsive_ = false;
  bool frozen_ = false;
  Joules frozen_fill_;
  std::optional<Watts> max_power_, min_power_;
  bool mean_open_ = false;  // for a counter: the interval whose mean power is noted next
  Nanos mean_since_{};
  Joules mean_energy_;
  std::uint64_t mean_counts_ = 0;

  std::array<Point, 64> points_{};
  std::size_t count_ = 0;  // points ever pushed
};

}  // namespace nw
