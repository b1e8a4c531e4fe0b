// The three quantities used everywhere, as types: Joules, Watts, Nanos.
//
// Each is an int64 of the smallest unit in use: microjoules, microwatts, nanoseconds. Integers add up exactly in any
// order, which floating joules do not; 2^63 uJ is 9.2e12 J, more than a large machine uses in a month. Products go
// through 128 bits. What still does not fit, from a damaged file, saturates at the end of the range and never overflows
// into a plausible figure. Nanos is monotonic time or a duration of it; wall time exists only in a Record.
#pragma once

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>

namespace nw {

__extension__ using Int128 = __int128;

// The nearest 64-bit number.
constexpr std::int64_t saturate(Int128 value) {
  constexpr Int128 kLeast = std::numeric_limits<std::int64_t>::min(), kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(value < kLeast ? kLeast : value > kMost ? kMost : value);
}

template <class Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  // The raw count of the smallest unit (uJ, uW, ns).
  static constexpr Quantity of(std::int64_t count) { return Quantity(count); }
  constexpr std::int64_t count() const { return count_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator+(Quantity other) const { return Quantity(saturate(Int128{count_} + other.count_)); }
  constexpr Quantity operator-(Quantity other) const { return Quantity(saturate(Int128{count_} - other.count_)); }
  constexpr Quantity operator-() const { return Quantity(saturate(-Int128{count_})); }
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }
  constexpr Quantity& operator-=(Quantity other) { return *this = *this - other; }

 private:
  constexpr explicit Quantity(std::int64_t count) : count_(count) {}
  std::int64_t count_ = 0;
};

using Joules = Quantity<struct JoulesTag>;  // counts microjoules
using Watts = Quantity<struct WattsTag>;    // counts microwatts
using Nanos = Quantity<struct NanosTag>;    // counts nanoseconds

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

constexpr Joules joules(std::int64_t whole) { return Joules::of(whole * kMicro); }
constexpr Watts watts(std::int64_t whole) { return Watts::of(whole * kMicro); }
constexpr Nanos seconds(std::int64_t whole) { return Nanos::of(whole * kNanosPerSecond); }
constexpr Nanos millis(std::int64_t whole) { return Nanos::of(whole * kMicro); }

constexpr double to_joules(Joules e) { return static_cast<double>(e.count()) * 1e-6; }
constexpr double to_watts(Watts p) { return static_cast<double>(p.count()) * 1e-6; }
constexpr double to_seconds(Nanos t) { return static_cast<double>(t.count()) * 1e-9; }

constexpr double as_joules(double watts, Nanos time) { return watts * to_seconds(time); }
inline Joules from_double(double joule) { return Joules::of(std::llround(std::clamp(joule * 1e6, -9e18, 9e18))); }

// value * num / den, rounded to nearest, through 128 bits. den > 0.
constexpr std::int64_t mul_div(Int128 value, std::int64_t num, Int128 den) {
  const bool negative = (value < 0) != (num < 0);
  Int128 product = 0;
  if (__builtin_mul_overflow(value, Int128{num}, &product) ||
      __builtin_add_overflow(product, negative ? -(den / 2) : den / 2, &product))
    return negative ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  return saturate(product / den);
}

constexpr Joules operator*(Watts p, Nanos t) { return Joules::of(mul_div(p.count(), t.count(), kNanosPerSecond)); }

// Mean power of an energy over a time; t > 0.
constexpr Watts operator/(Joules e, Nanos t) { return Watts::of(mul_div(e.count(), kNanosPerSecond, t.count())); }

}  // namespace nw
