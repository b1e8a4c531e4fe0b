#include "study/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <random>

#include <fmt/format.h>

#include "study/common_part.h"
#include "support/records.h"

namespace nw {
namespace {

pb::Record run(const std::string& uid, const std::string& name, double joules, double seconds = 100,
               double samples = 1000) {
  pb::Record record = sample::bare(uid, name, seconds);
  record.mutable_node()->set_host("n1");
  sample::fill(*record.mutable_energy(), joules, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
  sample::add_sensor(record, "psu", "PSU", true, 0.02);
  if (samples > 0) sample::add_work(record, "sample", samples);
  return record;
}

void set(google::protobuf::RepeatedPtrField<pb::Label>& pairs, const std::string& key, const std::string& value) {
  auto* pair = pairs.Add();
  pair->set_key(key), pair->set_value(value);
}

Comparison compared(const std::vector<pb::Record>& records, const ComparisonOptions& options = {}) {
  std::vector<const pb::Record*> pointers;
  for (const pb::Record& record : records) pointers.push_back(&record);
  auto comparison = compare(pointers, options);
  EXPECT_TRUE(comparison) << comparison.error().what;
  return comparison ? std::move(*comparison) : Comparison{};
}

std::vector<Incomparable::Why> why(const Comparison& comparison) {
  std::vector<Incomparable::Why> all;
  for (const Incomparable& one : comparison.incomparables) all.push_back(one.why);
  return all;
}

TEST(Comparison, RanksByEnergyTimeAndTheirProduct) {
  const auto all = compared({run("a", "x", 1000, 100), run("b", "x", 2000, 40), run("c", "x", 3000, 200)});
  ASSERT_TRUE(all.is_ranked);
  EXPECT_TRUE(all.same_amount);
  EXPECT_EQ(*all.base, 0u);
  EXPECT_EQ(all.sides[0].energy_place, 1u);
  EXPECT_EQ(all.sides[1].time_place, 1u);
  EXPECT_EQ(all.sides[1].product_place, 1u) << "2000 J x 40 s against 1000 J x 100 s";
  EXPECT_TRUE(all.sides[0].on_front && all.sides[1].on_front);
  EXPECT_FALSE(all.sides[2].on_front) << "beaten by both in both";
  EXPECT_NEAR(*all.sides[1].energy.quotient.value, 2, 1e-12);
}

TEST(Comparison, DifferentWorkIsNotRanked) {
  using enum Incomparable::Why;
  EXPECT_EQ(why(compared({run("a", "x", 1000), run("b", "y", 900, 100, 5000)})), std::vector{work});
  EXPECT_TRUE(compared({run("a", "x", 1000), run("b", "x", 900, 100, 5000)}).is_ranked) << "one program, per sample";
  EXPECT_TRUE(compared({run("a", "x", 1000), run("b", "y", 900, 100, 1001)}).is_ranked) << "the same amount of it";
  pb::Record other = run("b", "x", 900, 100, 0);
  EXPECT_EQ(why(compared({run("a", "x", 1000), other})), std::vector{unit});
  sample::add_work(other, "token", 7);
  EXPECT_EQ(why(compared({run("a", "x", 1000), other})), std::vector{unit});
  EXPECT_TRUE(compared({run("a", "x", 1000), other}, {.allow_mixed = true}).is_ranked);
  EXPECT_EQ(why(compared({run("a", "x", 1000), run("b", "x", 1000)}, {.per = "token"})), std::vector{wanted});
}

TEST(Comparison, ZeroWorkIsNoUnit) {
  pb::Record none = run("b", "x", 900, 100, 0);
  sample::add_work(none, "sample", 0);
  EXPECT_FALSE(compared({run("a", "x", 1000), none}).per);
}

TEST(Comparison, PoorCoverageAndEstimatesAreNotRanked) {
  pb::Record poor = run("b", "x", 900), guess = run("c", "x", 900), unknown = run("d", "x", 900);
  poor.mutable_energy()->set_coverage(0.94);
  guess.mutable_energy()->set_kind(pb::KIND_ESTIMATED);
  EXPECT_EQ(why(compared({run("a", "x", 1000), poor})), std::vector{Incomparable::Why::coverage});
  EXPECT_EQ(why(compared({run("a", "x", 1000), guess})), std::vector{Incomparable::Why::kind});
  unknown.mutable_energy()->clear_energy_uj();
  const auto all = compared({run("a", "x", 1000), unknown});
  EXPECT_TRUE(all.is_ranked);
  EXPECT_FALSE(all.sides[1].energy.quotient.value);
  EXPECT_EQ(all.sides[1].energy_place, 0u);
}

TEST(Comparison, MixedScopeIsComparedByTheCommonPart) {
  pb::Record node = run("a", "x", 1000), chips = run("b", "x", 300);
  for (pb::Record* one : {&node, &chips}) {
    sample::add_part(*one, "package", "0", one == &node ? 200 : 210, 0.05, pb::KIND_MEASURED, "RAPL", 0);
    sample::add_part(*one, "package", "1", 100, 0.05, pb::KIND_MEASURED, "RAPL", 0);
  }
  sample::add_part(node, "gpu", "0", 400, 0.05, pb::KIND_MEASURED, "NVML", 0);
  chips.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  EXPECT_EQ(why(compared({node, chips})), std::vector{Incomparable::Why::scope});
  EXPECT_FALSE(compared({node, chips}).is_ranked);
  const auto all = compared({node, chips}, {.allow_mixed = true});
  EXPECT_EQ(all.common, std::vector<std::string>{"package"});
  EXPECT_EQ(all.left_out, std::vector<std::string>{"gpu"});
  EXPECT_NEAR(*all.sides[0].joules.value, 300, 1e-9);
  EXPECT_NEAR(*all.sides[1].joules.value, 310, 1e-9);
}

TEST(Comparison, WhereNoPartIsCommonNothingCanBeAllowed) {
  pb::Record node = run("a", "x", 1000), chips = run("b", "x", 300);
  sample::add_part(node, "package", "0", 200, 0.05, pb::KIND_MEASURED, "RAPL", 0);
  sample::add_part(chips, "module", "0", 250, 0.05, pb::KIND_MEASURED, "NVML", 0);
  chips.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  const auto all = compared({node, chips}, {.allow_mixed = true});
  EXPECT_EQ(why(all), (std::vector{Incomparable::Why::scope, Incomparable::Why::nothing}));
  EXPECT_FALSE(all.is_ranked);
  EXPECT_NEAR(*all.sides[0].joules.value, 1000, 1e-9) << "the figures stand beside each other all the same";
}

TEST(Comparison, ASideThatIsMixedInItselfIsNotRanked) {
  pb::Record node = run("b", "x", 1000), chips = run("c", "x", 300), played = run("d", "x", 900);
  chips.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  played.mutable_node()->set_played("a simulator");
  for (pb::Record* one : {&node, &chips, &played}) one->set_group("g");
  const auto mixed = compared({run("a", "x", 1000), node, chips});
  ASSERT_EQ(why(mixed), std::vector{Incomparable::Why::scope});
  EXPECT_EQ(mixed.incomparables[0].side, 1u);
  EXPECT_EQ(mixed.incomparables[0].other, 1u);
  EXPECT_EQ(why(compared({run("a", "x", 1000), node, played})), std::vector{Incomparable::Why::played});
}

TEST(Comparison, FailedRunsDoNotCount) {
  pb::Record killed = run("b", "x", 10, 1), good = run("c", "x", 1000);
  killed.set_signal(9);
  for (pb::Record* one : {&killed, &good}) one->set_group("g");
  const auto all = compared({run("a", "x", 2000), killed, good});
  EXPECT_TRUE(all.is_ranked);
  EXPECT_EQ(all.sides[1].figure.n, 1u);
  EXPECT_EQ(all.sides[1].who.failed, 1u);
  EXPECT_NEAR(*all.sides[1].joules.value, 1000, 1e-9);
  EXPECT_EQ(why(compared({run("a", "x", 2000), killed})), std::vector{Incomparable::Why::failed})
      << "nothing else is there";
  pb::Record lost = run("d", "x", 10, 1);
  lost.set_state("recovered");
  EXPECT_EQ(why(compared({run("a", "x", 2000), lost})), std::vector{Incomparable::Why::failed});
}

TEST(Comparison, TheBaseIsFoundByItsLabelFirst) {
  pb::Record idle = run("a", "x", 1000), type = run("b", "x", 900);
  for (pb::Record* one : {&idle, &type}) one->set_node_type("green");
  set(*idle.mutable_labels(), "k", "other"), set(*type.mutable_labels(), "k", "green");
  auto all = compared({idle, type}, {.by = GroupBy::label, .key = "k", .base = "green"});
  EXPECT_EQ(all.base, 0u) << "by node type, for want of a label";
  all = compared({idle, type}, {.by = GroupBy::label, .key = "k", .base = "k=green"});
  EXPECT_EQ(all.base, 1u);
  EXPECT_EQ(all.sides[1].energy.quotient.value, 1.0);
  EXPECT_EQ(all.sides[1].energy.quotient.uncertainty, 0.0) << "against itself";
}

TEST(CommonPart, WhatLiesInsideACommonPartIsNotAddedToIt) {
  pb::Record record = run("a", "x", 1000);
  for (const char* domain : {"psys", "package", "dram", "gpu"})
    sample::add_part(record, domain, "0", 100, 0.05, pb::KIND_MEASURED, "s", 0);
  const pb::Record* one[] = {&record};
  EXPECT_EQ(common_domains(one), (std::vector<std::string>{"gpu", "psys"}));
  EXPECT_EQ(sum_domains(record, "", std::vector<std::string>{"gpu", "psys"}).energy_uj(), 200'000'000);
  EXPECT_FALSE(sum_domains(record, "", std::vector<std::string>{"gpu", "core"}).has_energy_uj());
  EXPECT_FALSE(sum_domains(record, "no such phase", std::vector<std::string>{"gpu"}).has_energy_uj());
}

TEST(Comparison, SidesByNodeTypeLabelAndPhase) {
  std::vector<pb::Record> all{run("a", "x", 1000), run("b", "x", 1010), run("c", "x", 500)};
  for (pb::Record& one : all) one.set_node_type(one.uid() == "c" ? "h100x4" : "a100x4");
  set(*all[0].mutable_labels(), "batch", "1");
  set(*all[1].mutable_settings(), "batch", "2");
  const auto by_type = compared(all, {.by = GroupBy::node_type});
  ASSERT_EQ(by_type.sides.size(), 2u);
  EXPECT_EQ(by_type.sides[0].who.label, "a100x4");
  EXPECT_EQ(by_type.sides[0].figure.n, 2u);
  const auto by_label = compared(all, {.by = GroupBy::label, .key = "batch"});
  ASSERT_EQ(by_label.sides.size(), 3u) << "a label or what the program said; who has neither stands apart";
  EXPECT_EQ(by_label.sides[1].who.label, "batch=2");
  EXPECT_EQ(by_label.sides[2].who.label, "batch=?");
  for (pb::Record& one : all) {
    sample::add_work(sample::add_phase(one, "train", 0, 80, 800, 0.02), "sample", 1000);
    sample::add_work(sample::add_phase(one, "infer", 80, 100, 100, 0.02), "sample", 1000);
  }
  const auto by_phase = compared({all[0]}, {.by = GroupBy::phase});
  ASSERT_EQ(by_phase.sides.size(), 2u);
  EXPECT_EQ(by_phase.sides[1].who.label, "infer");
  EXPECT_NEAR(*by_phase.sides[0].figure.value, 0.8, 1e-9) << "per sample of the phase";
  EXPECT_EQ(*by_phase.base, 1u);
}

TEST(Comparison, NamesWhatDiffers) {
  pb::Record a = run("a", "x", 1000), b = run("b", "x", 1000);
  set(*a.mutable_settings(), "batch_size", "512");
  set(*b.mutable_settings(), "batch_size", "256");
  set(*a.mutable_software(), "NVIDIA driver", "550.54");
  auto* device = a.add_devices();
  device->set_power_limit_uw(400'000'000);
  const auto all = compared({a, b});
  ASSERT_EQ(all.differences.size(), 3u);
  EXPECT_EQ(all.differences[0].what, "GPU power limit");
  EXPECT_EQ(all.differences[0].values, (std::vector<std::string>{"400 W", ""}));
  EXPECT_EQ(all.differences[1].values, (std::vector<std::string>{"512", "256"}));
  EXPECT_EQ(all.differences[2].what, "NVIDIA driver");
}

TEST(Comparison, TheBaseIsChosenByNameOrUid) {
  const std::vector<pb::Record> records{run("aa", "x", 1000), run("bb", "x", 2000)};
  EXPECT_EQ(*compared(records, {.base = "@bb"}).base, 1u);
  EXPECT_NEAR(*compared(records, {.base = "@bb"}).sides[0].energy.quotient.value, 0.5, 1e-12);
  const pb::Record* pointers[] = {&records[0], &records[1]};
  const auto none = compare(pointers, {.base = "zz"});
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("'zz'"), std::string::npos) << none.error().what;
}

TEST(Comparison, OfNothingAndOfOne) {
  EXPECT_FALSE(compared({}).is_ranked);
  EXPECT_FALSE(compared({run("a", "x", 1)}).is_ranked);
}

// This many groups of this many runs, all of 1000 J but for this relative scatter.
std::vector<pb::Record> alike(int groups, int runs, double scatter, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<pb::Record> all;
  for (int group = 0; group < groups; ++group)
    for (int i = 0; i < runs; ++i) {
      all.push_back(run(fmt::format("g{}r{}", group, i), "x", 1000 * std::exp(scatter * normal(random))));
      all.back().set_group(fmt::format("g{}", group));
    }
  return all;
}

std::size_t clear_ones(const Comparison& comparison) {
  return static_cast<std::size_t>(std::count_if(comparison.sides.begin(), comparison.sides.end(), [](const Side& side) {
    return side.verdict == Verdict::clear || side.above_least == Verdict::clear;
  }));
}

TEST(Verdicts, OneRunASideIsNeverOne) {
  const auto all = compared({run("a", "x", 1000), run("b", "x", 9000)});
  EXPECT_TRUE(all.is_ranked);
  EXPECT_EQ(all.sides[1].verdict, Verdict::one_run);
  EXPECT_EQ(all.sides[1].above_least, Verdict::one_run);
  EXPECT_EQ(all.pairs.tests(), 0u);
  EXPECT_FALSE(all.least_is_low_by);
}

TEST(Verdicts, OfManyThatAreAlikeHardlyAnyIsClear) {
  for (const auto& [groups, runs] : {std::pair{2, 2}, {8, 3}, {16, 5}}) {
    int wrong = 0;
    constexpr unsigned kFamilies = 200;
    for (unsigned seed = 1; seed <= kFamilies; ++seed)
      wrong += clear_ones(compared(alike(groups, runs, 0.02, seed))) > 0;
    EXPECT_LE(wrong, 18) << groups << " x " << runs << ": 5 % of 200 are 10";
  }
}

TEST(Verdicts, WhatDiffersIsStillFound) {
  int found = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    auto records = alike(8, 5, 0.01, seed);
    for (int i = 0; i < 5; ++i) records[i].mutable_energy()->set_energy_uj(records[i].energy().energy_uj() * 12 / 10);
    const auto all = compared(records);
    found += all.sides[0].verdict == Verdict::clear;
    EXPECT_EQ(all.compared, 8u);
    EXPECT_EQ(all.pairs.tests(), 28u);
  }
  EXPECT_GE(found, 49);
}

TEST(Verdicts, SeveralComparisonsAreOneFamily) {
  auto records = alike(2, 4, 0.01, 3);
  for (int i = 0; i < 4; ++i) records[i].mutable_energy()->set_energy_uj(records[i].energy().energy_uj() * 104 / 100);
  std::deque<Comparison> all(1, compared(records));
  ASSERT_EQ(clear_ones(all[0]), 1u);
  for (unsigned seed = 1; seed <= 200; ++seed) all.push_back(compared(alike(2, 4, 0.01, seed)));
  std::vector<Comparison*> pointers;
  for (Comparison& one : all) pointers.push_back(&one);
  judge_together(pointers);
  EXPECT_EQ(clear_ones(all[0]), 0u) << "among two hundred others 4 % is nothing unusual";
}

TEST(Verdicts, TheLeastOfManyIsTooLow) {
  double low = 0, said = 0;
  constexpr unsigned kFamilies = 200;
  for (unsigned seed = 1; seed <= kFamilies; ++seed) {
    const auto all = compared(alike(8, 4, 0.02, seed));
    low += 1 - *all.sides[*all.least].joules.value / 1000;
    said += *all.least_is_low_by;
  }
  EXPECT_GT(low / kFamilies, 0.01) << "1.42 x 2 % / 2";
  EXPECT_NEAR(said / kFamilies, low / kFamilies, 0.004);
}

// The same sensors, whose node can draw 1000 W, at 100 W and at 600 W: half of 1 % stays of their gain.
TEST(Verdicts, TheGainDoesNotCancelBetweenUnlikeLoads) {
  std::vector<pb::Record> records;
  for (int i = 0; i < 4; ++i) {
    records.push_back(run(fmt::format("r{}", i), "x", 60'000 + i, i < 2 ? 600 : 100));
    records.back().set_group(i < 2 ? "slow" : "fast");
    sample::add_part(records.back(), "node", "0", 60'000, 0.02, pb::KIND_MEASURED, "PSU", i < 2 ? 150 : 1000);
  }
  const auto all = compared(records);
  const Side& side = all.sides[*all.base == 0 ? 1 : 0];
  EXPECT_TRUE(side.same_sensors);
  EXPECT_NEAR(side.energy.gain_by_load, 0.005, 1e-5);
  EXPECT_GE(*side.energy.quotient.uncertainty, 1.96 * 0.0049);
}

}  // namespace
}  // namespace nw
