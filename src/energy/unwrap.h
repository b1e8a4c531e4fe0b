// From raw counts to counts since the last reading: undoes wraps, and tells resets and invalid readings from energy.
//
// A counter that stepped down either wrapped, or was restarted, or returned an invalid value. The decision is made from
// the most the part can draw (the SensorInfo's maximum power) over the elapsed time: a wrap is accepted when the step
// it implies is possible, a restart when the new raw value could have been counted since; anything else is invalid. An
// invalid reading is dropped and the last good one kept, so that one bad value costs nothing; a second reading that
// agrees with the dropped one is accepted as the new base, and the time between is not measured.
//
// Firmware and drivers sometimes show one count for seconds and then all that was drawn meanwhile at once. A step that
// is too large for the time since the last reading is therefore held against the time since the count last changed
// before it is called invalid or a restart. The shorter time comes first: a count that is confirmed by every reading
// can hide no wrap.
#pragma once

#include <cstdint>
#include <optional>

#include "sensor/sensor.h"

namespace nw {

class Unwrapper {
 public:
  enum class Verdict : unsigned char {
    first,      // nothing to compare with
    advanced,   // counts are valid
    wrapped,    // counts are valid, across one wrap
    ambiguous,  // not read for so long that another wrap may be hidden; counts are unknown
    reset,      // restarted; counts are unknown
    backwards,  // reading dropped
    absurd,     // reading dropped
  };
  struct Step {
    Verdict verdict = Verdict::first;
    std::uint64_t counts = 0;  // since the last good reading; with reset after a dropped reading: since that one
    Nanos since{};             // when the time that `counts` spans began
    bool caught_up = false;    // more than the part can draw since the last reading, as after a stillness
  };

  explicit Unwrapper(const SensorInfo& info);
  Step advance(std::uint64_t raw, Nanos at);

 private:
  struct Point {
    std::uint64_t raw;
    Nanos at;
  };
  Int128 most(Nanos time) const;  // counts that the part can make in this time
  Step classify(const Point& from, std::uint64_t raw, Nanos at) const;
  Step classify_after_stillness(std::uint64_t raw, Nanos at) const;
  void accept(const Point& here);

  std::uint64_t wrap_;
  std::int64_t unit_num_, unit_den_;
  Watts max_power_;
  Nanos update_interval_;
  std::optional<Point> last_;
  Nanos changed_{};  // when a reading first showed the count of `last_`
  std::optional<Point> doubted_;
};

}  // namespace nw
