#include "report/repeats.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/records_for_test.h"
#include "report/report.h"

namespace nw {
namespace {

pb::Record run(const std::string& uid, const std::string& group, double joules, double relative = 0.02) {
  pb::Record record = sample::bare(uid, group.empty() ? uid : group, 10);
  record.set_group(group);
  record.mutable_node()->set_host("n1");
  sample::fill(*record.mutable_energy(), joules, relative, pb::KIND_MEASURED, pb::BOUNDARY_PLUG);
  sample::add_sensor(record, "psu", "PSU", true, relative);
  return record;
}

std::string compared(std::vector<pb::Record> records) {
  std::vector<const pb::Record*> pointers;
  for (const pb::Record& record : records) pointers.push_back(&record);
  return make_compare(pointers, {.width = 200});
}

TEST(Repeats, StudentsFactor) {
  EXPECT_DOUBLE_EQ(t_factor(2), 12.706);
  EXPECT_DOUBLE_EQ(t_factor(3), 4.303);
  EXPECT_NEAR(t_factor(31), 2.042, 1e-9);
  EXPECT_NEAR(t_factor(61), 2.000, 0.002);
  EXPECT_NEAR(t_factor(1001), 1.962, 0.001);
}

TEST(Repeats, MeanWithScatterAndCommonError) {
  const double values[] = {10, 11, 12};
  const Mean plain = compute_plain(values);
  EXPECT_DOUBLE_EQ(*plain.value, 11);
  EXPECT_NEAR(*plain.scatter, 4.303 / std::sqrt(3.0), 1e-9);
  EXPECT_NEAR(*plain.interval, *plain.scatter, 1e-12);
  pb::Record a = run("a", "g", 10), b = run("b", "g", 11), c = run("c", "g", 12);
  for (pb::Record* one : {&a, &b, &c}) one->mutable_energy()->set_systematic_uj(1e6);
  const Mean energy = compute_energy({excerpt(a, ""), excerpt(b, ""), excerpt(c, "")});
  EXPECT_NEAR(*energy.interval, std::hypot(*energy.scatter, 1.96), 1e-9);
}

TEST(Repeats, OneRunKeepsItsOwnInterval) {
  const pb::Record one = run("a", "", 1000);
  const Mean mean = compute_energy({excerpt(one, "")});
  EXPECT_NEAR(*mean.interval, 20, 1e-5);
  EXPECT_FALSE(compute_energy({excerpt(one, "no such phase")}).value);
}

TEST(Repeats, UnresolvedPhaseHasNoEnergy) {
  const pb::Record record = sample::cpu_node();
  EXPECT_EQ(excerpt(record, "infer/step").energy, nullptr);
  EXPECT_NE(excerpt(record, "infer").energy, nullptr);
}

TEST(Compare, GroupsAreMergedAndWarmupsLeftOut) {
  pb::Record warm = run("w", "g", 5000);
  warm.set_warmup(true);
  const std::string text = compared({warm, run("a", "g", 1000), run("b", "g", 1010), run("c", "", 2000)});
  EXPECT_NE(text.find("@a (2)"), std::string::npos) << text;
  EXPECT_NE(text.find("@c (1)"), std::string::npos) << text;
}

TEST(Compare, OverlapIsNoClearDifference) {
  EXPECT_NE(compared({run("a", "g", 1000), run("b", "g", 1200), run("c", "h", 1100), run("d", "h", 1190)})
                .find("no clear difference"),
            std::string::npos);
}

TEST(Compare, CommonErrorOfTheSameSensorsCancels) {
  const std::vector<pb::Record> runs{run("a", "g", 1000, 0.1), run("b", "g", 1001, 0.1), run("c", "h", 1050, 0.1),
                                     run("d", "h", 1051, 0.1)};
  EXPECT_NE(compared(runs).find("clear (same sensors"), std::string::npos) << compared(runs);
  std::vector<pb::Record> elsewhere = runs;
  for (int i : {2, 3}) elsewhere[i].mutable_node()->set_host("n2");
  EXPECT_NE(compared(elsewhere).find("no clear difference"), std::string::npos) << compared(elsewhere);
}

TEST(Compare, DifferentBoundariesAreNotRanked) {
  pb::Record chip = run("c", "", 500);
  chip.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  const std::string text = compared({run("a", "", 1000), chip});
  EXPECT_NE(text.find("cannot rank: a is the whole node, at the plug"), std::string::npos) << text;
  EXPECT_EQ(text.find("relative"), std::string::npos) << text;
}

TEST(Compare, ChipsWithAndWithoutTheirGpusAreNotRanked) {
  pb::Record cpu_only = sample::cpu_node(), with_gpu = sample::cpu_node();
  cpu_only.mutable_node()->add_gpus("A100");
  with_gpu.mutable_node()->add_gpus("A100");
  with_gpu.set_uid("other");
  sample::add_part(with_gpu, "gpu", "0", 100, 0.1, pb::KIND_MEASURED, "NVML", 100);
  EXPECT_NE(compared({cpu_only, with_gpu}).find("cannot rank"), std::string::npos);
}

TEST(Compare, UnknownEnergyIsNotZero) {
  pb::Record unknown = run("u", "", 1);
  unknown.mutable_energy()->clear_energy_uj();
  const std::string text = compared({run("a", "", 1000), unknown});
  EXPECT_NE(text.find("u: energy unknown"), std::string::npos) << text;
}

}  // namespace
}  // namespace nw
