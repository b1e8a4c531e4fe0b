// Meter over a counter. Gauges are in meter_gauge_test.cc.
#include "energy/meter.h"

#include <gtest/gtest.h>

#include "energy/energy.h"

#include "support/invented.h"

namespace nw {
namespace {
using test::counter_info;
using test::failed;
using test::sample;

// A counter of 1 uJ at a power that the test sets, read once a second into a meter.
struct Bench {
  explicit Bench(SensorInfo p = counter_info(), Nanos every = seconds(1))
      : info(std::move(p)), period(every), meter(info, every) {}

  void draw(Watts power, Nanos time) {
    energy += power * time;
    now += time;
  }
  void read() { meter.add(sample(now, test::raw_of(info, start, energy))); }
  void run(Watts power, int readings) {
    for (int i = 0; i < readings; ++i) draw(power, period), read();
  }
  CumulativeEnergy cumulative() const { return meter.at(now); }
  std::uint64_t count(Anomaly anomaly) const { return meter.anomalies().count(anomaly); }

  SensorInfo info;
  Nanos period;
  Meter meter;
  Nanos now = seconds(100);
  Joules energy;
  std::uint64_t start = 1'000'000;
};

TEST(MeterCounter, SteadyPowerIsItsEnergy) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 60);
  EXPECT_EQ(bench.cumulative().energy, joules(12'000));
  EXPECT_EQ(bench.cumulative().covered, seconds(60));
  EXPECT_EQ(bench.cumulative().filled, Joules{});
  EXPECT_EQ(bench.meter.max_power(), watts(200));
  EXPECT_EQ(bench.meter.min_power(), watts(200));
  EXPECT_TRUE(bench.meter.responsive());
  EXPECT_FALSE(bench.meter.unresponsive());
}

TEST(MeterCounter, FailedReadsInTheMiddleCostNothing) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 5);
  for (int i = 0; i < 20; ++i) {
    bench.draw(watts(350), seconds(1));
    bench.meter.add(failed(bench.now));
  }
  bench.run(watts(200), 5);
  EXPECT_EQ(bench.cumulative().energy, bench.energy);
  EXPECT_EQ(bench.cumulative().covered, seconds(30));
  EXPECT_EQ(bench.count(Anomaly::read_failed), 20u);
}

TEST(MeterCounter, HoldsTheLastPowerWhileReadsFail) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 5);
  for (int i = 0; i < 3; ++i) bench.draw(watts(200), seconds(1)), bench.meter.add(failed(bench.now));
  EXPECT_EQ(bench.cumulative().energy, joules(1600));
  EXPECT_EQ(bench.cumulative().covered, seconds(5)) << "held is not measured";
}

TEST(MeterCounter, AWrapIsCountedAndNamed) {
  Bench bench;
  bench.start = bench.info.wrap - 300'000'000;
  bench.read();
  bench.run(watts(200), 10);
  EXPECT_EQ(bench.cumulative().energy, joules(2000));
  EXPECT_EQ(bench.count(Anomaly::wrap), 1u);
}

TEST(MeterCounter, AnAmbiguousWrapIsFilledOnceAndNotCovered) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 10);
  bench.draw(watts(200), seconds(1000));
  bench.read();
  bench.run(watts(200), 10);
  EXPECT_EQ(bench.count(Anomaly::ambiguous_wrap), 1u);
  EXPECT_EQ(bench.count(Anomaly::stuck), 0u);
  EXPECT_EQ(bench.cumulative().energy, joules(200 * 1020));
  EXPECT_EQ(bench.cumulative().filled, joules(200'000));
  EXPECT_EQ(bench.cumulative().covered, seconds(20));
}

TEST(MeterCounter, AResetIsFilledWithThePowerBefore) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 10);
  bench.start = 0;
  bench.energy = {};
  bench.draw(watts(200), millis(500));
  bench.now += millis(500);
  bench.read();
  bench.run(watts(200), 10);
  EXPECT_EQ(bench.count(Anomaly::reset), 1u);
  EXPECT_EQ(bench.cumulative().energy, joules(200 * 21));
  EXPECT_EQ(bench.cumulative().filled, joules(200));
  EXPECT_EQ(bench.cumulative().covered, seconds(20));
}

