#include "sim/noise.h"

#include <algorithm>

namespace nw::sim {

namespace {
constexpr double kKept = 0.9;
}

SlowNoise::SlowNoise(std::uint64_t seed, std::uint64_t stream, Nanos step, Nanos end) : step_(step) {
  const std::int64_t steps = end.count() / step.count() + 1;
  values_.reserve(static_cast<std::size_t>(steps));
  sums_.reserve(static_cast<std::size_t>(steps) + 1);
  double value = gaussian(hash(seed, stream, 0)), sum = 0;
  for (std::int64_t k = 0; k < steps; ++k) {
    if (k > 0) value = kKept * value + std::sqrt(1 - kKept * kKept) * gaussian(hash(seed, stream, std::uint64_t(k)));
    values_.push_back(std::clamp(value, -3.0, 3.0));
    sums_.push_back(sum);
    sum += values_.back() * to_seconds(step);
  }
  sums_.push_back(sum);
}

double SlowNoise::at(Nanos t) const {
  const auto k = t.count() / step_.count();
  return t < Nanos{} || static_cast<std::size_t>(k) >= values_.size() ? 0 : values_[static_cast<std::size_t>(k)];
}

double SlowNoise::integral(Nanos t) const {
  if (t <= Nanos{} || values_.empty()) return 0;
  const auto k = static_cast<std::size_t>(t.count() / step_.count());
  if (k >= values_.size()) return sums_.back();
  return sums_[k] + values_[k] * to_seconds(Nanos::of(t.count() % step_.count()));
}

}  // namespace nw::sim
