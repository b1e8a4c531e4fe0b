// Cool-down: waiting until the node is at rest before a run, so that no run begins in the warmth, or in the last work,
// of the one before it.
//
// At rest is: every sensor that has a baseline (`nodewatt calibrate idle`) is back at it, for a second. Without a
// baseline: no sensor moves any more, for three seconds; that is less, since a node may be steady and busy. Where
// nothing is measured there is nothing to look at, and the wait is a fixed one. Every wait has an end.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "apps/cli/child.h"
#include "record/record_fwd.h"
#include "sensor/reader.h"

namespace nw::cli {

// Which sensors are looked at: measured ones, but no slow counter whose part has a gauge, since half a second of a
// counter that ticks ten times a second is known to a fifth.
std::vector<bool> choose_watched_sensors(const std::vector<SensorInfo>& infos);

// What a sensor draws at rest.
struct IdlePower {
  double watts = 0;
  double doubt = 0;  // its standard error
};

// Whether powers are those of a node at rest; powers come as means of equal intervals.
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
  steady,   // without a baseline: no longer moving
  paused,   // nothing is measured: a fixed pause
  gave_up,  // the longest wait is over
  told,     // a signal came that ends programs
};

// Sleeps until then; the signal that came, when that ended it.
using Wait = std::function<std::optional<int>(Nanos until)>;
Wait make_wait(Host& host, const Signals& signals);

// Waits; reads the sensors the while. The baselines are those that a record of this node carries. `told` is the signal
// that ended it.
CoolDownResult cool_down(Host& host, Reader& reader, const pb::Record& record, Nanos longest, const Wait& wait,
                         std::optional<int>& told);

}  // namespace nw::cli
