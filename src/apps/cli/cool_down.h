// Cool-down: waits until the node is idle before a run, so that no run starts with the heat, or the last work, of the
// previous one.
//
// Idle means: every sensor that has a baseline (`nodewatt calibrate idle`) has been back at it for a second. Without a
// baseline: no sensor has changed for three seconds; that is weaker, since a node may be steady and busy. Where nothing
// is measured the wait is a fixed one. Every wait has a time limit.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "apps/cli/child.h"
#include "record/record_fwd.h"
#include "sensor/reader.h"

namespace nw::cli {

// Which sensors are used: measured ones, except slow counters whose part has a gauge, since over half a second a
// counter that ticks ten times a second is only known to a fifth.
std::vector<bool> choose_watched_sensors(const std::vector<SensorInfo>& infos);

// The idle power of a sensor.
struct IdlePower {
  double watts = 0;
  double uncertainty = 0;  // its standard uncertainty
};

// Whether powers are those of an idle node; powers are means over equal intervals.
class IdleDetector {
 public:
  static constexpr Nanos kInterval = millis(500);
  static constexpr std::size_t kIntervalsAtBase = 2, kIntervalsSteady = 6;

  // One a sensor; nothing where there is no baseline of it.
  explicit IdleDetector(std::vector<std::optional<IdlePower>> baseline);

  bool has_baseline() const;
  // One a sensor, of the interval that has just ended; nothing where it was not measured.
  void add(std::vector<std::optional<double>> watts);
  bool is_reached() const;

 private:
  bool is_at_base() const;
  bool is_steady() const;

  std::vector<std::optional<IdlePower>> baseline_;
  std::deque<std::vector<std::optional<double>>> intervals_;  // the newest last
};

enum class CoolDownResult : unsigned char {
  at_base,  // at the baseline
  steady,   // without a baseline: no longer changing
  paused,   // nothing is measured: a fixed pause
  gave_up,  // the time limit is over
  told,     // a terminating signal came
};

// Sleeps until then; returns the signal that interrupted it, if any.
using Wait = std::function<std::optional<int>(Nanos until)>;
Wait make_wait(Host& host, const Signals& signals);

// Waits, reading the sensors meanwhile. The baselines are those in a record of this node. `told` is the signal that
// ended it.
CoolDownResult cool_down(Host& host, Reader& reader, const pb::Record& record, Nanos longest, const Wait& wait,
                         std::optional<int>& told);

}  // namespace nw::cli
