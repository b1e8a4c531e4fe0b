#include "sim/power_supply.h"

#include <algorithm>

namespace nw::sim {

PowerSupply::PowerSupply(const Supply& supply, const std::vector<Track>& tracks, Nanos step, Nanos end)
    : supply_(supply), tracks_(&tracks) {
  for (Nanos at; at < end; at += step) blocks_.push_back(at);
  blocks_.push_back(end);
  for (const Track& track : tracks)
    for (const Segment& segment : track.segments())
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

double PowerSupply::power_of(double dc_w) const {
  const auto& curve = supply_.curve;
  if (curve.empty()) return dc_w;
  const double load = dc_w / supply_.rating_w;
  const auto above = std::find_if(curve.begin(), curve.end(), [&](const CurvePoint& p) { return p.load > load; });
  if (above == curve.begin()) return dc_w / curve.front().efficiency;
  if (above == curve.end()) return dc_w / curve.back().efficiency;
  const CurvePoint &b = *above, &a = *std::prev(above);
  return dc_w / (a.efficiency + (b.efficiency - a.efficiency) * (load - a.load) / (b.load - a.load));
}

PowerSupply::Mix PowerSupply::mix_at(Nanos begin) const {
  Mix mix;
  for (const Track& track : *tracks_) {
    const Segment& s = track.segment(begin);
    mix.level += s.low + (s.noise != 0 ? s.noise * track.noise().at(begin) : 0);
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

double PowerSupply::Mix::energy(Nanos from, Nanos to, Nanos begin) const {
  const double a = to_seconds(from - begin), b = to_seconds(to - begin);
  double sum = level * (b - a) + slope * (b * b - a * a) / 2;
  for (const Wave& wave : waves) sum += wave.swing * (wave.train.integral(to) - wave.train.integral(from));
  return sum;
}

double PowerSupply::walk(const Mix& mix, Nanos begin, Nanos upto, Nanos end) const {
  if (mix.waves.empty() && mix.slope == 0) return power_of(mix.level) * to_seconds(upto - begin);
  double sum = 0;
  for (Nanos from = begin; from < upto;) {
    const std::int64_t cell = supply_.smoothing.count();
    const Nanos to = std::min(Nanos::of((from.count() / cell + 1) * cell), end);
    sum += power_of(mix.energy(from, to, begin) / to_seconds(to - from)) * to_seconds(std::min(to, upto) - from);
    from = to;
  }
  return sum;
}

double PowerSupply::energy(Nanos t) const {
  if (t <= Nanos{} || t >= blocks_.back()) {  // everything idles there
    const Nanos from = t <= Nanos{} ? Nanos{} : blocks_.back();
    double idle = 0;
    for (const Track& track : *tracks_) idle += track.power_at_level(0);
    return (from == Nanos{} ? 0 : sums_.back()) + power_of(idle) * to_seconds(t - from);
  }
  const auto next = std::upper_bound(blocks_.begin(), blocks_.end(), t);
  const auto i = static_cast<std::size_t>(std::distance(blocks_.begin(), next)) - 1;
  return sums_[i] + walk(mix_at(blocks_[i]), blocks_[i], t, blocks_[i + 1]);
}

}  // namespace nw::sim