TEST(MeterCounter, AResetAfterALongSilenceIsFilledOnce) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 10);
  for (int i = 0; i < 30; ++i) bench.now += seconds(1), bench.meter.add(failed(bench.now));
  bench.start = 0;
  bench.energy = {};
  bench.now += seconds(1);
  bench.read();
  bench.run(watts(200), 10);
  EXPECT_EQ(bench.count(Anomaly::reset), 1u);
  EXPECT_EQ(bench.count(Anomaly::stuck), 0u);
  EXPECT_EQ(bench.cumulative().energy, joules(200 * 51));
  EXPECT_EQ(bench.cumulative().filled, joules(200 * 31));
  EXPECT_EQ(bench.cumulative().covered, seconds(20));
}

TEST(MeterCounter, BackwardsByALittleCostsNothing) {
  Bench bench;
  bench.start = 50'000'000'000;
  bench.read();
  bench.run(watts(200), 5);
  bench.draw(watts(200), seconds(1));
  bench.meter.add(sample(bench.now, test::raw_of(bench.info, bench.start, joules(990))));
  bench.run(watts(200), 5);
  EXPECT_EQ(bench.count(Anomaly::backwards), 1u);
  EXPECT_EQ(bench.cumulative().energy, bench.energy);
  EXPECT_EQ(bench.cumulative().covered, seconds(11));
}

TEST(MeterCounter, ASpikeCostsNothing) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 5);
  bench.draw(watts(200), seconds(1));
  bench.meter.add(sample(bench.now, bench.info.wrap - 1));
  bench.run(watts(200), 5);
  EXPECT_EQ(bench.count(Anomaly::absurd), 1u);
  EXPECT_EQ(bench.cumulative().energy, bench.energy);
  EXPECT_EQ(bench.meter.max_power(), watts(200));
}

TEST(MeterCounter, AJumpForGoodIsNoEnergy) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 5);
  bench.start += 100'000'000'000;
  bench.run(watts(200), 5);
  EXPECT_EQ(bench.cumulative().energy, joules(2000));
  EXPECT_EQ(bench.cumulative().filled, joules(200)) << "the second in which it jumped";
  EXPECT_EQ(bench.cumulative().covered, seconds(9));
}

TEST(MeterCounter, AnAbsurdFirstReading) {
  Bench bench;
  bench.meter.add(sample(bench.now, UINT64_MAX));
  bench.run(watts(200), 11);
  EXPECT_EQ(bench.count(Anomaly::absurd), 1u);
  EXPECT_EQ(bench.cumulative().covered, seconds(10));
  EXPECT_EQ(bench.cumulative().energy, joules(2000));
  EXPECT_EQ(bench.meter.lead_in(seconds(100)), joules(200));
}

TEST(MeterCounter, TheTimeBeforeALateFirstReading) {
  Bench bench;
  for (int i = 0; i < 5; ++i) bench.meter.add(failed(bench.now)), bench.draw(watts(200), seconds(1));
  bench.read();
  bench.run(watts(200), 5);
  EXPECT_EQ(bench.cumulative().energy, joules(1000));
  EXPECT_EQ(bench.cumulative().covered, seconds(5));
  EXPECT_EQ(bench.meter.lead_in(seconds(100)), joules(1000));
  EXPECT_EQ(bench.meter.lead_in(seconds(103)), joules(400));
  EXPECT_EQ(bench.meter.lead_in(seconds(106)), Joules{});
}

