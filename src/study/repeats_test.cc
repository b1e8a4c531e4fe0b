#include "study/repeats.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/records.h"

namespace nw {
namespace {

pb::Record run(const std::string& uid, const std::string& group, double joules, double relative = 0.02) {
  pb::Record record = sample::bare(uid, group.empty() ? uid : group, 10);
  record.set_group(group);
  record.mutable_node()->set_host("n1");
  sample::fill(*record.mutable_energy(), joules, relative, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
  sample::add_sensor(record, "psu", "PSU", true, relative);
  return record;
}

TEST(Repeats, StudentsFactor) {
  EXPECT_DOUBLE_EQ(t_factor(2), 12.706);
  EXPECT_DOUBLE_EQ(t_factor(3), 4.303);
  EXPECT_NEAR(t_factor(31), 2.042, 1e-9);
  EXPECT_NEAR(t_factor(61), 2.000, 0.002);
  EXPECT_NEAR(t_factor(1001), 1.962, 0.001);
  EXPECT_NEAR(student(1.25), 8.028, 0.25);
  EXPECT_NEAR(student(1.5), 6.017, 0.2);
  EXPECT_NEAR(student(2.5), 3.575, 0.02);
}

// Two runs are 0.8 J apart, and each states 1 J of random uncertainty: only the two together show how much runs differ.
TEST(Repeats, TwoRunsThatHappenToAgreeAreNotTrustedMore) {
  pb::Record a = run("a", "g", 999.6), b = run("b", "g", 1000.4);
  for (pb::Record* one : {&a, &b}) one->mutable_energy()->set_random_uj(1e6);
  const Mean mean = compute_energy({measurement(a, ""), measurement(b, "")});
  EXPECT_NEAR(*mean.scatter, 12.706 * 0.4, 1e-6);
  EXPECT_NEAR(mean.random, 0.4, 1e-6);
  EXPECT_EQ(mean.freedom, 1) << "and a ratio takes it from there";
}

TEST(Repeats, MeanWithScatterAndCommonError) {
  const double values[] = {10, 11, 12};
  const Mean plain = compute_plain(values);
  EXPECT_DOUBLE_EQ(*plain.value, 11);
  EXPECT_NEAR(*plain.scatter, 4.303 / std::sqrt(3.0), 1e-9);
  EXPECT_NEAR(*plain.interval, *plain.scatter, 1e-12);
  pb::Record a = run("a", "g", 10), b = run("b", "g", 11), c = run("c", "g", 12);
  for (pb::Record* one : {&a, &b, &c}) one->mutable_energy()->set_systematic_uj(1e6);
  const Mean energy = compute_energy({measurement(a, ""), measurement(b, ""), measurement(c, "")});
  EXPECT_NEAR(*energy.interval, std::hypot(*energy.scatter, 1.96), 1e-9);
}

TEST(Repeats, OneRunKeepsItsOwnInterval) {
  const pb::Record one = run("a", "", 1000);
  const Mean mean = compute_energy({measurement(one, "")});
  EXPECT_NEAR(*mean.interval, 20, 1e-5);
  EXPECT_FALSE(compute_energy({measurement(one, "no such phase")}).value);
}

TEST(Repeats, UnresolvedPhaseHasNoEnergy) {
  const pb::Record record = sample::cpu_node();
  EXPECT_EQ(measurement(record, "infer/step").energy, nullptr);
  EXPECT_NE(measurement(record, "infer").energy, nullptr);
}

}  // namespace
}  // namespace nw
