#include "energy/node_resolution.h"

#include <cmath>
#include <deque>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace nw {
namespace {

// A node whose loads change at random, and a controller that shows the mean over a window, some time later. Its power
// is no straight line of the parts': losses grow with the square, and fans follow within half a minute.
class Played {
 public:
  Played(double window, double delay, double renewal, unsigned seed = 1)
      : window_(window), delay_(delay), renewal_(renewal), random_(seed) {}

  // Loads of `load_s` and pauses between them, all for `duration`.
  void play(NodeResolution& resolution, double duration, double load_s) {
    const double until = now_ + duration;
    double next = now_;
    bool busy = false;
    for (; now_ < until; now_ += kStep) {
      if (now_ >= next) {
        busy = !busy;
        next = now_ + load_s * std::uniform_real_distribution(0.5, 1.5)(random_);
        cpu_w_ = busy ? std::uniform_real_distribution(150.0, 500.0)(random_) : 90;
        gpu_w_ = busy ? std::uniform_real_distribution(200.0, 1400.0)(random_) : 220;
      }
      step(resolution);
    }
  }

  struct Interval {
    PartsEnergy parts;
    double joules, seconds;
  };
  // A load of its own.
  Interval run(NodeResolution& resolution, double seconds, double cpu_w, double gpu_w) {
    const PartsEnergy parts = parts_;
    const double joules = joules_;
    cpu_w_ = cpu_w;
    gpu_w_ = gpu_w;
    for (const double until = now_ + seconds; now_ < until - kStep / 2; now_ += kStep) step(resolution);
    return {parts_ - parts, joules_ - joules, seconds};
  }

  std::function<double(double)> shown = [](double watts) { return watts; };

 private:
  static constexpr double kStep = 0.1;

  void step(NodeResolution& resolution) {
    const double dc = 1.05 * cpu_w_ + 1.02 * gpu_w_ + 130 + 0.00003 * (cpu_w_ + gpu_w_) * (cpu_w_ + gpu_w_);
    fans_ += (0.04 * (cpu_w_ + gpu_w_) - fans_) * kStep / 30;
    joules_ += (dc + fans_) * kStep;
    parts_.processors += cpu_w_ * kStep;
    parts_.accelerators += gpu_w_ * kStep;
    past_.emplace_back(now_ + kStep, joules_);
    while (past_.size() > 2 && past_[1].first < now_ - window_ - delay_ - 5) past_.pop_front();
    const Nanos at = Nanos::of(std::llround((now_ + kStep) * 1e9));
    resolution.add_parts(at, parts_);
    if (now_ + kStep < renewed_ + renewal_) return;
    renewed_ = now_ + kStep;
    const double mean = (until(renewed_ - delay_) - until(renewed_ - delay_ - window_)) / window_;
    resolution.add_reading(at - millis(100), at, watts(std::lround(shown(mean))));
  }

  double until(double time) const {
    for (auto at = past_.rbegin(); at != past_.rend(); ++at)
      if (at->first <= time + 1e-9) return at->second;
    return past_.front().second;
  }

  double window_, delay_, renewal_;
  std::mt19937 random_;
  double now_ = 0, renewed_ = 0, joules_ = 0, cpu_w_ = 90, gpu_w_ = 220, fans_ = 12;
  PartsEnergy parts_;
  std::deque<std::pair<double, double>> past_;
};

SensorInfo dcmi() {
  SensorInfo info;
  info.kind = SensorKind::gauge;
  info.unit_num = kMicro;
  info.update_interval = {seconds(1), seconds(5), TimingBasis::assumed};
  info.averaging_window = {seconds(15), seconds(30), TimingBasis::assumed};
  info.delay = {Nanos{}, seconds(4), TimingBasis::assumed};
  return info;
}

NodeResolution::Resolved resolve(const NodeResolution& resolution, const Played::Interval& interval) {
  const NodeResolution::Parts parts{from_double(interval.parts.processors), from_double(interval.parts.accelerators)};
  return resolution.resolve(parts, Nanos::of(std::llround(interval.seconds * 1e9))).value();
}

TEST(NodeResolution, ShortRunsAreRightAfterAQuarterOfAnHour) {
  std::size_t inside = 0, all = 0;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    NodeResolution resolution(dcmi());
    Played node(30, 1, 2, seed);
    node.play(resolution, 900, 60);
    for (const double seconds : {3.0, 10.0, 30.0}) {
      const auto run = node.run(resolution, seconds, 300, 1100);
      const auto resolved = resolve(resolution, run);
      EXPECT_NEAR(to_joules(resolved.energy), run.joules, 0.06 * run.joules) << seed << " " << seconds;
      EXPECT_LT(resolved.uncertainty, 0.05 * run.joules);
      inside += std::abs(to_joules(resolved.energy) - run.joules) <= 1.96 * resolved.uncertainty;
      ++all;
      node.play(resolution, 60, 20);
    }
  }
  EXPECT_GE(inside, all * 9 / 10);
}