TEST(MeterCounter, StuckAfterTenSecondsAndMovingAgain) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 10);
  for (int i = 0; i < 30; ++i) bench.now += seconds(1), bench.read();
  EXPECT_EQ(bench.count(Anomaly::stuck), 1u);
  EXPECT_EQ(bench.cumulative().covered, seconds(10)) << "no second of the stillness was measured";
  EXPECT_EQ(bench.cumulative().filled, joules(200 * 30));
  EXPECT_EQ(bench.cumulative().energy, joules(200 * 40));
  bench.run(watts(200), 10);
  EXPECT_EQ(bench.count(Anomaly::stuck), 1u);
  EXPECT_EQ(bench.cumulative().covered, seconds(20));
  EXPECT_EQ(bench.cumulative().energy, joules(200 * 50));
}

TEST(MeterCounter, NineSecondsStillAreMeasuredStillness) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 10);
  for (int i = 0; i < 9; ++i) bench.now += seconds(1), bench.read();
  bench.run(watts(200), 1);
  EXPECT_EQ(bench.count(Anomaly::stuck), 0u);
  EXPECT_EQ(bench.cumulative().energy, bench.energy);
  EXPECT_EQ(bench.cumulative().covered, seconds(20));
}

// A driver that shows one count for a while, and then all of it.
struct Still : Bench {
  Still() : Bench(counter_info(), millis(100)) { read(), run(watts(200), 50); }
  // The meter sees the count from before for this time.
  void stand_still(Watts power, Nanos time) {
    const std::uint64_t shown = test::raw_of(info, start, energy);
    for (const Nanos until = now + time; now < until;) draw(power, period), meter.add(sample(now, shown));
  }
};

TEST(MeterCounter, AStillnessThatIsCaughtUpLosesNothing) {
  for (const int s : {1, 2, 4, 9, 11, 40}) {
    Still bench;
    bench.stand_still(watts(200), seconds(s));
    bench.run(watts(200), 50);
    EXPECT_EQ(bench.cumulative().energy, bench.energy) << s;
    EXPECT_EQ(bench.cumulative().filled, Joules{}) << s;
    EXPECT_EQ(bench.cumulative().covered, seconds(10 + s)) << s;
    EXPECT_EQ(bench.count(Anomaly::reset) + bench.count(Anomaly::absurd), 0u) << s;
    EXPECT_EQ(bench.count(Anomaly::stuck), s > 10 ? 1u : 0u) << s;
    EXPECT_LE(*bench.meter.max_power(), watts(201)) << s << ": it was drawn in all that time, not at once";
  }
}

// The fill that stood in for it was ten times as much.
TEST(MeterCounter, CountsThatAreThereReplaceAFill) {
  Still bench;
  bench.stand_still(watts(20), seconds(40));
  bench.run(watts(20), 50);
  EXPECT_EQ(bench.cumulative().energy, bench.energy);
  EXPECT_EQ(bench.cumulative().filled, Joules{});
  EXPECT_EQ(bench.cumulative().covered, seconds(50));
}

// When in that time it was drawn is not known, whether the edge's energy is asked for during it or afterwards.
TEST(MeterCounter, AnEdgeInsideAStillnessIsUncertainByWhatWasDrawn) {
  Still bench;
  const double usual = bench.meter.edge_variance(bench.now);
  bench.stand_still(watts(150), seconds(3));
  const Nanos edge = bench.now - millis(50);
  const double truth = to_joules(bench.energy) - 7.5;
  const auto covers = [&] {
    const double uncertainty = std::sqrt(bench.meter.edge_variance(edge));
    return std::abs(to_joules(bench.meter.at(edge).energy) - truth) <= 1.96 * uncertainty && uncertainty < 600;
  };
  EXPECT_TRUE(covers()) << "nothing shown yet";
  bench.run(watts(150), 10);
  EXPECT_TRUE(covers()) << "caught up";
  EXPECT_LT(bench.meter.edge_variance(bench.now - millis(50)), usual + 10) << "not after it";
}

