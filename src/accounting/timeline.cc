#include "accounting/timeline.h"

#include <algorithm>

namespace nw {

// A step edge is taken from a meter once a reading after it is in: an estimate that is corrected later would show as a
// spike.
void Timeline::settle(std::span<const Meter> meters, bool all) {
  edges_.resize(meters.size());
  for (std::size_t i = 0; i < meters.size(); ++i)
    for (auto& edges = edges_[i]; edges.size() < times_.size();) {
      const Nanos at = times_[edges.size()];
      if (!all && meters[i].settled_until() < at) break;
      const CumulativeEnergy cumulative = meters[i].at(at);
      edges.push_back({cumulative.energy, cumulative.covered});
    }
}

void Timeline::close(std::span<const Meter> meters, Nanos end) {
  while (!times_.empty() && times_.back() > end) times_.pop_back();
  for (auto& edges : edges_) edges.resize(std::min(edges.size(), times_.size()));
  settle(meters, true);
}

// Keeps every other step edge.
void Timeline::join() {
  const auto thin = [](auto& values) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < values.size(); i += 2) values[kept++] = values[i];
    values.resize(kept);
  };
  thin(times_);
  for (auto& edges : edges_) thin(edges);
  step_ = step_ + step_;
}

void Timeline::widen(Nanos least) {
  if (times_.empty()) step_ = std::max(step_, least);
  while (step_ < least) join();
}

void Timeline::add(std::span<const Meter> meters, Nanos now) {
  if (times_.empty()) times_.push_back(begin_);
  while (times_.back() + step_ <= now) {
    times_.push_back(times_.back() + step_);
    settle(meters, false);
    if (times_.size() > kSteps) join();
  }
}

std::vector<std::optional<Joules>> Timeline::energies(std::size_t meter) const {
  std::vector<std::optional<Joules>> energies;
  if (meter >= edges_.size()) return energies;
  const auto& edges = edges_[meter];
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const Nanos covered = edges[i].covered - edges[i - 1].covered;
    const Joules energy = edges[i].energy - edges[i - 1].energy;  // negative where an estimate was corrected
    const bool known = covered + covered >= times_[i] - times_[i - 1] && energy >= Joules{};
    energies.push_back(known ? std::optional(energy) : std::nullopt);
  }
  return energies;
}

}  // namespace nw
