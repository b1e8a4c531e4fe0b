#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "energy/energy.h"
#include "energy/meter.h"
#include "support/invented.h"

namespace nw {
namespace {
using test::counter_info;
using test::gauge_info;
using test::sample;

Interval steady(double watts_, Nanos time) {
  Interval interval;
  interval.cumulative.energy = Joules::of(std::llround(watts_ * to_seconds(time) * 1e6));
  interval.cumulative.covered = interval.duration = time;
  return interval;
}

Energy energy_of(const char* source, double watts_, Tolerance gain) {
  SensorInfo info = counter_info();
  info.source = source;
  info.scale_tolerance = gain;
  return make_energy(info, steady(watts_, seconds(3600)), {});
}

Tolerance sigma(double relative) { return {relative, Tolerance::Shape::sigma, ""}; }
Tolerance limit(double relative) { return {relative, Tolerance::Shape::limit, ""}; }

// uncertainty.md 7.5: GPUs 4 x 300 W (5 %, standard uncertainty), packages 230 W +-5 %, DRAM 29 W +-10 %, other 60 +-20
// W.
Uncertainty worked_example(bool gpus_together) {
  Uncertainty sum;
  const char* apart[] = {"gpu0", "gpu1", "gpu2", "gpu3"};
  for (const char* gpu : apart) sum.add(energy_of(gpus_together ? "gpu" : gpu, 300, sigma(0.05)).uncertainty);
  sum.add(energy_of("package", 230, limit(0.05)).uncertainty);
  sum.add(energy_of("dram", 29, limit(0.10)).uncertainty);
  sum.add(energy_of("other", 60, limit(1.0 / 3)).uncertainty);
  return sum;
}

TEST(Uncertainty, TheWorkedExampleOfAGpuNode) {
  EXPECT_NEAR(worked_example(true).combined() / 3600, 61.5, 0.05) << "gains of one name add linearly";
  EXPECT_NEAR(worked_example(false).combined() / 3600, 32.9, 0.05) << "of different names in quadrature";
  EXPECT_NEAR(worked_example(true).expanded() / worked_example(true).combined(), 1.96, 1e-3);
  EXPECT_NEAR(energy_of("node", 1519, limit(0.03)).uncertainty.combined() / 3600, 26.3, 0.05);
  const auto largest = worked_example(true).largest(3);
  ASSERT_EQ(largest.size(), 3u);
  EXPECT_EQ(largest[0].name, "gpu gain");
  EXPECT_NEAR(largest[0].joules / 3600, 60, 1e-6);
  EXPECT_EQ(largest[1].name, "other gain");
}

// JCGM 101: the interval of any mixture of terms contains 95 % of the values drawn from them.
TEST(Uncertainty, TheIntervalHolds95PercentOfWhatIsDrawn) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(-std::sqrt(3.0), std::sqrt(3.0));
  const std::vector<std::vector<double>> rectangles = {{10}, {10, 10}, {10, 3}, {7, 6, 5}, {10, 1, 1}, {2}, {}};
  for (const auto& limits : rectangles)
    for (const double noise : {0.0, 2.0, 8.0}) {
      if (limits.empty() && noise == 0) continue;
      Uncertainty sum;
      for (std::size_t i = 0; i < limits.size(); ++i) sum.add({"limit" + std::to_string(i), limits[i], true, true});
      sum.add({"noise", noise, false, false});
      int inside = 0;
      constexpr int kDraws = 40'000;
      for (int i = 0; i < kDraws; ++i) {
        double error = noise * normal(random);
        for (const double limit_ : limits) error += limit_ * uniform(random);
        inside += std::abs(error) <= sum.expanded();
      }
      EXPECT_NEAR(static_cast<double>(inside) / kDraws, 0.95, 0.008) << limits.size() << " " << noise;
    }
}

TEST(Uncertainty, WideningWidensAll) {
  Uncertainty sum;
  sum.add({"gain", 10, true, true});
  sum.add({"edges", 3, false, false});
  const double before = sum.expanded();
  sum.widen(2);
  EXPECT_DOUBLE_EQ(sum.expanded(), 2 * before);
  EXPECT_DOUBLE_EQ(sum.systematic(), 20);
}

TEST(Aliasing, IsUncertainWhereASensorLooksPartOfTheTime) {
  SensorInfo info = gauge_info();
  info.update_interval = millis(100);
  info.averaging_window = millis(25);
  EXPECT_EQ(compute_aliasing(info, seconds(5), true), 0.25);
  EXPECT_EQ(compute_aliasing(info, seconds(30), true), 0.05);
  EXPECT_EQ(compute_aliasing(info, seconds(300), false), 0.05);
  EXPECT_EQ(compute_aliasing(info, seconds(300), true), 0.01);
  info.averaging_window = millis(100);
  EXPECT_EQ(compute_aliasing(info, seconds(5), false), 0);
  info.averaging_window = {};
  EXPECT_EQ(compute_aliasing(info, seconds(5), false), 0) << "unknown is not part-time";
  info.averaging_window = millis(25);
  Interval interval = steady(300, seconds(100));
  std::map<std::string, double> terms;
  for (const Term& term : make_energy(info, interval, {watts(100), watts(400)}).uncertainty.largest(9))
    terms[term.name] = term.joules;
  EXPECT_NEAR(terms[info.source + " aliasing"], 0.05 * 20'000, 1e-6) << "of what is above idle alone";
}

// A bus polled every 5 s for means over 1 s is in step with nothing; once a minute is still too seldom.
TEST(Aliasing, ABusAtItsOwnPaceIsNotTooSeldom) {
  SensorInfo info = gauge_info();
  info.update_interval = seconds(5);
  info.averaging_window = seconds(1);
  Interval interval = steady(300, seconds(600));
  const auto has_aliasing = [&](double count) {
    interval.cumulative.count = count;
    const auto energy = make_energy(info, interval, {watts(100), watts(400)});
    const auto& terms = energy.uncertainty.terms();
    return std::any_of(terms.begin(), terms.end(),
                       [&](const Term& term) { return term.name == info.source + " aliasing"; });
  };
  EXPECT_FALSE(has_aliasing(120));
  EXPECT_TRUE(has_aliasing(10));
}

TEST(Quantum, OfASteadyGaugeDoesNotAverageOut) {
  SensorInfo info = gauge_info();
  info.unit_num = 10 * kMicro;  // 10 W
  Interval interval = steady(300, seconds(100));
  interval.cumulative.count = 100, interval.cumulative.sum = 30'000, interval.cumulative.squares = 9e6;
  const auto quantum = [&] {
    for (const Term& term : make_energy(info, interval, {}).uncertainty.largest(9))
      if (term.name == info.source + " quantum") return term.joules;
    return 0.0;
  };
  EXPECT_NEAR(quantum(), 10 * 100 / std::sqrt(12.0), 1e-6);
  interval.cumulative.squares += 100 * 400;  // 20 W of noise
  EXPECT_NEAR(quantum(), 10 * 100 / std::sqrt(12.0 * 100), 1e-6);
}

TEST(Uncertainty, RandomTermsAddInQuadratureSystematicOnesOfANameLinearly) {
  Uncertainty sum;
  for (int i = 0; i < 4; ++i) sum.add({"edges", 3, false, false}), sum.add({"gain", 5, true, false});
  EXPECT_DOUBLE_EQ(sum.random(), 6);
  EXPECT_DOUBLE_EQ(sum.systematic(), 20);
  EXPECT_DOUBLE_EQ(sum.combined(), std::hypot(6, 20));
  sum.add({"other gain", 15, true, false});
  EXPECT_DOUBLE_EQ(sum.systematic(), 25);
}

TEST(Uncertainty, ADifferenceCancelsWhatItsPartsShare) {
  Uncertainty node, parts;
  node.add({"gain", 30, true, true});
  node.add({"edges", 3, false, false});
  parts.add({"gain", 20, true, true});
  parts.add({"edges", 4, false, false});
  parts.add({"own gain", 7, true, true});
  node.subtract(parts);
  EXPECT_DOUBLE_EQ(node.random(), 5);
  EXPECT_DOUBLE_EQ(node.systematic(), std::hypot(10, 7));
  for (const Term& term : node.largest(9)) EXPECT_GE(term.joules, 0) << term.name;
}

TEST(Uncertainty, AnIntervalHasGainOffsetEdgesSamplingAndGaps) {
  SensorInfo info = gauge_info();
  info.source = "meter";
  info.scale_tolerance = limit(0.06);
  info.offset = watts(2);
  Interval interval = steady(100, seconds(100));
  interval.cumulative.covered = seconds(90);
  interval.edges = 49;
  interval.cumulative.steps = 1200;
  const Energy energy = make_energy(info, interval, {watts(50), watts(170)});
  std::map<std::string, double> terms;
  for (const Term& term : energy.uncertainty.largest(9)) terms[term.name] = term.joules;
  EXPECT_NEAR(terms["meter gain"], 10'000 * 0.06 / std::sqrt(3), 1e-6);
  EXPECT_NEAR(terms["meter offset"], 200, 1e-6);
  EXPECT_NEAR(terms["meter start and end"], 7, 1e-6);
  EXPECT_NEAR(terms["meter sampling"], std::sqrt(1200 * 0.5), 1e-6) << "no autocorrelation known: white noise";
  EXPECT_NEAR(terms["meter gaps"], 120 * 10 / std::sqrt(12), 1e-6);
  EXPECT_DOUBLE_EQ(energy.coverage, 0.9);
  EXPECT_EQ(energy.kind, Provenance::measured);
}

// A gauge that stopped at the lowest power may have missed all of the range, and not half of it either way.
TEST(Uncertainty, AFillWithOneEndOfTheRangeMayBeOffByAllOfIt) {
  SensorInfo info = gauge_info();
  info.source = "meter";
  Interval interval = steady(100, seconds(100));
  interval.cumulative.covered = seconds(90);
  const auto gaps = [&](Joules filled) {
    interval.cumulative.filled = filled;
    const Energy energy = make_energy(info, interval, {watts(50), watts(170)});
    for (const Term& term : energy.uncertainty.terms())
      if (term.name == "meter gaps") return term.joules;
    return 0.0;
  };
  EXPECT_NEAR(gaps(joules(1100)), 1200 / std::sqrt(12), 1e-6);
  EXPECT_NEAR(gaps(joules(500)), 1200 / std::sqrt(3), 1e-6);
  EXPECT_NEAR(gaps(joules(1700)), 1200 / std::sqrt(3), 1e-6);
}

TEST(Uncertainty, CoverageStaysBetweenNoneAndAll) {
  Interval interval = steady(100, seconds(10));
  interval.cumulative.covered = seconds(11);
  EXPECT_EQ(make_energy(counter_info(), interval, {}).coverage, 1);
  interval.cumulative.covered = -seconds(1);
  EXPECT_EQ(make_energy(counter_info(), interval, {}).coverage, 0);
  interval.duration = {};
  EXPECT_EQ(make_energy(counter_info(), interval, {}).coverage, 0);
}

// uncertainty.md 7.1: at steady power a reading is stale by U(0, T), so that two edges have P T / sqrt(6).
TEST(EdgeUncertainty, OfACounterAtSteadyPower) {
  for (const std::int64_t update_interval_ms : {10, 100, 1000}) {
    SensorInfo info = counter_info(Domain::gpu);
    info.update_interval = millis(update_interval_ms);
    info.wrap = 0;
    Meter meter(info, info.update_interval.value);
    const auto step = static_cast<std::uint64_t>(345'000 * update_interval_ms);
    for (int i = 0; i <= 10; ++i)
      meter.add(sample(millis(update_interval_ms * i), step * static_cast<std::uint64_t>(i)));
    const Interval interval = meter.between(millis(update_interval_ms * 3), millis(update_interval_ms * 8));
    const double expected = 345 * to_seconds(info.update_interval.value) / std::sqrt(6);
    EXPECT_NEAR(std::sqrt(interval.edges), expected, 0.2 * expected) << update_interval_ms;
  }
}

// The same by experiment: a counter that is updated at an unknown time, read at both edges.
TEST(EdgeUncertainty, IsWhatAnExperimentScatters) {
  std::mt19937_64 random(1);
  const Nanos update_interval = millis(100);
  SensorInfo info = counter_info(Domain::gpu);
  info.update_interval = update_interval;
  info.wrap = 0;
  double squares = 0, stated = 0;
  constexpr int kRuns = 2000;
  for (int run = 0; run < kRuns; ++run) {
    const auto phase = static_cast<std::int64_t>(random() % 100'000'000),
               drift = static_cast<std::int64_t>(random() % 100'000'000);
    Meter meter(info, update_interval);
    const auto raw = [&](Nanos at) {
      return static_cast<std::uint64_t>((at.count() + phase) / 100'000'000) * 30'000'000;
    };
    const Nanos begin = seconds(1), end = seconds(3) + Nanos::of(drift);
    for (const Nanos at : {begin - millis(50), begin, begin + millis(70), end - millis(70), end, end + millis(50)})
      meter.add(sample(at, raw(at)));
    const Interval interval = meter.between(begin, end);
    const double error = to_joules(interval.cumulative.energy) - 300 * to_seconds(end - begin);
    squares += error * error;
    stated += interval.edges;
  }
  const double rms = std::sqrt(squares / kRuns);
  EXPECT_LT(rms, 0.6 * 300 * 0.1 / std::sqrt(6)) << "counts are dated by their ticks: better than as they are read";
  EXPECT_GE(std::sqrt(stated / kRuns), 0.8 * rms);
  EXPECT_LE(std::sqrt(stated / kRuns), 3 * rms);
}

// uncertainty.md 7.2: the stated uncertainty of sampling a wandering load, compared with the true energy.
TEST(SamplingUncertainty, CoversTheErrorOfAWanderingLoad) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> noise(0, 1);
  double squares = 0, stated = 0;
  constexpr int kRuns = 200;
  for (int run = 0; run < kRuns; ++run) {
    SensorInfo info = gauge_info();
    info.scale_tolerance = {};
    info.update_interval = millis(1);
    Meter meter(info, seconds(1));
    double power = 300, energy = 0;
    CumulativeEnergy begin;
    for (int i = 0; i <= 60'000; ++i) {  // 60 s in milliseconds, time constant 2 s, sigma 50 W
      if (i % 1000 == 0) meter.add(sample(millis(i), static_cast<std::uint64_t>(power * 1000)));
      if (i == 0) begin = meter.at({});
      if (i < 60'000) energy += power * 1e-3;
      power += (300 - power) / 2000 + 50 * std::sqrt(2.0 / 2000) * noise(random);
    }
    const Interval interval{meter.at(seconds(60)) - begin, seconds(60), 0};
    const Energy result = make_energy(info, interval, {watts(300), watts(300)});
    const double error = to_joules(*result.value) - energy;
    squares += error * error;
    stated += result.uncertainty.random() * result.uncertainty.random();
  }
  const double ratio = std::sqrt(stated / squares);
  EXPECT_GT(ratio, 0.85);
  EXPECT_LT(ratio, 2.0);
}

}  // namespace
}  // namespace nw
