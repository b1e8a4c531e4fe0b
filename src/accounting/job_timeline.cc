#include "accounting/job_timeline.h"

#include <algorithm>
#include <utility>

#include "record/checkpoint.pb.h"
#include "record/record.h"

namespace nw {

namespace {
constexpr Nanos kLongestStep = seconds(std::int64_t{1} << 30);

void write_series(Domain domain, const std::vector<std::optional<Joules>>& energies, std::size_t steps,
                  pb::Series& out) {
  out.set_domain(std::string(name(domain)));
  for (std::size_t i = 0; i < steps; ++i)
    out.add_energy_uj(i < energies.size() && energies[i] ? energies[i]->count() : kNotRead);
}

std::optional<Joules> sum(std::optional<Joules> a, std::optional<Joules> b) {
  return a && b ? std::optional(*a + *b) : std::nullopt;
}
}  // namespace

void JobTimeline::add(const Energies& energies, Nanos over, Nanos finest) {
  while (step_ < finest) join();
  Energies rest = energies;
  for (Nanos left = over; left > Nanos{};) {
    const Nanos here = std::min(left, step_ - passed_);
    for (auto& [domain, energy] : rest) {
      const Joules part = Joules::of(mul_div(energy.count(), here.count(), Int128{left.count()}));
      auto& series = series_[domain];
      series.resize(over_ + 1);
      series[over_] = series[over_].value_or(Joules{}) + part;
      energy -= part;
    }
    left -= here;
    passed_ += here;
    if (passed_ < step_) continue;
    passed_ = {};
    if (++over_ == kSteps) join();
  }
}

// Merges pairs of steps. If their number is odd, the last becomes the first half of the current step.
void JobTimeline::join() {
  for (auto& [domain, series] : series_) {
    series.resize(over_ + (passed_ > Nanos{} ? 1 : 0));
    std::vector<std::optional<Joules>> joined;
    for (std::size_t i = 0; i + 1 < series.size(); i += 2) joined.push_back(sum(series[i], series[i + 1]));
    if (series.size() % 2 == 1) joined.push_back(series.back());
    series = std::move(joined);
  }
  if (over_ % 2 == 1) passed_ += step_;
  step_ += step_;
  over_ /= 2;
}

void JobTimeline::write(pb::Timeline& out) const {
  if (over_ == 0) return;
  out.set_step_ns(step_.count());
  for (const auto& [domain, series] : series_) write_series(domain, series, over_, *out.add_series());
}

void JobTimeline::write(pb::CheckpointTimeline& out) const {
  out.set_step_ns(step_.count());
  out.set_passed_ns(passed_.count());
  out.set_over(static_cast<std::uint32_t>(over_));
  for (const auto& [domain, series] : series_) write_series(domain, series, series.size(), *out.add_series());
}

JobTimeline JobTimeline::read(const pb::CheckpointTimeline& in) {
  JobTimeline timeline;
  const Nanos step = Nanos::of(in.step_ns()), passed = Nanos::of(in.passed_ns());
  if (step < timeline.step_ || step > kLongestStep || passed < Nanos{} || passed >= step || in.over() >= kSteps)
    return timeline;
  timeline.step_ = step;
  timeline.passed_ = passed;
  timeline.over_ = in.over();
  for (const pb::Series& one : in.series()) {
    const auto its = domain(one.domain());
    if (!its) continue;
    auto& series = timeline.series_[*its];
    series.clear();
    for (const std::int64_t energy : one.energy_uj()) {
      if (series.size() > timeline.over_) break;
      series.push_back(energy == kNotRead ? std::nullopt : std::optional(Joules::of(energy)));
    }
  }
  return timeline;
}

}  // namespace nw
