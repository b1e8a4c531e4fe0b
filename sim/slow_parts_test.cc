// Fans and parts that wander, compared with what is known by hand.
#include <cmath>

#include "sim/machines_for_test.h"
#include "sim/slow_parts.h"

namespace nw::sim {
namespace {

// One GPU at full power from 10 s on, and fans of 5 to 45 W.
Scenario with_fans(Nanos lag) {
  Scenario s = one_gpu();
  s.end = s.pieces[0].to = seconds(400);
  s.jobs[0].end = seconds(300);
  s.components.push_back(make_component("board", Load::none, 40, 0));
  s.components.push_back(make_component("fans", Load::heat, 5, 45));
  s.components.back().lag = lag;
  return s;
}

double watts(const Machine& m, const char* component, Nanos at) { return m.power(m.component(component), at); }

TEST(SlowParts, FansFollowTheHeatByItsCube) {
  const Machine m = play(with_fans(seconds(20)));
  EXPECT_DOUBLE_EQ(watts(m, "fans", seconds(5)), 5) << "at idle, whatever idle is";
  EXPECT_DOUBLE_EQ(watts(m, "fans", millis(10'500)), 5) << "they do not know yet";
  EXPECT_NEAR(watts(m, "fans", millis(30'500)), 5 + 40 * std::pow(1 - std::exp(-1), 3), 1e-9);
  EXPECT_NEAR(watts(m, "fans", seconds(390)), 45, 1e-3);
  EXPECT_NEAR(m.energy(m.component("fans"), seconds(390), seconds(392)), 90, 1e-2);
  EXPECT_NEAR(m.dc_energy(seconds(390), seconds(392)), 2 * (300 + 40 + 45), 1e-2) << "the node has them";
}

TEST(SlowParts, FansThatCoolDownStillTurn) {
  Scenario s = with_fans(seconds(20));
  s.pieces[0].to = seconds(200);
  const Machine m = play(s);
  EXPECT_NEAR(watts(m, "fans", millis(200'500)), 45, 1e-2);
  EXPECT_NEAR(watts(m, "fans", millis(220'500)), 5 + 40 * std::exp(-3), 1e-2);
}

TEST(SlowParts, AWanderingPartHasItsSigmaAndItsTime) {
  Scenario s = one_gpu();
  s.end = seconds(40'000);
  s.components.push_back(make_component("board", Load::none, 40, 0));
  s.components[1].wander_w = 3;
  s.components[1].wander = seconds(50);
  const Machine m = play(s);
  double sum = 0, squares = 0, products = 0;
  const int n = 39'900;
  for (int k = 0; k < n; ++k) {
    const double now = m.energy(1, seconds(k), seconds(k + 1)) - 40;
    sum += now;
    squares += now * now;
    products += now * (m.energy(1, seconds(k + 50), seconds(k + 51)) - 40);
  }
  EXPECT_NEAR(sum / n, 0, 5 * 3 * std::sqrt(2 * 50.0 / n));
  EXPECT_NEAR(std::sqrt(squares / n), 3, 0.3);
  EXPECT_NEAR(products / squares, std::exp(-1), 0.1);
  s.seed = 2;
  EXPECT_NE(play(s).energy(1, seconds(7), seconds(8)), m.energy(1, seconds(7), seconds(8)));
}

TEST(SlowParts, WhatMakesNoSenseIsRefused) {
  Scenario fans = with_fans(seconds(20));
  fans.pieces.push_back(make_piece("fans", seconds(1), seconds(2), 1));
  EXPECT_FALSE(make_machine(fans)) << "a load on fans";
  Scenario cpu = one_gpu();
  cpu.components[0].wander_w = 3;
  EXPECT_FALSE(make_machine(cpu)) << "a load on what wanders";
  Scenario lag = with_fans(seconds(-1));
  EXPECT_FALSE(make_machine(lag));
}

}  // namespace
}  // namespace nw::sim
