#include <gtest/gtest.h>

#include "report/report.h"
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

std::string compared(std::vector<pb::Record> records) {
  std::vector<const pb::Record*> pointers;
  for (const pb::Record& record : records) pointers.push_back(&record);
  return make_compare(pointers, {.width = 200});
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
  EXPECT_NE(compared(runs).find("clear, "), std::string::npos) << compared(runs);
  EXPECT_NE(compared(runs).find("(same sensors: their common error cancels)"), std::string::npos) << compared(runs);
  std::vector<pb::Record> elsewhere = runs;
  for (int i : {2, 3}) elsewhere[i].mutable_node()->set_host("n2");
  EXPECT_NE(compared(elsewhere).find("no clear difference"), std::string::npos) << compared(elsewhere);
}

TEST(Compare, DifferentBoundariesAreNotRanked) {
  pb::Record chip = run("c", "", 500);
  chip.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  const std::string text = compared({run("a", "", 1000), chip});
  EXPECT_NE(text.find("cannot rank: a is the whole node, at the wall (AC)"), std::string::npos) << text;
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
