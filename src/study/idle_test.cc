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
  EXPECT_NEAR(*idle->fraction, 612.0 * 724 / 1'891'800, 1e-12);
  const double scatter = 1.96 * 1.5, gain = 612 * 0.02;
  EXPECT_NEAR(*idle->watts.uncertainty, std::sqrt(scatter * scatter + gain * gain), 0.01);
  EXPECT_EQ(idle->date, "2026-02-11T06:30:00Z");
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
