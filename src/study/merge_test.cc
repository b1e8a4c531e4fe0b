// Merging: by hand for each rule, and as properties over random runs.
#include "study/merge.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

#include "store/uid.h"
#include "study/energy_sum.h"
#include "support/records.h"

namespace nw {
namespace {

using sample::kSecond;

void add_term(pb::Energy& energy, const std::string& name, double joules) {
  auto* term = energy.add_terms();
  term->set_name(name);
  term->set_u_uj(joules * 1e6);
  term->set_systematic(true);
}

// 100 s at the wall: a gain of 3 J, 4 J of chance.
pb::Record node(const std::string& host, double joules = 1000, int start_s = 0) {
  pb::Record record = sample::bare(derive_uid({host, std::to_string(joules), std::to_string(start_s)}), "train", 100);
  record.set_start_unix_ns(record.start_unix_ns() + start_s * kSecond);
  record.mutable_node()->set_host(host);
  record.mutable_node()->set_logical_cpus(64);
  pb::Energy& energy = *record.mutable_energy();
  sample::fill(energy, joules, 0.01, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
  energy.set_systematic_uj(3e6);
  energy.set_random_uj(4e6);
  energy.set_uncertainty_uj(9'800'000);
  add_term(energy, "PSU gain", 3);
  record.set_boundary_note("the whole node, at the wall (AC)");
  record.set_job_key("slurm-7.0");
  record.set_ranks(8);
  record.set_world_size(16);
  sample::add_part(record, "node", "0", joules, 0.01, pb::KIND_MEASURED, "PSU", 20);
  sample::add_sensor(record, "psu", "PSU", true, 0.01);
  return record;
}

pb::Record merged(const std::vector<pb::Record>& records, bool allow_mixed = false) {
  const auto result = merge_records(records, {"", allow_mixed});
  EXPECT_TRUE(result) << (result ? "" : result.error().what);
  return result.value_or(pb::Record());
}

std::string incomparable(const std::vector<pb::Record>& records) {
  const auto result = merge_records(records, {});
  return result ? "" : result.error().what;
}

std::uint64_t count_of(const pb::Record& record, std::string_view anomaly) {
  std::uint64_t count = 0;
  for (const auto& one : record.anomalies()) count += one.name() == anomaly ? one.count() : 0;
  return count;
}

TEST(Merge, EnergiesAddUpAndSoDoErrorsThatAllShare) {
  const pb::Record sum = merged({node("n1", 1000), node("n2", 1200)});
  EXPECT_EQ(sum.energy().energy_uj(), 2'200'000'000);
  EXPECT_DOUBLE_EQ(sum.energy().systematic_uj(), 6e6) << "one type of sensor, one error";
  EXPECT_DOUBLE_EQ(sum.energy().random_uj(), std::sqrt(32.0) * 1e6);
  EXPECT_NEAR(static_cast<double>(sum.energy().uncertainty_uj()), 1.96 * std::sqrt(36.0 + 32.0) * 1e6, 1);
  EXPECT_EQ(sum.energy().boundary(), pb::BOUNDARY_WALL);
  EXPECT_EQ(sum.boundary_note(), "the whole node, at the wall (AC)");
  ASSERT_EQ(sum.members_size(), 2);
  EXPECT_EQ(sum.members(1).host(), "n2");
  EXPECT_EQ(sum.members(1).energy().energy_uj(), 1'200'000'000);
  EXPECT_EQ(sum.components(1).device(), "n2/0");
  EXPECT_EQ(sum.sensors(0).id(), "n1/psu");
  EXPECT_EQ(sum.node().host(), "n1,n2");
  EXPECT_EQ(sum.node().logical_cpus(), 128u);
  EXPECT_EQ(sum.ranks(), 16u);
  EXPECT_EQ(sum.world_size(), 16u);
  EXPECT_EQ(sum.exit_code(), 0);
  EXPECT_EQ(sum.state(), "merged");
  EXPECT_EQ(sum.anomalies_size(), 0);
}

TEST(Merge, MoreRanksThanWereStartedAreOfTwoRuns) {
  const std::vector<pb::Record> all{node("n1", 1000), node("n2", 1100), node("n3", 1300)};
  EXPECT_FALSE(merge_records(all, {}));
  EXPECT_TRUE(merge_records(all, {"", true})) << "of 16";
}

TEST(Merge, TheSameOnesAreTheSameRecordInAnyOrderTwiceAndInSteps) {
  std::vector<pb::Record> all{node("n1", 1000), node("n2", 1100), node("n3", 1300)};
  for (pb::Record& one : all) one.set_world_size(24);
  const pb::Record whole = merged(all);
  EXPECT_EQ(merged({all[2], all[0], all[1], all[0]}).SerializeAsString(), whole.SerializeAsString());
  const pb::Record two = merged({all[0], all[1]});
  EXPECT_NE(two.uid(), whole.uid());
  EXPECT_TRUE(is_uid(whole.uid()));
  EXPECT_EQ(merged({two}).SerializeAsString(), two.SerializeAsString()) << "a merged record alone is itself";
  EXPECT_EQ(merged({all[1], two}).SerializeAsString(), two.SerializeAsString()) << "what is in it already adds nothing";
  const pb::Record steps = merged({two, all[2]});
  EXPECT_EQ(steps.uid(), whole.uid());
  EXPECT_EQ(steps.energy().energy_uj(), whole.energy().energy_uj());
  EXPECT_EQ(steps.members_size(), 3);
  EXPECT_EQ(steps.ranks(), 24u);
  EXPECT_NEAR(steps.energy().random_uj(), whole.energy().random_uj(), 1);
  EXPECT_NEAR(steps.energy().systematic_uj(), whole.energy().systematic_uj(), 1);
  EXPECT_EQ(steps.components(2).device(), whole.components(2).device()) << "a name is put in front once";
  EXPECT_NE(incomparable({two, merged({all[1], all[2]})}), "") << "n2 would count twice";
  EXPECT_NE(incomparable({all[0]}), "");
  EXPECT_NE(incomparable({all[0], all[0]}), "");
  EXPECT_NE(incomparable({}), "");
}

TEST(Merge, ANodeWhoseEnergyIsUnknownMakesItAPartOfTheWhole) {
  pb::Record silent = node("n2");
  silent.clear_energy();
  silent.set_boundary_note("");
  const pb::Record sum = merged({node("n1"), silent});
  EXPECT_EQ(sum.energy().energy_uj(), 1'000'000'000);
  EXPECT_DOUBLE_EQ(sum.energy().coverage(), 0.5);
  EXPECT_EQ(count_of(sum, "member_unknown"), 1u);
  EXPECT_FALSE(sum.members(1).energy().has_energy_uj());
  pb::Record other = silent;
  other.set_uid(derive_uid({"x"}));
  other.mutable_node()->set_host("n3");
  const pb::Record none = merged({silent, other});
  EXPECT_FALSE(none.energy().has_energy_uj()) << "unknown is not 0";
}

TEST(Merge, RanksWithoutARecordAreMissed) {
  pb::Record half = node("n2");
  half.set_ranks(3);
  half.set_ranks_failed(1);
  half.set_exit_code(9);
  pb::Record good = node("n1");
  good.set_ranks_failed(0);
  const pb::Record sum = merged({good, half});
  EXPECT_EQ(count_of(sum, "member_missing"), 5u);
  EXPECT_EQ(sum.ranks_failed(), 1u);
  EXPECT_EQ(sum.exit_code(), 9);
  pb::Record unsaid = node("n3");
  unsaid.clear_ranks();
  const pb::Record unknown = merged({good, unsaid});
  EXPECT_FALSE(unknown.has_ranks());
  EXPECT_EQ(count_of(unknown, "member_missing"), 0u);
}

TEST(Merge, AMissingNodeThatIsMergedLaterIsMissedNoMore) {
  pb::Record three[] = {node("n1"), node("n2"), node("n3")};
  for (pb::Record& one : three) one.set_world_size(24);
  const pb::Record two = merged({three[0], three[1]});
  EXPECT_EQ(count_of(two, "member_missing"), 8u);
  EXPECT_EQ(count_of(merged({two, three[2]}), "member_missing"), 0u);
}

TEST(Merge, DifferentBoundariesAreRefusedOrSaid) {
  pb::Record chips = node("n2");
  chips.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  chips.set_boundary_note("CPU packages alone, not the whole node");
  EXPECT_NE(incomparable({node("n1"), chips}).find("CPU packages alone"), std::string::npos);
  const pb::Record sum = merged({node("n1"), chips}, true);
  EXPECT_EQ(sum.energy().boundary(), pb::BOUNDARY_ON_CHIP);
  EXPECT_EQ(sum.boundary_note(), "");
  EXPECT_EQ(count_of(sum, "boundaries_mixed"), 1u);
  pb::Record more = chips;
  more.mutable_energy()->set_boundary(pb::BOUNDARY_WALL);
  EXPECT_NE(incomparable({node("n1"), more}), "") << "what is taken in differs, whatever the boundary is called";
}

TEST(Merge, OneNodeTwiceIsRefused) {
  EXPECT_NE(incomparable({node("n1", 1000), node("n1", 1001, 50)}).find("counted twice"), std::string::npos);
  EXPECT_EQ(count_of(merged({node("n1", 1000), node("n1", 1001, 50)}, true), "node_twice"), 1u);
  const pb::Record sum = merged({node("n1", 1000), node("n1", 1001, 102)});
  EXPECT_EQ(sum.energy().energy_uj(), 2'001'000'000) << "its sampler was killed and another began";
  EXPECT_EQ(sum.duration_ns(), 202 * kSecond);
}

TEST(Merge, DifferentJobsAndTimesAreRefused) {
  pb::Record other = node("n2");
  other.set_job_key("slurm-8.0");
  EXPECT_NE(incomparable({node("n1"), other}).find("slurm-8.0"), std::string::npos);
  EXPECT_EQ(merged({node("n1"), other}, true).job_key(), "");
  EXPECT_NE(incomparable({node("n1"), node("n2", 1000, 300)}), "");
}

TEST(Merge, ClocksThatDifferAreSaidAndNeverMoveEnergy) {
  pb::Record early = node("n1"), late = node("n2", 1000, 60), third = node("n3");
  for (pb::Record* one : {&early, &late}) sample::add_phase(*one, "train", 10, 90, 800, 0.01);
  for (pb::Record* one : {&early, &late, &third}) one->set_world_size(24);
  const pb::Record sum = merged({early, late, third});
  EXPECT_EQ(count_of(sum, "clocks_differ"), 1u);
  EXPECT_EQ(sum.energy().energy_uj(), 3'000'000'000);
  EXPECT_EQ(sum.duration_ns(), 100 * kSecond) << "the longest node's, since the wall clocks tell nothing";
  EXPECT_EQ(sum.phases(0).duration_ns(), 80 * kSecond);
  EXPECT_EQ(sum.phases(0).energy().energy_uj(), 1'600'000'000);
}

TEST(Merge, ALateStartIsNoOtherClock) {
  pb::Record late = node("n2", 1000, 60);
  late.set_duration_ns(40 * kSecond);  // and ends with the others
  const pb::Record sum = merged({node("n1"), late});
  EXPECT_EQ(count_of(sum, "clocks_differ"), 0u);
  EXPECT_EQ(sum.duration_ns(), 100 * kSecond);
  pb::Record slow = node("n2", 1000, 12), launched = node("n1");
  EXPECT_EQ(count_of(merged({launched, slow}), "clocks_differ"), 1u);
  launched.set_start_spread_ns(5 * kSecond);
  EXPECT_EQ(count_of(merged({launched, slow}), "clocks_differ"), 0u) << "its own ranks started as far apart";
  pb::Record same_phase = slow;
  sample::add_phase(launched, "train", 20, 90, 800, 0.01);
  launched.set_start_spread_ns(0);
  sample::add_phase(same_phase, "train", 8, 78, 800, 0.01);
  EXPECT_EQ(count_of(merged({launched, same_phase}), "clocks_differ"), 0u) << "their phases began together";
}

// The records kept no spans of the outer phase: how long two nodes together were in it is not known, apart from what is
// known of the inner one.
TEST(Merge, APhaseIsNoShorterThanWhatLiesInIt) {
  pb::Record a = node("n1"), b = node("n2");
  for (pb::Record* one : {&a, &b}) sample::add_phase(*one, "train", 10, 20, 400, 0.01).clear_spans();
  sample::add_phase(a, "train/epoch", 10, 19, 300, 0.01);
  sample::add_phase(b, "train/epoch", 15, 24, 300, 0.01);
  sample::add_phase(b, "train/epoch/step", 15, 24, 200, 0.01);
  const pb::Record sum = merged({a, b});
  ASSERT_EQ(sum.phases_size(), 3);
  EXPECT_EQ(sum.phases(1).duration_ns(), 14 * kSecond);
  EXPECT_EQ(sum.phases(0).duration_ns(), 14 * kSecond);
  EXPECT_GE(sum.phases(0).energy().energy_uj(), sum.phases(1).energy().energy_uj());
}

TEST(Merge, PhasesMeetByPathAndTimeIsTheirUnion) {
  pb::Record a = node("n1"), b = node("n2", 1000, 2);
  sample::add_work(sample::add_phase(a, "train", 10, 50, 400, 0.01), "sample", 64);
  sample::add_work(sample::add_phase(b, "train", 10, 50, 500, 0.01), "sample", 32);
  sample::add_phase(a, "save", 60, 70, 90, 0.01);
  const pb::Record sum = merged({a, b});
  ASSERT_EQ(sum.phases_size(), 2);
  const pb::Phase& train = sum.phases(0);
  EXPECT_EQ(train.count(), 2u);
  EXPECT_EQ(train.energy().energy_uj(), 900'000'000);
  EXPECT_EQ(train.duration_ns(), 42 * kSecond);
  EXPECT_EQ(train.spans(0).end_ns(), 52 * kSecond);
  EXPECT_EQ(train.work(0).count(), 96);
  EXPECT_EQ(sum.phases(1).energy().energy_uj(), 90'000'000) << "on the node on which it ran";
  b.mutable_phases(0)->set_duration_ns(60 * kSecond);  // more spans than were kept
  EXPECT_EQ(merged({a, b}).phases(0).duration_ns(), 60 * kSecond);
  b.mutable_phases(0)->set_resolved(false);
  EXPECT_FALSE(merged({a, b}).phases(0).has_energy()) << "a smaller sum would be taken for all of it";
}

TEST(Merge, WhatNodesSayDifferentlyKeepsItsNode) {
  pb::Record a = node("n1"), b = node("n2");
  sample::add_figure(a, "dice", 0.7);
  sample::add_figure(a, "loss", 1);
  sample::add_figure(b, "loss", 2);
  sample::add_anomaly(a, "wrap", "psu", 1);
  sample::add_anomaly(b, "wrap", "psu", 2);
  sample::add_work(a, "job", 1);
  sample::add_work(b, "job", 1);
  const pb::Record sum = merged({a, b});
  ASSERT_EQ(sum.figures_size(), 3);
  EXPECT_EQ(sum.figures(0).name(), "dice");
  EXPECT_EQ(sum.figures(1).name(), "loss@n1");
  EXPECT_EQ(count_of(sum, "wrap"), 3u);
  EXPECT_EQ(sum.anomalies(1).sensor(), "n2/psu");
  EXPECT_EQ(sum.work(0).count(), 2);
}

TEST(Merge, AModelledRestIsAddedWhereEveryNodeHasOne) {
  pb::Record a = node("n1"), b = node("n2");
  for (pb::Record* one : {&a, &b}) {
    sample::fill(*one->mutable_node_estimate(), 1500, 0.2, pb::KIND_ESTIMATED, pb::BOUNDARY_NODE_DC);
    one->set_modelled_fraction(1.0 / 3);
  }
  const pb::Record sum = merged({a, b});
  EXPECT_EQ(sum.node_estimate().energy_uj(), 3'000'000'000);
  EXPECT_NEAR(sum.modelled_fraction(), 1.0 / 3, 1e-9);
  b.mutable_node_estimate()->clear_energy_uj();
  EXPECT_FALSE(merged({a, b}).has_node_estimate());
}

TEST(Merge, RepeatsOnSeveralNodesAreRepeatsOfTheWhole) {
  std::string groups[2];
  for (const int repeat : {1, 2}) {
    pb::Record a = node("n1", 1000 + repeat), b = node("n2", 1000 + repeat);
    a.set_group(derive_uid({"a"})), b.set_group(derive_uid({"b"}));
    a.set_repeat(repeat), b.set_repeat(repeat);
    const pb::Record sum = merged({a, b});
    EXPECT_EQ(sum.repeat(), static_cast<std::uint32_t>(repeat));
    groups[repeat - 1] = sum.group();
  }
  EXPECT_EQ(groups[0], groups[1]);
  EXPECT_TRUE(is_uid(groups[0]));
}

TEST(Merge, RecordsFromAnywhereNeverBreakIt) {
  std::vector<pb::Record> all{sample::gpu_node(), sample::cpu_node(), sample::no_sensor(), sample::hostile(),
                              sample::nothing(),  sample::nonsense(), sample::gaps(),      sample::merged()};
  const auto sum = merge_records(all, {"", true});
  ASSERT_TRUE(sum) << sum.error().what;
  EXPECT_EQ(sum->members_size(), 9);
  std::string reread;
  ASSERT_TRUE(sum->SerializeToString(&reread));
}

TEST(EnergySum, OfOneIsThatOneAndSignsCount) {
  EnergySum one, two;
  pb::Energy energy = node("n1").energy(), out;
  one.add(energy, 100);
  one.write(out);
  EXPECT_EQ(out.energy_uj(), energy.energy_uj());
  EXPECT_EQ(out.uncertainty_uj(), energy.uncertainty_uj());
  EXPECT_EQ(out.kind(), energy.kind());
  add_term(energy, "rest", 2);
  two.add(energy, 100);
  energy.mutable_terms(1)->set_u_uj(-2e6);
  two.add(energy, 100);
  pb::Energy sum;
  two.write(sum);
  EXPECT_DOUBLE_EQ(sum.systematic_uj(), 6e6) << "what one has too much the other has too little";
}

TEST(EnergySum, OfRecordsThatNameNoTermsIsTheWorst) {
  EnergySum sum;
  pb::Energy energy = node("n1").energy(), out;
  energy.clear_terms();
  sum.add(energy, 100);
  energy.set_random_uj(0);
  energy.set_systematic_uj(0);  // an interval of unknown kind: 9.8 J
  sum.add(energy, 100);
  sum.write(out);
  EXPECT_NEAR(out.systematic_uj(), 3e6 + 9.8e6 / 1.96, 1);
  energy.clear_uncertainty_uj();
  sum.add(energy, 100);
  pb::Energy unsure;
  sum.write(unsure);
  EXPECT_FALSE(unsure.has_uncertainty_uj());
}

// In whatever steps nodes are merged: the same uid, the same energy to the microjoule, the same uncertainty.
TEST(MergeProperties, StepsDoNotMatter) {
  EXPECT_TRUE(rc::check([] {
    std::vector<pb::Record> all;
    const int count = *rc::gen::inRange(2, 8);
    Int128 energy = 0;
    for (int i = 0; i < count; ++i) {
      all.push_back(node("n" + std::to_string(i), *rc::gen::inRange(1, 100'000) + 0.123457));
      if (*rc::gen::inRange(0, 4) == 0) all.back().clear_energy();
      energy += all.back().energy().energy_uj();
      auto& phase = sample::add_phase(all.back(), *rc::gen::element("a", "b"), 10, 20, *rc::gen::inRange(1, 900), 0.1);
      sample::add_work(phase, "x", i);
    }
    const auto mix = [](const std::vector<pb::Record>& some) { return merge_records(some, {"", true}).value(); };
    const pb::Record whole = mix(all);
    const auto cut = static_cast<std::ptrdiff_t>(*rc::gen::inRange(1, count));
    std::vector<pb::Record> parts;
    for (const auto& part : {std::vector<pb::Record>(all.begin(), all.begin() + cut),
                             std::vector<pb::Record>(all.begin() + cut, all.end())})
      parts.push_back(part.size() > 1 ? mix(part) : part[0]);
    const pb::Record steps = mix(parts);
    RC_ASSERT(steps.uid() == whole.uid());
    RC_ASSERT(steps.energy().has_energy_uj() == whole.energy().has_energy_uj());
    RC_ASSERT(steps.energy().energy_uj() == whole.energy().energy_uj());
    RC_ASSERT(whole.energy().energy_uj() == saturate(energy));
    RC_ASSERT(std::abs(steps.energy().uncertainty_uj() - whole.energy().uncertainty_uj()) <= 1);
    RC_ASSERT(std::abs(steps.energy().coverage() - whole.energy().coverage()) < 1e-9);
    RC_ASSERT(steps.members_size() == count);
    RC_ASSERT(count_of(steps, "member_unknown") == count_of(whole, "member_unknown"));
    RC_ASSERT(steps.phases_size() == whole.phases_size());
    for (const pb::Phase& phase : whole.phases())
      for (const pb::Phase& other : steps.phases())
        if (phase.path() == other.path()) {
          RC_ASSERT(phase.energy().energy_uj() == other.energy().energy_uj());
          RC_ASSERT(phase.duration_ns() == other.duration_ns());
          RC_ASSERT(phase.work(0).count() == other.work(0).count());
        }
  }));
}

}  // namespace
}  // namespace nw
