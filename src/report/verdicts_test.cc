// What findings and advice say of runs that are alike, that differ, and that are alone.
#include <gtest/gtest.h>

#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "study/advice.h"
#include "study/findings.h"
#include "support/records.h"

namespace nw {
namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// Runs of one application on node types "t0", "t1" ..., each with these energies, 100 s each.
struct Runs {
  std::vector<pb::Record> records;
  std::vector<Partition> partitions;

  explicit Runs(const std::vector<std::vector<double>>& joules) {
    for (std::size_t type = 0; type < joules.size(); ++type) {
      partitions.push_back({fmt::format("p{}", type), fmt::format("t{}", type), "", 0, {}});
      for (const double one : joules[type]) {
        pb::Record& record = records.emplace_back(sample::bare(fmt::format("u{}", records.size()), "seg train", 100));
        record.set_node_type(fmt::format("t{}", type));
        record.mutable_node()->set_host(fmt::format("n{}", type));
        sample::fill(*record.mutable_energy(), one, 0.01, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
        sample::add_sensor(record, "psu", "PSU", true, 0.01);
        sample::add_work(record, "sample", 1000);
      }
    }
  }
  std::vector<const pb::Record*> pointers() const {
    std::vector<const pb::Record*> all;
    for (const pb::Record& one : records) all.push_back(&one);
    return all;
  }
  std::string findings() const { return make_findings(compute_findings(pointers()), {.width = 400}); }
  Advised advised() const { return advise(records[0], pointers(), partitions, {}); }
  std::string advice() const { return make_advice(advised(), "", {.width = 200}); }
};

TEST(FindingWords, OfRunsThatAreAlikeNothingIsClaimed) {
  const std::string text = Runs({{1000, 1030, 985}, {1020, 990, 1010}, {1005, 1025, 995}}).findings();
  EXPECT_TRUE(has(text, "The mean powers of these 3 placements do not clearly differ.")) << text;
  EXPECT_TRUE(has(text, "In training of seg no placement takes clearly more energy than t0 (t1 and t2).")) << text;
  EXPECT_TRUE(has(text, "3 mean powers compared; clear is judged over all 6 tests of these findings together")) << text;
  for (const char* claim : {"says nothing of", "would be off by", "takes least", "times as much"})
    EXPECT_FALSE(has(text, claim)) << text;
}

TEST(FindingWords, WhatDiffersIsSaid) {
  const std::string text = Runs({{1000, 1003, 1005}, {2010, 2000, 2015}, {1004, 1001, 998}}).findings();
  EXPECT_TRUE(has(text, "A kilowatt-hour per hour of t1 says nothing of t2: it is off by +101 % (n=3 and 3).")) << text;
  EXPECT_TRUE(has(text, "In training of seg t2 and t0 take least energy, without a clear difference; t1 takes 2.0"))
      << text;
  EXPECT_FALSE(has(text, "of t0, taken for t2")) << "those two are alike\n" << text;
}

TEST(FindingWords, OneRunIsNotAVerdict) {
  const std::string text = Runs({{1000}, {2000}}).findings();
  EXPECT_TRUE(has(text, "Training of seg: one run on a side is not a verdict (t0 and t1).")) << text;
  EXPECT_FALSE(has(text, "says nothing of")) << text;
  EXPECT_FALSE(has(text, "takes least")) << text;
}

// 8 W on a desktop board whose sensor may be 8 W wrong, and 60 W on one for data centres.
TEST(FindingWords, IdleEnergyIsSaidWhereItIsMoreThanItsError) {
  for (const auto& [label, watts, said] :
       {std::tuple{"gpu0 NVIDIA GeForce RTX 4090", 8,
                   "Accelerators were idle in 1 of 1 run; what they took is not more"},
        {"gpu0 NVIDIA A100-SXM4-40GB", 60,
         "Idle accelerators took energy in 1 of 1 run: in @u x, 1 of them took 6.00"}}) {
    pb::Record record = sample::bare("u", "x", 100);
    sample::fill(*record.mutable_energy(), 100'000, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
    sample::add_part(record, "gpu", "GPU-0", 100 * watts, 0.05, pb::KIND_MEASURED, "s", watts).set_label(label);
    sample::add_device(record, "GPU-0", "", 0, 0, 0, 400);
    const pb::Record* one[] = {&record};
    const std::string text = make_findings(compute_findings(one), {.width = 400});
    EXPECT_TRUE(has(text, said)) << text;
  }
}

TEST(FindingWords, TheJsonSaysWhatWasTested) {
  const Runs runs({{1000, 1030, 985}, {1020, 990, 1010}, {1005, 1025, 995}});
  const auto json = nlohmann::json::parse(make_findings_json(compute_findings(runs.pointers())));
  const auto& runtime = json["findings"][0]["figures"];
  EXPECT_EQ(runtime["tests"], 3);
  EXPECT_EQ(runtime["compared"], 3);
  EXPECT_EQ(json["method"], "holm");
  EXPECT_EQ(json["tests"], 6);
  for (const auto& pair : runtime["misled"]) EXPECT_EQ(pair["clear"], false);
}

TEST(AdviceWords, RowsThatDoNotDifferSharePlaces) {
  const Runs runs({{1010, 1000, 1030}, {2000, 2010, 2020}, {1000, 1020, 1005}});
  const std::string text = runs.advice();
  EXPECT_TRUE(has(text, "Place 1-2: no clear difference in energy between p0, p2.")) << text;
  EXPECT_TRUE(has(text, "3 rows compared: clear is judged over all 3 pairs together.")) << text;
  EXPECT_TRUE(has(text, "  1-2  p0")) << text;
  EXPECT_TRUE(has(text, "    3  p1")) << text;
  EXPECT_LT(text.find("# place 1-2"), text.find("--partition=p2")) << text;
  EXPECT_LT(text.find("--partition=p2"), text.find("# place 3")) << text;
  const auto json = nlohmann::json::parse(make_advice_json(runs.advised(), ""));
  EXPECT_EQ(json["partitions"][1]["group"], 1);
  EXPECT_EQ(json["partitions"][2]["group"], 2);
  EXPECT_EQ(json["tests"], 3);
}

TEST(AdviceWords, OneRunIsNotAVerdict) {
  const std::string text = Runs({{1000}, {2000, 2010}}).advice();
  EXPECT_TRUE(has(text, "no clear difference in energy between p0, p1; one run of a row is not a verdict.")) << text;
}

}  // namespace
}  // namespace nw
