// Meter over a gauge: the trapezoid, its gaps, its window.
#include <gtest/gtest.h>

#include <algorithm>

#include "energy/meter.h"
#include "support/invented.h"

namespace nw {
namespace {
using test::failed;
using test::gauge_info;
using test::sample;

std::uint64_t milliwatts(double power) { return static_cast<std::uint64_t>(power * 1000); }

TEST(MeterGauge, TheTrapezoidOverItsReadings) {
  Meter meter(gauge_info(), seconds(1));
  meter.add(sample(seconds(1), milliwatts(100)));
  meter.add(sample(seconds(2), milliwatts(200)));
  meter.add(sample(seconds(4), milliwatts(100)));
  EXPECT_EQ(meter.at(seconds(4)).energy, joules(150 + 300));
  EXPECT_EQ(meter.at(seconds(4)).covered, seconds(3));
  EXPECT_EQ(meter.max_power(), watts(200));
  EXPECT_EQ(meter.min_power(), watts(100));
}

TEST(MeterGauge, WholeWattsLoseNothingOverShortTimes) {
  SensorInfo info = gauge_info(Domain::node);
  info.unit_num = kMicro;
  Meter meter(info, millis(100));
  meter.add(sample(seconds(1), 451));
  meter.add(sample(millis(1100), 452));
  EXPECT_EQ(meter.at(millis(1100)).energy, Joules::of(45'150'000));
  meter.add(sample(millis(1103), 452));
  EXPECT_EQ(meter.at(millis(1103)).energy, Joules::of(45'150'000 + 1'356'000));
}

TEST(MeterGauge, AGapOfMoreThanThreePeriodsIsFilled) {
  Meter meter(gauge_info(), seconds(1));
  meter.add(sample(seconds(1), milliwatts(100)));
  meter.add(sample(seconds(4), milliwatts(100)));
  EXPECT_EQ(meter.anomalies().count(Anomaly::gap), 0u) << "three periods are no gap";
  meter.add(sample(seconds(14), milliwatts(300)));
  EXPECT_EQ(meter.anomalies().count(Anomaly::gap), 1u);
  const CumulativeEnergy cumulative = meter.at(seconds(14));
  EXPECT_EQ(cumulative.energy, joules(300 + 2000));
  EXPECT_EQ(cumulative.filled, joules(2000));
  EXPECT_EQ(cumulative.covered, seconds(3));
}

// A bus's answer is valid for 50 sample sets, and then the next: two readings, whatever is learnt about the device's
// clock.
TEST(MeterGauge, AnAnswerThatStandsIsOneReading) {
  SensorInfo info = gauge_info(Domain::node);
  info.update_interval = seconds(5);
  Meter meter(info, millis(100));
  for (int answer = 0; answer < 60; ++answer)
    for (int sample_set = 0; sample_set < 50; ++sample_set) {
      Sample one = sample(seconds(5 * answer) + millis(100 * sample_set), milliwatts(100 + answer));
      one.taken = seconds(5 * answer) + millis(answer * 37 % 90);
      one.device_time = seconds(1000 + 5 * answer) + Nanos::of(1'000'000);
      meter.add(one);
    }
  EXPECT_EQ(meter.at(seconds(300)).count, 60);
}

TEST(MeterGauge, FailedReadsAreBridged) {
  Meter meter(gauge_info(), seconds(1));
  meter.add(sample(seconds(1), milliwatts(100)));
  meter.add(sample(seconds(2), milliwatts(100)));
  meter.add(failed(seconds(3)));
  EXPECT_EQ(meter.at(seconds(3)).energy, joules(200)) << "held";
  meter.add(sample(seconds(4), milliwatts(300)));
  EXPECT_EQ(meter.at(seconds(4)).energy, joules(100 + 400));
  EXPECT_EQ(meter.anomalies().count(Anomaly::read_failed), 1u);
}

// The meter's reading at t is the mean of the second before t, and half an update old in the mean: the load stepped
// 0.55 s before the reading shows half of it.
TEST(MeterGauge, ReadingsAreSetBackByHalfTheWindowAndHalfAnUpdate) {
  SensorInfo info = gauge_info();
  info.averaging_window = seconds(1);
  Meter meter(info, millis(100));
  for (int i = 0; i <= 100; ++i) {  // 100 W, from 5 s on 500 W
    const double now = 0.1 * i, share = std::clamp(now - 5.05, 0.0, 1.0);
    meter.add(sample(millis(100 * i), milliwatts(100 + 400 * share)));
  }
  const CumulativeEnergy whole = meter.at(millis(9500)) - meter.at(millis(7000));
  EXPECT_NEAR(to_joules(whole.energy), 2.5 * 500, 0.01);
  EXPECT_NEAR(to_joules(meter.at(millis(9500)).energy), 500 + 55 + 4.5 * 500, 3.0)
      << "from -0.55 s: 5.55 s at 100 W, 4.5 s at 500 W";
  EXPECT_EQ(meter.anomalies().count(Anomaly::late), 0u) << "every reading was in time";
  EXPECT_EQ(meter.anomalies().count(Anomaly::gap), 0u);
}

// A gauge that has a new mean over the last second ten times a second, of a part that draws nothing but 50 W outside of
// [10 s, 10 s + duration) and 450 W inside; read ten times a second, `age` after each update.
struct Windowed {
  explicit Windowed(Nanos age) : meter(make_info(), millis(100)), age_(age) {}
  static SensorInfo make_info() {
    SensorInfo info = gauge_info();
    info.averaging_window = seconds(1);
    return info;
  }
  double joules_until(Nanos time) const {
    return 50 * to_seconds(time) + 400 * std::clamp(to_seconds(time - seconds(10)), 0.0, to_seconds(duration));
  }
  void read(Nanos at) {
    meter.add(sample(at, milliwatts(joules_until(at - age_) - joules_until(at - age_ - seconds(1)))));
  }
  Meter meter;
  Nanos duration = seconds(1);

