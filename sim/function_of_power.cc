#include "sim/function_of_power.h"

#include <algorithm>

namespace nw::sim {

FunctionOfPower::FunctionOfPower(Function of, std::vector<const Track*> tracks, Nanos smoothing, Nanos step, Nanos end)
    : of_(std::move(of)), tracks_(std::move(tracks)), smoothing_(smoothing) {
  for (Nanos at; at < end; at += step) blocks_.push_back(at);
  blocks_.push_back(end);
  for (const Track* track : tracks_)
    for (const Segment& segment : track->segments())
      if (segment.from > Nanos{} && segment.from < end) blocks_.push_back(segment.from);
  std::sort(blocks_.begin(), blocks_.end());
  blocks_.erase(std::unique(blocks_.begin(), blocks_.end()), blocks_.end());
  sums_.reserve(blocks_.size());
  double sum = 0;
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) {
    sums_.push_back(sum);
    sum += walk(mix_at(blocks_[i]), blocks_[i], blocks_[i + 1], blocks_[i + 1]);
  }
  sums_.push_back(sum);
}

FunctionOfPower::Mix FunctionOfPower::mix_at(Nanos begin) const {
  Mix mix;
  for (const Track* track : tracks_) {
    const Segment& s = track->segment(begin);
    mix.level += s.low + (s.noise != 0 ? s.noise * track->noise().at(begin) : 0);
    if (s.slope != 0) {
      mix.level += s.slope * to_seconds(begin - s.from);
      mix.slope += s.slope;
    }
    if (s.train.period <= Nanos{} || s.swing == 0) continue;
    const auto same =
        std::find_if(mix.waves.begin(), mix.waves.end(), [&](const Wave& wave) { return wave.train == s.train; });
    if (same != mix.waves.end())
      same->swing += s.swing;
    else
      mix.waves.push_back({s.train, s.swing});
  }
  return mix;
}

double FunctionOfPower::Mix::energy(Nanos from, Nanos to, Nanos begin) const {
  const double a = to_seconds(from - begin), b = to_seconds(to - begin);
  double sum = level * (b - a) + slope * (b * b - a * a) / 2;
  for (const Wave& wave : waves) sum += wave.swing * (wave.train.integral(to) - wave.train.integral(from));
  return sum;
}

double FunctionOfPower::walk(const Mix& mix, Nanos begin, Nanos upto, Nanos end) const {
  if (mix.waves.empty() && mix.slope == 0) return of_(mix.level) * to_seconds(upto - begin);
  double sum = 0;
  for (Nanos from = begin; from < upto;) {
    const std::int64_t cell = smoothing_.count();
    const Nanos to = std::min(Nanos::of((from.count() / cell + 1) * cell), end);
    sum += of_(mix.energy(from, to, begin) / to_seconds(to - from)) * to_seconds(std::min(to, upto) - from);
    from = to;
  }
  return sum;
}

double FunctionOfPower::energy(Nanos t) const {
  if (t <= Nanos{} || t >= blocks_.back()) {  // everything idles there
    const Nanos from = t <= Nanos{} ? Nanos{} : blocks_.back();
    double idle = 0;
    for (const Track* track : tracks_) idle += track->power_at_level(0);
    return (from == Nanos{} ? 0 : sums_.back()) + of_(idle) * to_seconds(t - from);
  }
  const auto next = std::upper_bound(blocks_.begin(), blocks_.end(), t);
  const auto i = static_cast<std::size_t>(std::distance(blocks_.begin(), next)) - 1;
  return sums_[i] + walk(mix_at(blocks_[i]), blocks_[i], t, blocks_[i + 1]);
}

}  // namespace nw::sim
