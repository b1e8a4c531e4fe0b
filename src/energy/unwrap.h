// From raw counts to counts since the last reading: wraps undone, resets and nonsense told apart from energy.
//
// A counter that stepped down either wrapped, or started again, or lied. What the part can draw at most (the sensor
// info's maximum power) over the time that passed decides: a wrap is believed when the step it implies is possible, a
// restart when the new raw value could have been counted since, anything else is a lie. A lie is dropped and the last
// good reading kept, so that one bad value costs nothing; a second reading that agrees with the lie makes it the new
// truth, and the time between is not measured.
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
    ambiguous,  // so long unread that another wrap may be hidden; counts are unknown
    reset,      // started again; counts are unknown
    backwards,  // reading dropped
    absurd,     // reading dropped
  };
  struct Step {
    Verdict verdict = Verdict::first;
    std::uint64_t counts = 0;  // since the last good reading; with reset after a doubted reading: since that one
    Nanos since{};             // when the time that `counts` spans began
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

  std::uint64_t wrap_;
  std::int64_t unit_num_, unit_den_;
  Watts max_power_;
  Nanos update_interval_;
  std::optional<Point> last_;
  std::optional<Point> doubted_;
};

}  // namespace nw
