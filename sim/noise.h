// Noise without state: random numbers as a function of their purpose. The same on every machine, in any order.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "base/units.h"

namespace nw::sim {

// Hashes three numbers into one, by the finaliser of SplitMix64 (Steele, Lea, Flood, 2014) applied to each in turn.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
constexpr std::uint64_t hash(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  return mix(mix(mix(seed) ^ stream) ^ index);
}

// In [0, 1).
constexpr double uniform(std::uint64_t hashed) { return static_cast<double>(hashed >> 11) * 0x1p-53; }

// Mean 0, sigma 1 (Box and Muller).
inline double gaussian(std::uint64_t hashed) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform(hashed)));
  return radius * std::cos(2 * std::numbers::pi * uniform(mix(hashed)));
}

// The purpose of a stream; the low 32 bits are free for an index.
enum Stream : std::uint64_t {
  kSlowNoise = std::uint64_t{1} << 32,
  kStalls = std::uint64_t{2} << 32,
  kGaugeNoise = std::uint64_t{3} << 32,
  kFilter = std::uint64_t{4} << 32,
  kWakeUp = std::uint64_t{5} << 32,
  kScatter = std::uint64_t{6} << 32,
  kRound = std::uint64_t{7} << 32,
  kWander = std::uint64_t{8} << 32,
  kJitter = std::uint64_t{9} << 32,
};

// Slow noise over [0, end): constant for a step, each step 0.9 of the one before and the rest new; sigma 1, at most 3.
class SlowNoise {
 public:
  SlowNoise() = default;
  SlowNoise(std::uint64_t seed, std::uint64_t stream, Nanos step, Nanos end);
  double at(Nanos t) const;
  double integral(Nanos t) const;  // over [0, t), in seconds

 private:
  Nanos step_ = seconds(1);
  std::vector<double> values_, sums_;
};

}  // namespace nw::sim
