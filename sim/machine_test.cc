#include <algorithm>
#include <cmath>

#include "sim/machines_for_test.h"
#include "sim/noise.h"

namespace nw::sim {
namespace {

// The true values by small steps, for comparison with the closed form.
double summed(const Machine& machine, std::size_t component, Nanos from, Nanos to, Nanos step) {
  double sum = 0;
  for (Nanos t = from; t < to; t += step)
    sum += machine.power(component, t + Nanos::of(step.count() / 2)) * to_seconds(step);
  return sum;
}

// Everything at once: trains, a climb, dips, stalls, noise, an overlapping piece.
Scenario busy_scenario() {
  Scenario s = one_gpu();
  s.seed = 42;
  s.end = seconds(200);
  s.jobs = {{"job", seconds(5), seconds(190)}};
  s.components[0].slew = millis(7);
  s.components.push_back(make_component("cpu0", Load::cpu, 25, 265));
  s.components[1].awake_w = 91;
  s.components.push_back(make_component("board", Load::none, 40, 0));
  Piece gpu = make_piece("gpu", seconds(5), seconds(190), 0.9);
  gpu.period = millis(130);
  gpu.duty = 0.7;
  gpu.depth = 0.5;
  gpu.phase = millis(31);
  gpu.warm_up = seconds(3);
  gpu.epoch = seconds(40);
  gpu.dip = seconds(5);
  gpu.dip_level = 0.1;
  gpu.stalls_per_hour = 400;
  gpu.stall = millis(700);
  gpu.noise = 0.02;
  Piece cpu = make_piece("cpu", seconds(5), seconds(190), 0.032);
  cpu.noise = 0.03;
  s.pieces = {gpu, cpu, make_piece("gpu0", seconds(100), seconds(101), 0.3)};
  return s;
}

TEST(Machine, TruthByHand) {
  const Machine m = play(one_gpu());
  EXPECT_DOUBLE_EQ(m.energy(0, seconds(0), seconds(10)), 1000);
  EXPECT_DOUBLE_EQ(m.energy(0, seconds(10), seconds(20)), 3000);
  EXPECT_DOUBLE_EQ(m.energy(0, seconds(9), seconds(21)), 3200);
  EXPECT_DOUBLE_EQ(m.dc_energy(seconds(9), seconds(21)), 3200);
  EXPECT_DOUBLE_EQ(m.energy(0, seconds(-5), seconds(0)), 500) << "it idles before";
  EXPECT_DOUBLE_EQ(m.energy(0, seconds(25), seconds(35)), 1000) << "and after";
}

TEST(Machine, AnIterationTrainByHand) {
  Scenario s = one_gpu();
  s.pieces[0].period = millis(200);
  s.pieces[0].duty = 0.25;
  s.pieces[0].depth = 0.5;  // 300 W for 50 ms, 200 W for 150 ms: 225 W
  const Machine m = play(s);
  EXPECT_NEAR(m.energy(0, seconds(10), seconds(20)), 2250, 1e-9);
  EXPECT_NEAR(m.energy(0, seconds(10), seconds(10) + millis(50)), 15, 1e-9);
  EXPECT_NEAR(m.energy(0, seconds(10) + millis(50), seconds(10) + millis(200)), 30, 1e-9);
  s.components[0].slew = millis(20);  // an edge's slope takes from its beginning what it adds to its end
  EXPECT_NEAR(play(s).energy(0, seconds(10), seconds(20)), 2250, 1e-9);
  EXPECT_NEAR(play(s).power(0, seconds(10) + millis(10)), 250, 1e-6);
}

TEST(Machine, AWarmUpIsAStraightLine) {
  Scenario s = one_gpu();
  s.pieces[0].warm_up = seconds(4);
  const Machine m = play(s);
  EXPECT_NEAR(m.power(0, seconds(12)), 200, 1e-9);
  EXPECT_NEAR(m.energy(0, seconds(10), seconds(14)), 800, 1e-9);
  EXPECT_NEAR(m.energy(0, seconds(10), seconds(20)), 2600, 1e-9);
}

TEST(Machine, DipsComeAtTheEndOfEachEpoch) {
  Scenario s = one_gpu();
  s.pieces[0].epoch = seconds(4);
  s.pieces[0].dip = seconds(1);
  s.pieces[0].dip_level = 0.5;
  const Machine m = play(s);
  EXPECT_NEAR(m.power(0, seconds(13) + millis(500)), 200, 1e-9);
  EXPECT_NEAR(m.energy(0, seconds(10), seconds(20)), 8 * 300 + 2 * 200, 1e-9);
}

TEST(Machine, StallsAreAsManyAsAskedFor) {
  Scenario s = one_gpu();
  s.end = s.pieces[0].to = s.jobs[0].end = seconds(36'010);
  s.pieces[0].stalls_per_hour = 100;
  s.pieces[0].stall = seconds(2);
  const double lost = (36'000.0 * 300 - play(s).energy(0, seconds(10), s.end)) / (200 * 2);
  EXPECT_NEAR(lost, 1000 / (1 + 100 * 2 / 3600.0), 4 * std::sqrt(1000));
  const double before = play(s).energy(0, {}, s.end);
  s.seed = 2;
  EXPECT_NE(play(s).energy(0, {}, s.end), before) << "and another seed has others";
}

TEST(Machine, TheClosedFormIsTheSumOfSmallSteps) {
  const Machine m = play(busy_scenario());
  for (std::size_t c = 0; c < 3; ++c) {
    const double truth = m.energy(c, seconds(0), seconds(200));
    EXPECT_NEAR(summed(m, c, seconds(0), seconds(200), millis(1)) / truth, 1, 1e-4) << c;
    const double part = m.energy(c, Nanos::of(33'333'333'333), Nanos::of(38'765'432'100));
    EXPECT_NEAR(summed(m, c, Nanos::of(33'333'333'333), Nanos::of(38'765'432'100), Nanos::of(100'000)) / part, 1, 1e-4);
  }
}

TEST(Machine, EnergyAddsUpAndNeverFalls) {
  const Machine m = play(busy_scenario());
  for (std::uint64_t n = 0; n < 2000; ++n) {
    Nanos t[3];
    for (std::uint64_t i = 0; i < 3; ++i) t[i] = Nanos::of(static_cast<std::int64_t>(uniform(hash(n, 0, i)) * 200e9));
    std::sort(t, t + 3);
    EXPECT_NEAR(m.energy(0, t[0], t[1]) + m.energy(0, t[1], t[2]), m.energy(0, t[0], t[2]), 1e-7);
    EXPECT_NEAR(m.wall_energy(t[0], t[1]) + m.wall_energy(t[1], t[2]), m.wall_energy(t[0], t[2]), 1e-7);
    EXPECT_GE(m.energy(0, t[0], t[1]), 0);
    EXPECT_GE(m.power(0, t[0]), 0);
  }
}

TEST(Machine, SlowNoiseIsAsLargeAsAskedFor) {
  Scenario s = one_gpu();
  s.end = s.pieces[0].to = s.jobs[0].end = seconds(20'000);
  s.pieces[0].noise = 0.02;
  const Machine m = play(s);
  double squares = 0;
  for (int i = 10; i < 20'000; ++i) squares += std::pow(m.energy(0, seconds(i), seconds(i + 1)) / 300 - 1, 2);
  EXPECT_NEAR(std::sqrt(squares / 19'990), 0.02, 0.003);
}

TEST(Machine, APackageThatWakesDrawsMostAtOnce) {
  Scenario s;
  s.components = {make_component("cpus", Load::cpu, 50, 530)};  // a pair, whose three points are published
  s.components[0].awake_w = 165;
  s.pieces = {make_piece("cpu", seconds(0), seconds(1), 0.032), make_piece("cpu", seconds(1), seconds(2), 1)};
  s.end = seconds(3);
  const Machine m = play(s);
  EXPECT_NEAR(m.power(0, millis(500)), 218, 1);
  EXPECT_NEAR(m.power(0, millis(1500)), 530, 1e-6);
  EXPECT_NEAR(m.power(0, millis(2500)), 50, 1e-9);
}

// ---- the plug

Supply titanium(double rating_w) {
  Supply supply;
  supply.rating_w = rating_w;
  supply.curve = {{0.1, 0.90}, {0.2, 0.94}, {0.5, 0.96}, {1.0, 0.91}};
  return supply;
}

TEST(PowerSupply, SteadyLoadByHand) {
  Scenario s = one_gpu();
  s.supply = titanium(1000);  // 100 W: 0.1, 300 W: between 0.94 and 0.96
  const Machine m = play(s);
  EXPECT_NEAR(m.wall_energy(seconds(0), seconds(10)), 1000 / 0.90, 1e-6);
  EXPECT_NEAR(m.wall_energy(seconds(10), seconds(20)), 3000 / (0.94 + 0.02 / 3), 1e-6);
  EXPECT_NEAR(m.wall_energy(seconds(-1), seconds(0)), 100 / 0.90, 1e-6);
  EXPECT_NEAR(m.wall_energy(seconds(30), seconds(40)), 1000 / 0.90, 1e-6);
  EXPECT_DOUBLE_EQ(play(one_gpu()).wall_energy(seconds(0), seconds(30)), 5000) << "no curve, no loss";
}

TEST(PowerSupply, ASlowTrainIsTheMeanOfItsTwoLevels) {
  Scenario s = one_gpu();
  s.supply = titanium(1000);
  s.pieces[0].period = seconds(1);  // whole cells of 20 ms at either level
  s.pieces[0].depth = 1;
  EXPECT_NEAR(play(s).wall_energy(seconds(10), seconds(20)), 500 / 0.90 + 1500 / (0.94 + 0.02 / 3), 1e-6);
}

TEST(PowerSupply, IsTheCurveOverTheSmoothedPower) {
  Scenario s = busy_scenario();
  s.supply = titanium(700);
  const Machine m = play(s);
  Scenario lossless = s;
  lossless.supply = {};
  const Machine dc = play(lossless);
  const auto curve = [](double p) {
    const double x = p / 700;
    const double eta = x < 0.1   ? 0.9
                       : x < 0.2 ? 0.9 + 0.4 * (x - 0.1)
                       : x < 0.5 ? 0.94 + (x - 0.2) / 15
                                 : 0.96 - 0.1 * (x - 0.5);
    return p / eta;
  };
  double sum = 0;
  for (Nanos t; t < s.end; t += millis(20)) sum += curve(dc.dc_energy(t, t + millis(20)) / 0.02) * 0.02;
  EXPECT_NEAR(m.wall_energy({}, s.end) / sum, 1, 1e-5);
  EXPECT_GT(m.wall_energy({}, s.end) / m.dc_energy({}, s.end), 1.03);
}

TEST(Machine, TellsTheWallClockAndWhenNobodySampleSets) {
  Scenario s = one_gpu();
  Fault late, asleep, leap;
  late.kind = Fault::Kind::late;
  late.from = seconds(3);
  late.to = seconds(4);
  asleep = late;
  asleep.kind = Fault::Kind::suspend;
  asleep.from = seconds(5);
  asleep.to = seconds(7);
  leap.kind = Fault::Kind::clock_step;
  leap.from = seconds(10);
  leap.amount = -2.5;
  s.faults = {late, asleep, leap};
  const Machine m = play(s);
  EXPECT_TRUE(m.sample_sets_at(millis(2999)));
  EXPECT_FALSE(m.sample_sets_at(seconds(3)));
  EXPECT_TRUE(m.sample_sets_at(seconds(4)));
  EXPECT_FALSE(m.sample_sets_at(seconds(6)));
  EXPECT_EQ(m.wall_ns(seconds(9)), s.wall_ns + seconds(9).count());
  EXPECT_EQ(m.wall_ns(seconds(10)), s.wall_ns + millis(7500).count());
}

TEST(Machine, RefusesWhatCannotBePlayed) {
  const auto refuses = [](auto spoil) {
    Scenario s = one_gpu();
    s.instruments = {make_counter()};
    spoil(s);
    return !make_machine(std::move(s));
  };
  EXPECT_FALSE(refuses([](Scenario&) {}));
  EXPECT_TRUE(refuses([](Scenario& s) { s.components.push_back(s.components[0]); }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.components[0].max_w = 50; }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.components[0].idle_w = std::nan(""); }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.pieces[0].to = s.pieces[0].from; }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.pieces[0].on = "tpu"; }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.instruments[0].of = {"gpu7"}; }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.instruments[0].refresh = {}; }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.instruments[0].mirror = "counter"; }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.supply.curve = {{0.5, 0.9}, {0.2, 0.9}}; }));
  EXPECT_TRUE(refuses([](Scenario& s) { s.jobs[0].end = seconds(1); }));
}

}  // namespace
}  // namespace nw::sim
