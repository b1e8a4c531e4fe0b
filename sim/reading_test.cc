// Each inaccuracy by itself, compared with a true power known by hand: 100 W, and 300 W from 10 s to 20 s.
#include <cmath>
#include <set>

#include "sim/machines_for_test.h"

namespace nw::sim {
namespace {

constexpr std::uint64_t kJoule = 1'000'000;  // in counts of the test's sensors

Fault make_fault(Fault::Kind kind, Nanos from, Nanos to = {}, double amount = 0) {
  Fault fault;
  fault.kind = kind;
  fault.from = from;
  fault.to = to;
  fault.amount = amount;
  return fault;
}

TEST(Reading, APerfectCounterAndAPerfectGauge) {
  const Machine counter = play(make_counter()), gauge = play(make_gauge());
  EXPECT_EQ(value(counter, seconds(10)), 1000 * kJoule);
  EXPECT_EQ(value(counter, seconds(20)), 4000 * kJoule);
  EXPECT_EQ(value(gauge, seconds(15)), 300 * kJoule);
  EXPECT_EQ(value(gauge, seconds(25)), 100 * kJoule);
}

TEST(Reading, IsAPureFunctionOfTime) {
  Instrument i = make_gauge();
  i.noise_w = 5;
  const Machine one = play(i), other = play(i);
  const std::uint64_t late = value(one, seconds(17)), early = value(one, seconds(2));
  EXPECT_EQ(value(other, seconds(2)), early);
  EXPECT_EQ(value(other, seconds(17)), late);
}

TEST(Reading, RefreshAndPhase) {
  Instrument i = make_counter();
  i.refresh = millis(100);
  i.phase = millis(30);
  const Machine m = play(i);
  EXPECT_EQ(value(m, millis(5029)), 493 * kJoule);
  EXPECT_EQ(value(m, millis(5030)), 503 * kJoule);
  EXPECT_EQ(value(m, millis(5129)), 503 * kJoule);
}

TEST(Reading, JitterMakesEachNewValueLateByItsOwn) {
  Instrument i = make_counter();
  i.refresh = seconds(1);
  i.jitter = millis(400);
  const Machine m = play(i);
  std::set<std::int64_t> lateness;
  for (int k = 1; k < 20; ++k) {
    EXPECT_EQ(m.read(0, seconds(k) - Nanos::of(1)).moment, m.read(0, seconds(k) - millis(500)).moment);
    const Nanos at = m.read(0, seconds(k) + millis(400)).moment;
    EXPECT_GE(at, seconds(k));
    EXPECT_LE(at, seconds(k) + millis(400));
    EXPECT_LT(m.read(0, at - Nanos::of(1)).moment, seconds(k)) << "until then the value before";
    EXPECT_EQ(m.read(0, at).moment, at);
    lateness.insert((at - seconds(k)).count());
  }
  EXPECT_EQ(lateness.size(), 19u);
}

TEST(Reading, Delay) {
  Instrument i = make_counter();
  i.delay = millis(250);
  EXPECT_EQ(value(play(i), millis(5250)), 500 * kJoule);
}

TEST(Reading, QuantumUnitAndWrapAsThePowercapDoesThem) {
  Instrument i = make_counter();
  i.quantum = 61.035e-6;
  i.wrap = 1u << 24;
  const Machine m = play(i);
  const auto counts = static_cast<std::uint64_t>(1000 / 61.035e-6);
  EXPECT_EQ(value(m, seconds(10)), counts * 61035 / 1000);
  const auto more = static_cast<std::uint64_t>(3999.9 / 61.035e-6);
  ASSERT_GT(more, std::uint64_t{1} << 24);
  const auto said = value(m, millis(19'999) + Nanos::of(666'666));
  EXPECT_LT(said, (std::uint64_t{1} << 24) * 61035 / 1000) << "it wrapped";
  EXPECT_NEAR(static_cast<double>(said), static_cast<double>(more % (1u << 24) * 61035 / 1000), 1e6);
}

TEST(Reading, ACounterStartsSomewhere) {
  Instrument i = make_counter();
  i.start_j = 77;
  EXPECT_EQ(value(play(i), seconds(1)), 177 * kJoule);
}

TEST(Reading, AGaugeInWholeWatts) {
  Instrument i = make_gauge();
  i.quantum = 1;
  i.gain = 1.0049;
  EXPECT_EQ(value(play(i), seconds(5)), 100 * kJoule);
  i.gain = 1.0051;
  EXPECT_EQ(value(play(i), seconds(5)), 101 * kJoule);
}

TEST(Reading, GainAndOffset) {
  Instrument i = make_counter();
  i.gain = 0.945;
  i.offset_w = 2;
  EXPECT_EQ(value(play(i), seconds(10)), 965 * kJoule);
  Instrument g = make_gauge();
  g.gain = 1.05;
  g.offset_w = -3;
  EXPECT_EQ(value(play(g), seconds(15)), 312 * kJoule);
  g.offset_w = -1000;
  EXPECT_EQ(value(play(g), seconds(15)), 0u);
}

TEST(Reading, ABoxcarLooksBack) {
  Instrument i = make_gauge();
  i.window = seconds(2);
  EXPECT_EQ(value(play(i), seconds(11)), 200 * kJoule) << "half of it before the step";
  EXPECT_EQ(value(play(i), seconds(12)), 300 * kJoule);
}

// 25 of every 100 ms: a load of 100 ms is seen at one phase for ever, one of 101 ms at all of them in turn.
TEST(Reading, PartTimeSamplingLocksIn) {
  const auto error_at = [](Nanos period, Measure measure) {
    Scenario s = one_gpu();
    s.end = seconds(200);
    s.pieces[0].to = seconds(111);
    s.pieces[0].period = period;
    s.pieces[0].depth = 1;
    Instrument i = measure == Measure::gauge ? make_gauge() : make_counter();
    i.refresh = millis(100);
    i.window = millis(25);
    s.instruments = {i};
    const Machine m = play(s);
    const Nanos from = seconds(10), to = from + Nanos::of(101'000'000'000);
    double seen = 0;
    if (measure == Measure::counter)
      seen = static_cast<double>(value(m, to) - value(m, from)) * 1e-6;
    else
      for (Nanos t = from + millis(100); t <= to; t += millis(100)) seen += static_cast<double>(value(m, t)) * 1e-7;
    const double truth = m.energy(0, from, to);
    return (seen - truth) / (truth - 100 * 101);
  };
  for (const Measure measure : {Measure::gauge, Measure::counter}) {
    EXPECT_NEAR(error_at(millis(100), measure), -1, 0.01) << "it sees the low half alone";
    EXPECT_NEAR(error_at(millis(101), measure), 0, 0.01);
  }
}

TEST(Reading, FilteringBlursEdgesAndNeverRunsBackwards) {
  Instrument i = make_counter();
  i.filter = millis(10);
  const Machine m = play(i);
  std::uint64_t before = 0;
  std::set<std::int64_t> lags;
  for (Nanos t = seconds(2); t < seconds(3); t += millis(1)) {
    const std::uint64_t now = value(m, t);
    EXPECT_GE(now, before);
    before = now;
    const auto lag = static_cast<std::int64_t>(100e-3 * static_cast<double>(t.count()) * 1e-6 * 1e4) -
                     static_cast<std::int64_t>(now / 100);
    lags.insert(lag);
    EXPECT_GE(lag, -1);
    EXPECT_LE(lag, 5001) << "at most half a slice: 5 ms at 100 W";
  }
  EXPECT_GT(lags.size(), 100u);
}

TEST(Reading, AGaugesOwnNoise) {
  Instrument i = make_gauge();
  i.noise_w = 5;
  const Machine m = play(i);
  double sum = 0, squares = 0;
  for (int k = 0; k < 90; ++k) {
    const double off = static_cast<double>(value(m, seconds(1) + millis(100 * k))) * 1e-6 - 100;
    sum += off;
    squares += off * off;
  }
  EXPECT_NEAR(sum / 90, 0, 5 * 3 / std::sqrt(90));
  EXPECT_NEAR(std::sqrt(squares / 90), 5, 1.5);
}

TEST(Reading, Reset) {
  Instrument i = make_counter();
  i.start_j = 50;
  const Machine m = play(i, {make_fault(Fault::Kind::reset, seconds(3)), make_fault(Fault::Kind::reset, seconds(6))});
  EXPECT_EQ(value(m, millis(2999)), 349'900'000u);
  EXPECT_EQ(value(m, seconds(3)), 0u);
  EXPECT_EQ(value(m, seconds(4)), 100 * kJoule);
  EXPECT_EQ(value(m, seconds(8)), 200 * kJoule);
}

TEST(Reading, Freeze) {
  const Machine m = play(make_counter(), {make_fault(Fault::Kind::freeze, seconds(3), seconds(5))});
  EXPECT_EQ(value(m, seconds(3)), 300 * kJoule);
  EXPECT_EQ(value(m, millis(4999)), 300 * kJoule);
  EXPECT_EQ(value(m, seconds(5)), 500 * kJoule);
  EXPECT_EQ(value(play(make_counter(), {make_fault(Fault::Kind::freeze, seconds(3))}), seconds(29)), 300 * kJoule);
}

TEST(Reading, AfterAFreezeACounterShowsAllOfIt) {
  Instrument part_time = make_counter();
  part_time.refresh = millis(100);
  part_time.window = millis(25);
  part_time.stamps = true;
  const Machine m = play(part_time, {make_fault(Fault::Kind::freeze, seconds(3), seconds(13))});
  const std::uint64_t held = value(m, seconds(3));
  EXPECT_EQ(value(m, millis(12'999)), held);
  EXPECT_NEAR(static_cast<double>(value(m, seconds(13)) - held), (700 + 900) * 1e6, 2);
  EXPECT_EQ(*m.read(0, seconds(12)).device, seconds(3)) << "its time stands still as well";
  EXPECT_EQ(*m.read(0, seconds(13)).device, seconds(13));
}

TEST(Reading, AFrozenGaugeRepeatsItsValue) {
  Instrument gauge = make_gauge();
  gauge.noise_w = 5;
  const Machine m = play(gauge, {make_fault(Fault::Kind::freeze, seconds(9), seconds(12))});
  const std::uint64_t held = value(m, seconds(9));
  EXPECT_EQ(value(m, millis(11'999)), held);
  EXPECT_NEAR(static_cast<double>(value(m, seconds(12))), 300e6, 25e6);
}

// 0.9 at no load and 1 at 400 W: 0.925 at 100 W, 0.975 at 300 W.
TEST(Reading, AGainThatDependsOnTheLoad) {
  Instrument i = make_counter();
  i.gain = 0.9;
  i.gain_full = 1;
  i.full_w = 400;
  i.offset_w = 2;
  const Machine counter = play(i);
  EXPECT_EQ(value(counter, seconds(10)), (925 + 20) * kJoule);
  EXPECT_EQ(value(counter, seconds(20)), (925 + 2925 + 40) * kJoule);
  EXPECT_NEAR(counter.sensed_energy(0, seconds(10), seconds(20)), 2925 + 20, 1e-6);
  EXPECT_NEAR(counter.seen_energy(0, seconds(10), seconds(20)), 3000, 1e-6) << "the truth has no gain";
  i.measure = Measure::gauge;
  i.refresh = millis(100);
  EXPECT_EQ(value(play(i), seconds(15)), 294'500'000u);
  EXPECT_NEAR(play(i).sensed_energy(0, seconds(10), seconds(20)), 2925 + 20, 1e-6);
  i.full_w = 200;
  EXPECT_EQ(value(play(i), seconds(15)), 302'000'000u) << "no higher than at full load";
}

TEST(Reading, ALoadDependentGainNeedsBothOfItsNumbers) {
  Scenario s = one_gpu();
  s.instruments = {make_counter()};
  s.instruments[0].gain_full = 1;
  EXPECT_FALSE(make_machine(s));
  s.instruments[0].full_w = 400;
  EXPECT_TRUE(make_machine(s));
  s.instruments[0].of = {"plug"};
  EXPECT_FALSE(make_machine(s)) << "a counter at the wall";
  s.instruments[0].measure = Measure::gauge;
  EXPECT_TRUE(make_machine(s));
}

TEST(Reading, Spike) {
  const Machine gauge = play(make_gauge(), {make_fault(Fault::Kind::spike, seconds(3), {}, 5000)});
  EXPECT_EQ(value(gauge, millis(2900)), 100 * kJoule);
  EXPECT_EQ(value(gauge, seconds(3)), 5100 * kJoule);
  EXPECT_EQ(value(gauge, millis(3100)), 100 * kJoule) << "one refresh long";
  const Machine counter = play(make_counter(), {make_fault(Fault::Kind::spike, seconds(3), seconds(4), -20)});
  EXPECT_EQ(value(counter, millis(3500)), 330 * kJoule);
  EXPECT_EQ(value(counter, seconds(4)), 400 * kJoule);
}

TEST(Reading, Backwards) {
  const Machine m = play(make_counter(), {make_fault(Fault::Kind::backwards, seconds(3), {}, 120)});
  EXPECT_EQ(value(m, millis(2999)), 299'900'000u);
  EXPECT_EQ(value(m, seconds(3)), 180 * kJoule);
  EXPECT_EQ(value(m, seconds(9)), 780 * kJoule);
}

TEST(Reading, FailedReads) {
  Fault fault = make_fault(Fault::Kind::fail, seconds(3), seconds(4));
  fault.error = ErrorKind::busy;
  const Machine m = play(make_counter(), {fault});
  EXPECT_FALSE(m.read(0, seconds(3)).reading.ok);
  EXPECT_EQ(m.read(0, seconds(3)).reading.error, ErrorKind::busy);
  EXPECT_EQ(value(m, seconds(4)), 400 * kJoule);
}

TEST(Reading, AFaultStrikesItsSensorAlone) {
  Scenario s = one_gpu();
  s.instruments = {make_counter(), make_gauge()};
  s.faults = {make_fault(Fault::Kind::fail, seconds(3))};
  s.faults[0].sensor = "gauge";
  const Machine m = play(s);
  EXPECT_TRUE(m.read(0, seconds(5)).reading.ok);
  EXPECT_FALSE(m.read(1, seconds(5)).reading.ok);
}

TEST(Reading, TheDevicesClockIsOffAndDrifts) {
  Instrument i = make_gauge();
  EXPECT_FALSE(play(i).read(0, seconds(5)).device);
  i.stamps = true;
  i.clock_offset = seconds(3);
  i.clock_drift_ppm = 50;
  const SimReading said = play(i).read(0, millis(20'050));
  EXPECT_EQ(said.moment, seconds(20));
  EXPECT_EQ(said.device, seconds(23) + Nanos::of(1'000'000));
  i.clock_step = seconds(1);
  EXPECT_EQ(play(i).read(0, millis(20'050)).device, seconds(23));
  i.clock_offset = millis(-20'500);
  EXPECT_EQ(play(i).read(0, millis(20'050)).device, seconds(-1)) << "whole seconds downwards";
}

TEST(Reading, AMirroredDieShowsTheOther) {
  Scenario s = one_gpu();
  s.components.push_back(make_component("gpu1", Load::none, 1, 1));
  Instrument twin = make_counter();
  twin.name = "twin";
  twin.of = {"gpu1"};
  twin.mirror = "counter";
  s.instruments = {make_counter(), twin};
  const Machine m = play(s);
  EXPECT_EQ(value(m, seconds(12), 1), 1600 * kJoule);
}

TEST(Reading, MissingAndDenied) {
  Instrument i = make_counter();
  i.missing = true;
  EXPECT_EQ(play(i).read(0, seconds(1)).reading.error, ErrorKind::absent);
  i.missing = false;
  i.denied = true;
  EXPECT_EQ(play(i).read(0, seconds(1)).reading.error, ErrorKind::denied);
  EXPECT_FALSE(play(i).read(0, seconds(1)).reading.ok);
}

TEST(Reading, OfTheNodeAndOfThePlug) {
  Scenario s = one_gpu();
  s.components.push_back(make_component("board", Load::none, 50, 0));
  s.supply.curve = {{0.0, 0.8}};
  Instrument dc = make_gauge(), wall = make_gauge();
  dc.of = {"dc"};
  wall.name = "plug";
  wall.of = {"plug"};
  s.instruments = {dc, wall};
  const Machine m = play(s);
  EXPECT_EQ(value(m, seconds(15), 0), 350 * kJoule);
  EXPECT_EQ(value(m, seconds(15), 1), 437'500'000u);
  EXPECT_DOUBLE_EQ(m.seen_energy(1, seconds(10), seconds(20)), 4375);
}

}  // namespace
}  // namespace nw::sim
