#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/report.h"
#include "study/comparison.h"
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

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// In text, Markdown, LaTeX, HTML and JSON.
TEST(Compare, OneRunASideIsNotAVerdictAnywhere) {
  const std::vector<pb::Record> runs{run("a", "", 1000, 0.001), run("b", "", 1020, 0.001)};
  const pb::Record* pointers[] = {&runs[0], &runs[1]};
  const auto comparison = compare(pointers);
  ASSERT_TRUE(comparison);
  const TextStyle wide{.width = 200};
  for (const std::string& text :
       {make_compare(*comparison, wide), make_compare_markdown(*comparison), make_compare_latex(*comparison),
        make_compare_html(*comparison, "x"), make_compare_json(*comparison)}) {
    EXPECT_TRUE(has(text, "one run a side: not a verdict; in these runs b took 2.0 ")) << text;
    EXPECT_FALSE(has(text, ": clear")) << text;
  }
  EXPECT_TRUE(has(make_compare(*comparison, wide), "a took least energy in these runs")) << "and no more is said";
  EXPECT_TRUE(has(make_compare(*comparison, wide), "relative energy, of these runs"));
  const auto json = nlohmann::json::parse(make_compare_json(*comparison));
  EXPECT_EQ(json["sides"][1]["verdict"], "one_run");
  EXPECT_EQ(json["sides"][1]["clear"], false);
  EXPECT_EQ(json["sides"][1]["of_these_runs_alone"], true);
  EXPECT_EQ(json["tests"], 0);
}

TEST(Compare, ASingleRunAgainstSeveralIsNamed) {
  EXPECT_TRUE(has(compared({run("a", "g", 1000, 0.001), run("b", "g", 1001, 0.001), run("c", "", 2000, 0.001)}),
                  "one run of c: not a verdict"));
}

TEST(Compare, SaysHowManyWereComparedAndThatTheLeastIsLow) {
  std::vector<pb::Record> runs;
  for (const char* group : {"g", "h", "i"})
    for (int i = 0; i < 3; ++i)
      runs.push_back(run(group + std::to_string(i), group, 1000 + 10 * i + (*group == 'i' ? 1000 : *group - 'g')));
  const std::string text = compared(runs);
  EXPECT_TRUE(has(text, "3 variants compared: clear is judged over all 3 pairs together")) << text;
  EXPECT_TRUE(has(text, "as the least of 2 that do not clearly differ it is probably too low, by up to 0.3 %")) << text;
}

// 200 W and 100 W on a node that was seen at 200 W: half of 1 %, at 95 %.
TEST(Compare, NamesTheGainThatMovesWithTheLoad) {
  std::vector<pb::Record> runs;
  for (int i = 0; i < 6; ++i) {
    runs.push_back(run("r" + std::to_string(i), i < 3 ? "g" : "h", (i < 3 ? 1000 : 2000) + i % 3));
    sample::add_part(runs.back(), "node", "0", 1000, 0.02, pb::KIND_MEASURED, "PSU", i < 3 ? 100 : 200);
  }
  const std::string text = compared(runs);
  EXPECT_TRUE(has(text, "their common error cancels but for 2.0 %, the loads differ")) << text;
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