// psys of Sapphire Rapids steps by 1 J: at 0.4 W once in 2.5 s.
TEST(MeterCounter, ACoarseCounterIsNotStuck) {
  SensorInfo info = counter_info(Domain::psys);
  info.unit_num = kMicro;
  info.wrap = std::uint64_t{1} << 32;
  Bench bench(info, millis(100));
  bench.start = 5;
  bench.read();
  bench.run(Watts::of(400'000), 600);
  EXPECT_EQ(bench.count(Anomaly::stuck), 0u);
  EXPECT_EQ(bench.cumulative().energy, joules(24));
  EXPECT_EQ(bench.cumulative().covered, seconds(60));
  EXPECT_LE(bench.meter.max_power().value_or(Watts{}), watts(1)) << "one step in 100 ms is not 10 W";
}

// NVML updates its counter every 100 ms; read every 100 ms or faster, single differences are 0 or double.
TEST(MeterCounter, TheGreatestPowerIsOfTimesThatTheCounterResolves) {
  SensorInfo info = counter_info(Domain::gpu);
  info.update_interval = millis(100);
  info.unit_num = 1000;
  info.wrap = 0;
  Meter meter(info, millis(100));
  for (int i = 0; i <= 2000; ++i) {  // every 5 ms, as when events come fast
    const Nanos now = millis(5 * i + 3);
    meter.add(sample(now, static_cast<std::uint64_t>(now.count() / 100'000'000) * 30'000));
  }
  ASSERT_TRUE(meter.max_power().has_value());
  EXPECT_LE(*meter.max_power(), watts(375));
  EXPECT_GE(*meter.max_power(), watts(299));
  EXPECT_GE(*meter.min_power(), watts(225));
}

TEST(MeterCounter, DeadFromTheStart) {
  SensorInfo info = counter_info(Domain::psys);
  for (const auto& [raw, until_dead] : {std::pair<std::uint64_t, Nanos>{0, millis(100)}, {77, seconds(2)}}) {
    Meter meter(info, millis(50));
    Nanos now = seconds(9);
    for (; now < seconds(9) + until_dead; now += millis(50)) {
      meter.add(sample(now, raw));
      EXPECT_FALSE(meter.unresponsive());
    }
    meter.add(sample(now, raw));
    EXPECT_TRUE(meter.unresponsive());
    meter.close();
    meter.close();
    EXPECT_EQ(meter.anomalies().count(Anomaly::dead), 1u);
    EXPECT_FALSE(meter.responsive());
    EXPECT_EQ(meter.anomalies().count(Anomaly::stuck), 0u);
  }
}

TEST(MeterCounter, NeverReadIsNeitherDeadNorAlive) {
  Meter meter(counter_info(), seconds(1));
  EXPECT_EQ(meter.at(seconds(5)).energy, Joules{});
  EXPECT_EQ(meter.edge_variance(seconds(5)), 0);
  for (int i = 0; i < 5; ++i) meter.add(failed(seconds(i), Status::denied));
  EXPECT_FALSE(meter.responsive());
  EXPECT_FALSE(meter.unresponsive());
  EXPECT_EQ(meter.at(seconds(5)).covered, Nanos{});
}

// Where a phase ends while a sensor cannot be read, its energy is an estimate and the uncertainty reflects that.
TEST(MeterCounter, AnEdgeWithoutAReadingIsUncertain) {
  Bench bench;
  bench.read();
  bench.run(watts(200), 20);
  const double before = bench.meter.edge_variance(bench.now);
  for (int i = 0; i < 5; ++i) bench.draw(watts(20), seconds(1)), bench.meter.add(failed(bench.now));
  const Joules guess = bench.cumulative().energy;
  const double uncertainty = std::sqrt(bench.meter.edge_variance(bench.now));
  EXPECT_GT(uncertainty, std::sqrt(before));
  EXPECT_LE(to_joules(guess - bench.energy), 1.96 * uncertainty);
  bench.read();
  EXPECT_LT(bench.meter.edge_variance(bench.now), 100);
}

TEST(MeterCounter, LateReadingsAreNamed) {
  Bench bench;
  bench.read();
  bench.run(watts(100), 3);
  EXPECT_EQ(bench.count(Anomaly::late), 0u);
  bench.draw(watts(100), millis(2001));
  bench.read();
  EXPECT_EQ(bench.count(Anomaly::late), 1u);
}

TEST(MeterCounter, InterpolatesBetweenReadingsAndBeyondThem) {
  Bench bench;
  bench.read();
  bench.run(watts(100), 1);
  bench.run(watts(300), 1);
  EXPECT_EQ(bench.meter.at(bench.now - millis(500)).energy, joules(250));
  EXPECT_EQ(bench.meter.at(bench.now - seconds(1)).energy, joules(100));
  EXPECT_EQ(bench.meter.at(bench.now + millis(10)).energy, joules(403));
  EXPECT_EQ(bench.meter.at(bench.now - seconds(3)).energy, joules(-100));
}

// NVML's counter has a new count every 100 ms; a phase of half a second begins with the program, from idle. Settled
// before the counter was updated again it would have what was drawn at idle power, or a share of the step before it.
TEST(MeterCounter, AnInnerEdgeWaitsForTheNextUpdates) {
  SensorInfo info = counter_info(Domain::gpu);
  info.update_interval = millis(100);
  info.unit_num = 1000;
  info.wrap = 0;
  const auto energy_at = [](Nanos time) {
    return 40 * to_seconds(time) + 360 * std::clamp(to_seconds(time - millis(1030)), 0.0, 0.5);
  };
  for (int phase = 0; phase < 100; phase += 10) {
    Meter meter(info, millis(10));
    std::optional<Meter::Edge> first, last;
    for (Nanos at = seconds(1); at <= seconds(3); at += millis(10)) {
      const Nanos update = Nanos::of((at.count() - phase * kMicro) / (100 * kMicro) * (100 * kMicro) + phase * kMicro);
      meter.add(sample(at, static_cast<std::uint64_t>(energy_at(update) * 1000)));
      if (at <= millis(1030)) continue;
      if (!first) first = meter.inner_edge(millis(1030), false);
      if (!last && at > millis(1530)) last = meter.inner_edge(millis(1530), false);
    }
    ASSERT_TRUE(first && last);
    const double joules = to_joules(last->cumulative.energy - first->cumulative.energy);
    EXPECT_NEAR(joules, 200, 8) << phase;
    EXPECT_LE(std::abs(joules - 200), 1.96 * std::sqrt(first->variance + last->variance)) << phase;
  }
}

// A BMC's counter that moves by 0.001 kWh, read every 5 s, as the redfish driver hands it on: without a device time.
Energy coarse_run(int phase) {
  SensorInfo info = counter_info(Domain::node);
  info.unit_num = 3'600'000;  // 1e-6 kWh
  info.wrap = 0;
  info.update_interval = millis(7200);
  info.max_power = watts(20'720);
  info.scale_tolerance = {};
  Meter meter(info, seconds(1));
  const Nanos begin = seconds(300) + millis(phase * 450), end = begin + seconds(60);
  std::optional<Meter::Edge> first;
  for (int s = 5; s < 430 && seconds(s) <= end + seconds(5); ++s) {
    const Nanos read = seconds(s / 5 * 5);
    Sample sample = test::sample(seconds(s), static_cast<std::uint64_t>(to_seconds(read) * 500 / 3600) * 1000);
    sample.taken = read;
    if (seconds(s) <= end) meter.add(sample);
    if (seconds(s) > begin && !first) first = meter.begin_edge(begin);
  }
  const Meter::Edge last = meter.end_edge(end);
  if (!first) return {};
  return make_energy(info, {last.cumulative - first->cumulative, end - begin, first->variance + last.variance}, {});
}

TEST(MeterCounter, OneOfCoarseStepsCoversTheTruthAtEveryPhase) {
  for (int phase = 0; phase < 16; ++phase) {
    const Energy energy = coarse_run(phase);
    ASSERT_TRUE(energy.value);
    EXPECT_LE(std::abs(to_joules(*energy.value) - 30'000), energy.uncertainty.expanded()) << phase;
  }
}

}  // namespace
}  // namespace nw
