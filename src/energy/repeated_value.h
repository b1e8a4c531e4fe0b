// RepeatedValue: whether a gauge that shows one value again and again still measures.
//
// A part's power never is the same for long to a thousandth. A gauge that resolves as little, and has shown another
// value at nearly every update, repeats one a dozen times by chance once in a million: it has stopped. What the part
// drew meanwhile is not known. A coarse gauge (whole watts, a converter's steps) repeats its value as long as the part
// is idle, and nothing follows from it; nor from the lowest value that was seen, which firmware may give for a part
// that sleeps. That a gauge is fine enough, or moves that often, may show only after it has moved again.
#pragma once

#include <cstdint>
#include <optional>

#include "base/units.h"

namespace nw {

class RepeatedValue {
 public:
  // Time in which a value was held.
  struct Held {
    Nanos begin, end;
    std::uint64_t value = 0;
    bool is_new = true;  // nothing of the same span was told before
  };

  // A reading. `update`: the least time between two values that may differ.
  void add(Nanos at, std::uint64_t value, Nanos update);
  // Time in which the gauge is found to have stopped, each once: from one update after the reading that first showed
  // the value.
  std::optional<Held> take_held(Nanos update);

 private:
  struct Span {
    Nanos begin, end;  // from the reading that first showed the value to the last
    std::uint64_t value = 0;
    std::optional<Nanos> told = {};  // up to here
  };
  bool is_held(const Span& span, Nanos update) const;
  void close(std::uint64_t next, Nanos update);
  double step() const;

  std::optional<Span> now_, past_;  // past: the longest that was not held as far as was known
  double updates_ = 0, changes_ = 0;
  std::uint64_t smallest_ = UINT64_MAX, common_ = 0;  // difference of two values, divisor of all of them
  std::uint64_t lowest_ = UINT64_MAX;                 // value
};

}  // namespace nw
