#include "study/idle.h"

#include <gtest/gtest.h>

#include "support/records.h"

namespace nw {
namespace {

TEST(Idle, OfTheNodesOwnSensorWhereThereIsOne) {
  const auto idle = compute_idle(sample::gpu_node());
  ASSERT_TRUE(idle);
  EXPECT_DOUBLE_EQ(*idle->joules.value, 612.0 * 724) << "and the package's baseline counts no second time";
  EXPECT_DOUBLE_EQ(*idle->watts.value, 612);
  EXPECT_NEAR(*idle->fraction.value, 612.0 * 724 / 1'891'800, 1e-12);
  const double scatter = 2.262 * 1.5, gain = 612 * 0.02;
  EXPECT_NEAR(*idle->watts.uncertainty, std::sqrt(scatter * scatter + gain * gain), 0.01);
  EXPECT_EQ(idle->date, "2026-02-11T06:30:00Z");
}

// 200 W over 1000 s, of which 100 W are idle; a gain of 2 % and an offset of 6 W, as standard uncertainties.
pb::Record half_idle() {
  pb::Record record = sample::bare("a", "x", 1000);
  sample::fill(*record.mutable_energy(), 200'000, 0.07, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
  record.mutable_energy()->set_random_uj(0);
  for (const auto& [name, joules] : {std::pair{"PSU gain", 4'000}, {"PSU offset", 6'000}}) {
    pb::Contributor& term = *record.mutable_energy()->add_terms();
    term.set_name(name), term.set_u_uj(joules * 1e6), term.set_systematic(true);
  }
  sample::add_part(record, "node", "0", 200'000, 0.07, pb::KIND_MEASURED, "PSU", 400);
  sample::add_idle(record, "node/0", "node", 100, 0);
  return record;
}

TEST(Idle, AnOffsetIsAsManyWattsAtAnyLoad) {
  const auto idle = compute_idle(half_idle());
  ASSERT_TRUE(idle);
  EXPECT_NEAR(*idle->watts.uncertainty, 1.96 * std::hypot(0.02 * 100, 6), 1e-6) << "not half of the run's 6 W";
}

TEST(Idle, InTheFractionAGainCancels) {
  const auto idle = compute_idle(half_idle());
  EXPECT_NEAR(*idle->fraction.value, 0.5, 1e-12);
  // 6 W in 200 W, of which half cancels, and half of the 1 % that a gain moves from no load to full load.
  EXPECT_NEAR(*idle->fraction.uncertainty, 1.96 * std::hypot(0.03 * 0.5, 0.5 * 0.005), 1e-6);
  pb::Record all = half_idle();
  all.mutable_idle(0)->set_power_uw(200'000'000);
  EXPECT_NEAR(*compute_idle(all)->fraction.uncertainty, 0, 1e-9) << "idle all the time: both err alike";
}

TEST(Idle, OfPartsOnlyWhereEachHasABaseline) {
  pb::Record record = sample::cpu_node();
  EXPECT_FALSE(compute_idle(record)) << "one of four has none: not the same thing";
  sample::add_idle(record, "dram/1", "dram", 5, 0.1);
  record.mutable_idle(3)->set_date("2025-12-01");
  const auto idle = compute_idle(record);
  ASSERT_TRUE(idle);
  EXPECT_DOUBLE_EQ(*idle->watts.value, 125) << "the cores lie inside their package, the rest is modelled";
  EXPECT_EQ(idle->date, "2025-12-01") << "the oldest";
}

TEST(Idle, NothingWithoutSense) {
  EXPECT_FALSE(compute_idle(sample::nothing()));
  EXPECT_FALSE(compute_idle(sample::nonsense()));
  EXPECT_FALSE(compute_idle(sample::no_sensor())) << "an estimate has no baseline";
  for (const auto& spoil : std::initializer_list<void (*)(pb::Record&)>{
           [](pb::Record& r) { r.mutable_idle(0)->set_power_uw(-1); },
           [](pb::Record& r) { r.mutable_idle(0)->set_u_uw(-1); }, [](pb::Record& r) { r.clear_duration_ns(); },
           [](pb::Record& r) { r.mutable_energy()->clear_energy_uj(); },
           [](pb::Record& r) { r.mutable_energy()->set_energy_uj(0); },
           [](pb::Record& r) { r.mutable_components(0)->set_sensor("another"); }}) {
    pb::Record record = sample::gpu_node();
    spoil(record);
    EXPECT_FALSE(compute_idle(record));
  }
}

}  // namespace
}  // namespace nw