TEST(NodeResolution, LearnsWhichTimeAReadingIsTheMeanOf) {
  for (const double window : {1.0, 5.0, 30.0}) {
    NodeResolution resolution(dcmi());
    Played node(window, 2, 2);
    node.play(resolution, 900, 60);
    EXPECT_EQ(resolution.response().window().basis, TimingBasis::learned);
    EXPECT_EQ(resolution.response().window().value, Nanos::of(std::llround(window * 1e9)));
    EXPECT_EQ(resolution.response().delay().value, seconds(2));
    EXPECT_NEAR(resolution.response().renewal, 2, 0.3);
  }
}

TEST(NodeResolution, WithoutHistoryTheIntervalIsWideAndHolds) {
  NodeResolution resolution(dcmi());
  Played node(30, 1, 2);
  EXPECT_FALSE(resolution.resolve({}, seconds(1)));  // never read
  node.run(resolution, 4, 90, 220);
  const auto run = node.run(resolution, 5, 400, 900);
  const auto resolved = resolve(resolution, run);
  EXPECT_GT(resolved.uncertainty, 0.05 * run.joules);
  EXPECT_NEAR(to_joules(resolved.energy), run.joules, 1.96 * resolved.uncertainty);
}

TEST(NodeResolution, ASteadyNodeDoesNotUnlearn) {
  NodeResolution resolution(dcmi());
  Played node(30, 1, 2);
  node.play(resolution, 900, 60);
  node.run(resolution, 7200, 90, 220);
  const auto run = node.run(resolution, 10, 300, 1100);
  EXPECT_NEAR(to_joules(resolve(resolution, run).energy), run.joules, 0.06 * run.joules);
}

TEST(NodeResolution, ReadingsOfAnotherNodeContradict) {
  NodeResolution resolution(dcmi());
  Played node(30, 1, 2), other(30, 1, 2, 99);
  double elsewhere = 800;
  node.shown = [&, n = 0](double) mutable { return elsewhere = ++n / 40 % 2 != 0 ? 350.0 : 1900.0; };
  node.play(resolution, 1800, 60);
  EXPECT_TRUE(resolution.contradicts());
}

TEST(NodeResolution, AGlitchChangesLittle) {
  NodeResolution resolution(dcmi());
  Played node(30, 1, 2);
  node.play(resolution, 900, 60);
  node.shown = [n = 0](double watts) mutable { return ++n == 5 ? 5 * watts : watts; };
  node.play(resolution, 60, 20);
  EXPECT_FALSE(resolution.contradicts());
  const auto run = node.run(resolution, 10, 300, 1100);
  EXPECT_NEAR(to_joules(resolve(resolution, run).energy), run.joules, 0.06 * run.joules);
}

TEST(NodeResolution, WhatWasLearnedIsTakenOver) {
  NodeResolution learner(dcmi()), later(dcmi());
  Played node(30, 1, 2);
  node.play(learner, 900, 60);
  ASSERT_TRUE(later.resume(learner.response(), seconds(3600)));
  const auto run = node.run(later, 5, 300, 1100);
  const auto before = resolve(learner, run), after = resolve(later, run);
  EXPECT_NEAR(to_joules(after.energy), run.joules, 0.06 * run.joules);
  EXPECT_GT(after.uncertainty, before.uncertainty);  // an hour has passed
}

TEST(NodeResolution, WhatDoesNotFitTheSensorIsNotTakenOver) {
  NodeResolution learner(dcmi());
  SensorInfo stated = dcmi();
  stated.averaging_window = {millis(1500), millis(1500), TimingBasis::stated};
  NodeResolution later(stated);
  EXPECT_FALSE(later.resume(learner.response(), {}));
  EXPECT_FALSE(later.resume({}, {}));
  EXPECT_FALSE(later.resolve({}, seconds(1)));
}

}  // namespace
}  // namespace nw
