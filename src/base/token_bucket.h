// TokenBucket: a rate limit; so many tokens at once, and from then on so many a second.
#pragma once

#include <algorithm>

#include "base/units.h"

namespace nw {

class TokenBucket {
 public:
  constexpr TokenBucket(double a_second, double at_once) : a_second_(a_second), at_once_(at_once), tokens_(at_once) {}

  // Takes one token, if there is one.
  constexpr bool take(Nanos now) {
    fill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // The time from which on a token is available, if nobody takes one meanwhile; `now` or later.
  constexpr Nanos ready(Nanos now) {
    fill(now);
    if (tokens_ >= 1) return now;
    return now + Nanos::of(static_cast<std::int64_t>((1 - tokens_) / a_second_ * 1e9) + 1);
  }

 private:
  constexpr void fill(Nanos now) {
    tokens_ = std::min(at_once_, tokens_ + a_second_ * to_seconds(std::max(now - filled_, Nanos{})));
    filled_ = std::max(filled_, now);
  }

  double a_second_, at_once_, tokens_;
  Nanos filled_{};
};

}  // namespace nw