 private:
  Nanos age_;
};

// Interpolated at the run's begin, an eighth of what is drawn in a window was lost: a run of a second was 11 % too low.
TEST(MeterGauge, AShortRunHasAllThatItDrew) {
  for (const int age : {0, 30, 50, 70, 100}) {
    Windowed gauge{millis(age)};
    const Nanos begin = seconds(10), end = begin + gauge.duration;
    std::optional<Meter::Edge> first;
    for (Nanos at = begin; at <= end; at += millis(100)) {
      gauge.read(at);
      if (at > begin && !first) first = gauge.meter.begin_edge(begin);
    }
    const Meter::Edge last = gauge.meter.end_edge(end);
    ASSERT_TRUE(first);
    const double joules = to_joules(last.cumulative.energy - first->cumulative.energy);
    const double half = 1.96 * std::sqrt(first->variance + last.variance);
    EXPECT_NEAR(joules, 450, std::min(half, 45.0)) << age;
    EXPECT_LT(half, 0.2 * 450) << age;
  }
}

// Inside a run the readings after an edge are known as well, a window later.
TEST(MeterGauge, AnInnerEdgeWaitsForAWindowAfterIt) {
  Windowed gauge{millis(50)};
  gauge.duration = seconds(3);
  const Nanos begin = seconds(10), end = seconds(13);
  std::optional<Meter::Edge> first, last;
  for (Nanos at = seconds(8); at <= seconds(16); at += millis(100)) {
    gauge.read(at);
    if (!first) first = gauge.meter.inner_edge(begin, false);
    if (!last) last = gauge.meter.inner_edge(end, false);
    EXPECT_EQ(first.has_value(), at >= begin + millis(1100)) << at.count();
  }
  ASSERT_TRUE(first && last);
  EXPECT_NEAR(to_joules(last->cumulative.energy - first->cumulative.energy), 3 * 450, 5);
}

// Milliwatts that change at each update, then one value for `held`, then as before.
Meter stopped_gauge(Nanos held, std::uint64_t quantum) {
  Meter meter(gauge_info(), millis(100));
  const auto value = [&](int i) {
    return (60'000 + static_cast<std::uint64_t>(i * i * 7919 % 190'003)) / quantum * quantum;
  };
  Nanos at = seconds(1);
  for (int i = 0; i < 30; ++i, at += millis(100)) meter.add(sample(at, value(i)));
  for (const Nanos until = at + held; at < until; at += millis(100)) meter.add(sample(at, value(29)));
  for (int i = 30; i < 100; ++i, at += millis(100)) meter.add(sample(at, value(i)));
  return meter;
}

TEST(MeterGauge, OneThatStoppedDidNotMeasure) {
  for (const int s : {2, 4, 10, 40}) {
    const Meter meter = stopped_gauge(seconds(s), 1);
    EXPECT_EQ(meter.anomalies().count(Anomaly::stuck), 1u) << s;
    const CumulativeEnergy cumulative = meter.at(seconds(11 + s)) - meter.at(seconds(11 + s) - seconds(5));
    const CumulativeEnergy whole = meter.at(seconds(11 + s));
    EXPECT_GT(cumulative.covered, Nanos{}) << "what follows has an energy";
    EXPECT_NEAR(to_seconds(whole.covered), 10, 0.7) << s;
    EXPECT_GT(to_joules(whole.filled), 60.0 * (s - 0.5)) << s;
    EXPECT_LE(whole.filled, whole.energy);
  }
}

TEST(MeterGauge, OneThatRepeatsAValueByChanceMeasures) {
  EXPECT_EQ(stopped_gauge(millis(700), 1).anomalies().count(Anomaly::stuck), 0u) << "for too short a time";
  EXPECT_EQ(stopped_gauge(seconds(10), 1000).anomalies().count(Anomaly::stuck), 0u) << "whole watts";
  Meter meter(gauge_info(), millis(100));
  for (int i = 0; i < 400; ++i)  // at work every other 10 s, asleep between
    meter.add(
        sample(millis(100 * i), i / 100 % 2 == 0 ? 20'000 : milliwatts(200) + static_cast<std::uint64_t>(i * i % 97)));
  EXPECT_EQ(meter.anomalies().count(Anomaly::stuck), 0u) << "the lowest value is that of sleep";
}

TEST(MeterGauge, TheAbsurdIsDroppedHoweverLarge) {
  for (const std::uint64_t raw : {std::uint64_t{2'000'001}, std::uint64_t{1} << 40, std::uint64_t{1} << 62,
                                  std::uint64_t{1} << 63, (std::uint64_t{1} << 63) / 125, UINT64_MAX - 5, UINT64_MAX}) {
    Meter meter(gauge_info(), seconds(1));
    meter.add(sample(seconds(1), milliwatts(100)));
    meter.add(sample(seconds(2), raw));
    meter.add(sample(seconds(3), milliwatts(100)));
    EXPECT_EQ(meter.anomalies().count(Anomaly::absurd), 1u) << raw;
    EXPECT_EQ(meter.at(seconds(3)).energy, joules(200)) << raw;
    EXPECT_EQ(meter.max_power(), watts(100)) << raw;
    EXPECT_EQ(meter.min_power(), watts(100)) << raw;
  }
}

TEST(MeterGauge, WithoutAMaxPowerHugeIsStillNotNegative) {
  SensorInfo info = gauge_info();
  info.max_power = {};
  Meter meter(info, seconds(1));
  meter.add(sample(seconds(1), milliwatts(100)));
  meter.add(sample(seconds(2), UINT64_MAX));
  meter.add(sample(seconds(3), milliwatts(100)));
  EXPECT_GE(meter.at(seconds(3)).energy, Joules{});
}

TEST(MeterGauge, AnAbsurdFirstReadingThenGoodOnes) {
  Meter meter(gauge_info(), seconds(1));
  meter.add(sample(seconds(1), UINT64_MAX));
  meter.add(sample(seconds(2), milliwatts(100)));
  meter.add(sample(seconds(3), milliwatts(100)));
  EXPECT_EQ(meter.at(seconds(3)).covered, seconds(1));
  EXPECT_EQ(meter.at(seconds(3)).energy, joules(100));
  EXPECT_EQ(meter.lead_in(seconds(1)), joules(100));
}

TEST(MeterGauge, AlwaysZeroIsDead) {
  Meter meter(gauge_info(), seconds(1));
  for (int i = 0; i < 4; ++i) meter.add(sample(seconds(i), 0));
  EXPECT_TRUE(meter.unresponsive());
  EXPECT_FALSE(meter.responsive());
  meter.add(sample(seconds(5), milliwatts(60)));
  EXPECT_FALSE(meter.unresponsive()) << "a GPU that was asleep";
}

TEST(MeterGauge, TimeThatGoesBackIsIgnored) {
  Meter meter(gauge_info(), seconds(1));
  meter.add(sample(seconds(5), milliwatts(100)));
  meter.add(sample(seconds(6), milliwatts(100)));
  meter.add(sample(seconds(2), milliwatts(900)));
  meter.add(sample(seconds(6), milliwatts(900)));
  meter.add(sample(seconds(7), milliwatts(100)));
  EXPECT_EQ(meter.at(seconds(7)).energy, joules(200));
  EXPECT_EQ(meter.at(seconds(7)).covered, seconds(2));
}

}  // namespace
}  // namespace nw
