#include "study/findings.h"

#include <gtest/gtest.h>

#include <random>

#include <fmt/format.h>

#include "study/advice.h"
#include "study/hardware.h"
#include "support/record_devices.h"
#include "support/records.h"

namespace nw {
namespace {

using Use = Accelerator::Use;
using Basis = Accelerator::Basis;

// A run on a node of two packages, with this many GPUs at this mean power, 100 s long.
pb::Record run(const std::string& uid, const std::string& name, double joules, int gpus = 0, double gpu_w = 0,
               double highest_w = 0) {
  pb::Record record = sample::bare(uid, name, 100);
  pb::Node& node = *record.mutable_node();
  node.set_host(gpus > 0 ? "g1" : "c1");
  node.set_cpu_model("Intel(R) Xeon(R) Platinum 8368 CPU @ 2.40GHz");
  node.set_sockets(2);
  node.set_memory_bytes(512'000'000'000);
  sample::fill(*record.mutable_energy(), joules, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_NODE_DC);
  sample::add_sensor(record, "xcc", "XCC", true, 0.02);
  sample::add_work(record, "sample", 1000);
  for (int i = 0; i < gpus; ++i) {
    node.add_gpus("NVIDIA A100-SXM4-40GB");
    sample::add_part(record, "gpu", "GPU-" + std::to_string(i), gpu_w * 100, 0.05, pb::KIND_MEASURED, "NVML",
                     highest_w > 0 ? highest_w : gpu_w * 1.5)
        .set_label("gpu" + std::to_string(i) + " NVIDIA A100-SXM4-40GB");
  }
  return record;
}

std::vector<const pb::Record*> pointers(const std::vector<pb::Record>& records) {
  std::vector<const pb::Record*> all;
  for (const pb::Record& one : records) all.push_back(&one);
  return all;
}

TEST(Hardware, TheLongestWordThatFits) {
  EXPECT_EQ(find_rating("Intel(R) Xeon(R) Platinum 8368 CPU @ 2.40GHz")->watts, 270);
  EXPECT_EQ(find_rating("NVIDIA A100-SXM4-40GB")->watts, 400);
  EXPECT_EQ(find_rating("NVIDIA A100-PCIE-40GB")->watts, 250);
  EXPECT_EQ(find_rating("NVIDIA L40S")->watts, 350);
  EXPECT_FALSE(find_rating("NVIDIA L400"));
  EXPECT_FALSE(find_rating(""));
}

TEST(Accelerators, TheDriverSaysBest) {
  pb::Record record = run("a", "x", 50'000, 3, 60, 62);
  sample::add_device(record, "GPU-0", "", 0, 0, 0, 400);
  sample::add_device(record, "GPU-1", "", 0.02, 0.5, 1, 400);
  record.mutable_devices(0)->set_allocated(true);
  const auto all = classify_accelerators(record);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].use, Use::idle);
  EXPECT_EQ(all[0].basis, Basis::driver);
  EXPECT_TRUE(all[0].no_process);
  EXPECT_EQ(all[1].use, Use::busy) << "half of some second is work, however little power it took";
  EXPECT_EQ(all[2].use, Use::idle) << "its power never moved";
  EXPECT_EQ(all[2].basis, Basis::power);
  EXPECT_EQ(placement(record), Placement::some_idle);
}

TEST(Accelerators, PowerThatMovesOrIsHighIsWork) {
  EXPECT_EQ(placement(run("a", "x", 1, 1, 60, 63)), Placement::all_idle);
  EXPECT_EQ(placement(run("a", "x", 1, 1, 60, 120)), Placement::busy);
  EXPECT_EQ(placement(run("a", "x", 1, 1, 390, 391)), Placement::busy) << "steady, and near its rating";
  EXPECT_EQ(placement(run("a", "x", 1)), Placement::no_accelerators);
  pb::Record unread = run("a", "x", 1, 2, 60);
  unread.clear_components();
  EXPECT_EQ(placement(unread), Placement::unknown);
  sample::add_device(unread, "GPU-0", "", 0, 0, 0, 400);
  EXPECT_EQ(placement(unread), Placement::all_idle) << "what its driver said holds without an energy too";
  pb::Record strange = run("a", "x", 1, 1, 60, 61);
  strange.mutable_components(0)->set_label("gpu0 of a kind nobody rated");
  EXPECT_EQ(placement(strange), Placement::unknown) << "60 W may be all that it has";
}

TEST(Accelerators, OneFarBelowItsPeers) {
  pb::Record record = run("a", "x", 1, 4, 300);
  record.mutable_components(3)->mutable_energy()->set_energy_uj(19'000'000'000);
  const auto all = classify_accelerators(record);
  EXPECT_FALSE(all[0].of_peers);
  ASSERT_TRUE(all[3].of_peers);
  EXPECT_NEAR(*all[3].of_peers, 190.0 / 300, 1e-9);
}

TEST(Estimates, TheirPublishedFormulae) {
  pb::Record record = run("a", "x", 50'000, 4, 60, 62);
  record.set_cpu_busy(0.5);
  for (int i = 0; i < 4; ++i) sample::add_device(record, "GPU-" + std::to_string(i), "", 0.25, 0.5, 1, 400);
  const auto all = compute_estimates(record, {});
  const auto watts = [&](Method method) { return *all[static_cast<std::size_t>(method)].joules / 100; };
  EXPECT_NEAR(watts(Method::tdp), 2 * 270 + 4 * 400, 1e-6);
  EXPECT_NEAR(watts(Method::tdp_use), 270 + 400, 1e-6);
  EXPECT_NEAR(watts(Method::green_algorithms), 2 * 270 + 4 * 400 + 512 * 0.3725, 1e-6);
  EXPECT_NEAR(watts(Method::codecarbon), 270 + 512 * 3 / 8.0 + 4 * 60, 1e-6);
  EXPECT_NEAR(watts(Method::codecarbon_load), 540 * (0.1 + 0.9 * 0.125) + 512 * 3 / 8.0 + 240, 1e-6);
  EXPECT_FALSE(all[static_cast<std::size_t>(Method::mean_node_power)].joules);
  EXPECT_NEAR(*all[0].error, 214'000.0 / 50'000 - 1, 1e-9);
}

TEST(Estimates, WhatIsMissingIsSaid) {
  pb::Record record = run("a", "x", 50'000);
  record.mutable_node()->set_cpu_model("Some CPU");
  record.mutable_node()->clear_memory_bytes();
  for (const Estimate& one : compute_estimates(record, {})) {
    EXPECT_FALSE(one.joules) << name(one.method);
    EXPECT_FALSE(one.missing.empty());
    EXPECT_FALSE(one.error);
  }
  record.mutable_energy()->set_kind(pb::KIND_ESTIMATED);
  const auto all = compute_estimates(record, 400.0);
  EXPECT_NEAR(*all[static_cast<std::size_t>(Method::mean_node_power)].joules, 40'000, 1e-6);
  EXPECT_FALSE(all[static_cast<std::size_t>(Method::mean_node_power)].error)
      << "nothing was measured to hold it against";
}

// Two runs of x at 500 W, one of y at 400 W, one of y on another node type.
TEST(Estimates, MeanNodePowerIsThatOfOtherApplicationsOnSuchANode) {
  const std::vector<pb::Record> records = {run("a", "x", 50'000), run("b", "x", 50'000), run("c", "y", 40'000),
                                           run("d", "y", 90'000, 4)};
  std::vector<const pb::Record*> pointers;
  for (const pb::Record& record : records) pointers.push_back(&record);
  const Findings findings = compute_findings(pointers);
  std::map<const pb::Record*, std::optional<double>> said;
  for (const auto& [record, estimates] : findings.runtime.runs)
    said[record] = estimates[static_cast<std::size_t>(Method::mean_node_power)].joules;
  EXPECT_NEAR(*said.at(pointers[0]), 40'000, 1e-6);
  EXPECT_NEAR(*said.at(pointers[1]), 40'000, 1e-6);
  EXPECT_NEAR(*said.at(pointers[2]), 50'000, 1e-6);
  EXPECT_FALSE(said.at(pointers[3])) << "there was no other run";
}

// One application on a CPU node and on a GPU node, there with the GPUs used in training and idle in inference.
std::vector<pb::Record> two_node_types() {
  std::vector<pb::Record> all;
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    all.push_back(run("ct" + n, "seg train", 60'000 + 100 * i));
    all.push_back(run("gt" + n, "seg train", 20'000 + 50 * i, 4, 300));
    all.push_back(run("ci" + n, "seg infer", 10'000 + 20 * i));
    all.push_back(run("gi" + n, "seg infer", 13'700 + 20 * i, 4, 55, 56));
  }
  return all;
}

TEST(Findings, IdleAcceleratorsAndWhatTheyCost) {
  const auto records = two_node_types();
  const Findings found = compute_findings(pointers(records));
  ASSERT_EQ(found.unused.runs.size(), 6u) << "nodes that have any";
  const auto& idle = found.unused.runs[1];
  EXPECT_EQ(idle.idle, 4u);
  EXPECT_NEAR(*idle.joules.value, 22'000, 1e-6);
  EXPECT_NEAR(*idle.share.value, 22'000 / 13'700.0, 1e-6);
  ASSERT_EQ(found.unused.elsewhere.size(), 1u);
  EXPECT_EQ(found.unused.elsewhere[0].comparison.per->unit, "sample");
  EXPECT_NEAR(*found.unused.elsewhere[0].idle_side()->energy.quotient.value, 13'720.0 / 10'020, 1e-6);
  EXPECT_EQ(found.unused.elsewhere[0].idle_side()->verdict, Verdict::clear);
  EXPECT_TRUE(found.unused.elsewhere[0].comparison.is_ranked);
}

TEST(Findings, TrainingAndInferenceAreJudgedApart) {
  const auto records = two_node_types();
  const Findings found = compute_findings(pointers(records));
  ASSERT_EQ(found.phases.parts.size(), 2u);
  const auto& training = found.phases.parts[0];
  EXPECT_TRUE(training.training);
  EXPECT_EQ(training.application, "seg");
  EXPECT_EQ(training.comparison.sides[*training.comparison.least].who.label,
            "2x Intel Xeon Platinum 8368, 4x A100-SXM4-40GB");
  const auto& inference = found.phases.parts[1];
  EXPECT_FALSE(inference.training);
  EXPECT_EQ(inference.comparison.sides[*inference.comparison.least].who.label, "2x Intel Xeon Platinum 8368");
}

TEST(Findings, APhaseSaysMoreThanANameAndPhasesAreCutOut) {
  pb::Record a = run("a", "job", 10'000), b = run("b", "job", 9'000, 4, 300);
  for (pb::Record* one : {&a, &b}) {
    one->clear_work();
    sample::add_work(sample::add_phase(*one, "train", 0, 60, one == &a ? 8'000 : 4'000, 0.02), "epoch", 3);
    sample::add_work(sample::add_phase(*one, "infer", 60, 90, one == &a ? 1'000 : 4'000, 0.02), "volume", 7);
    sample::add_phase(*one, "load", 90, 100, 500, 0.02);
  }
  const std::vector<pb::Record> records{a, b};
  const Findings found = compute_findings(pointers(records));
  ASSERT_EQ(found.phases.parts.size(), 2u);
  EXPECT_NEAR(*found.phases.parts[0].comparison.sides[0].joules.value, 8'000, 1e-6);
  EXPECT_EQ(*found.phases.parts[0].comparison.least, 1u);
  EXPECT_EQ(*found.phases.parts[1].comparison.least, 0u);
}

TEST(Findings, MeanPowerOfAnotherNodeTypeMisleads) {
  const auto records = two_node_types();
  const Findings found = compute_findings(pointers(records));
  ASSERT_FALSE(found.runtime.misled.empty());
  // 600 W in training on the CPU node and 100 W in inference: 350 W in the mean of its six runs.
  const auto& pair = found.runtime.misled[0];
  EXPECT_NEAR(pair.error, *pair.watts_from.value / *pair.watts_on.value - 1, 1e-12);
  for (const MethodError& one : found.runtime.methods) EXPECT_EQ(one.missing.empty(), one.n > 0) << name(one.method);
}

TEST(Findings, OfNothingNothing) {
  const Findings found = compute_findings({});
  EXPECT_TRUE(found.runtime.runs.empty() && found.unused.runs.empty() && found.phases.parts.empty());
  pb::Record guess = run("a", "x train", 1'000, 1, 60, 61);
  guess.mutable_energy()->set_kind(pb::KIND_ESTIMATED);
  const std::vector<pb::Record> records{guess};
  EXPECT_FALSE(compute_findings(pointers(records)).unused.runs[0].share.value) << "a share of an estimate is none";
}

TEST(Advice, FromTheRunsOfThisWorkloadAlone) {
  auto records = two_node_types();
  records.push_back(run("zz", "other train", 1));
  const std::vector<Partition> partitions{{"gpu", "*A100*", "--exclusive", 4, 2.0},
                                          {"cpu", "2x Intel Xeon Platinum 8368", "", 0, {}},
                                          {"new", "*H100*", "", 8, {}}};
  const auto all = advise(records[0], pointers(records), partitions, 0.3).rows;
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].partition->name, "gpu");
  EXPECT_TRUE(all[0].uses_gpus);
  EXPECT_EQ(all[0].n, 3u);
  EXPECT_NEAR(*all[0].joules.value, 20'050, 1e-6);
  // Student's 4.303 x 50 J x sqrt(1 + 1/3), and the sensor's common error.
  const double scatter = 4.303 * 50 * std::sqrt(4.0 / 3);
  EXPECT_GE(*all[0].joules.uncertainty, scatter);
  EXPECT_NEAR(*all[0].energy_cost.value, 20'050 / 3.6e6 * 0.3, 1e-9);
  EXPECT_NEAR(*all[0].node_cost.value, 100 / 3600.0 * 2, 1e-9);
  EXPECT_EQ(all[1].partition->name, "cpu");
  EXPECT_EQ(all[2].placement, "") << "where it never ran nothing is known";
  EXPECT_FALSE(all[2].joules.value);
}

TEST(Advice, AnotherAmountIsScaledAndOneRunHasNoScatter) {
  pb::Record small = run("a", "x", 1'000), asked = run("b", "x", 1);
  asked.mutable_work(0)->set_count(5'000);
  asked.mutable_node()->set_cpu_model("elsewhere");
  const std::vector<pb::Record> records{small, asked};
  const std::vector<Partition> partitions{{"cpu", "*8368", "", 0, {}}};
  const auto all = advise(asked, pointers(records), partitions, {}).rows;
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all[0].by_amount);
  EXPECT_NEAR(*all[0].joules.value, 5'000, 1e-6);
  EXPECT_FALSE(all[0].joules.uncertainty);
  EXPECT_FALSE(all[0].energy_cost.value);
}

TEST(Advice, KilledRunsDoNotCountAndWorkInPhasesDoes) {
  pb::Record small = run("a", "x", 1'000), killed = run("b", "x", 10), asked = run("c", "x", 1);
  for (pb::Record* one : {&small, &killed, &asked}) {
    one->clear_work();
    sample::add_work(sample::add_phase(*one, "train", 0, 80, 800, 0.02), "sample", one == &asked ? 3'000 : 1'000);
  }
  killed.set_signal(9);
  asked.mutable_node()->set_cpu_model("elsewhere");
  const std::vector<pb::Record> records{small, killed, asked};
  const std::vector<Partition> partitions{{"cpu", "*8368", "", 0, {}}};
  const auto all = advise(asked, pointers(records), partitions, {}).rows;
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].n, 1u);
  EXPECT_TRUE(all[0].by_amount);
  EXPECT_NEAR(*all[0].joules.value, 3'000, 1e-6);
}

TEST(Advice, EnergiesOfUnlikeBoundaryAreNotRanked) {
  auto records = two_node_types();
  for (pb::Record& one : records)
    if (one.node().gpus_size() > 0) one.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  const std::vector<Partition> partitions{{"cpu", "2x Intel Xeon Platinum 8368", "", 0, {}},
                                          {"gpu", "*A100*", "", 4, {}}};
  const auto all = advise(records[0], pointers(records), partitions, {}).rows;
  EXPECT_FALSE(are_comparable(all));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].partition->name, "cpu") << "in the partitions' order, although the other figure is smaller";
}

TEST(Findings, WhatIdleAcceleratorsCostIsSaidOfLikeEnergiesAlone) {
  auto records = two_node_types();
  for (pb::Record& one : records)
    if (one.node().gpus_size() > 0) one.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  const Findings found = compute_findings(pointers(records));
  ASSERT_EQ(found.unused.elsewhere.size(), 1u);
  EXPECT_FALSE(found.unused.elsewhere[0].comparison.is_ranked);
  EXPECT_EQ(found.unused.elsewhere[0].idle_side(), nullptr);
}

// One application on nodes of this many types that are all alike: energies scatter by 2 %.
std::vector<pb::Record> alike(int types, int runs, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<pb::Record> all;
  for (int type = 0; type < types; ++type)
    for (int i = 0; i < runs; ++i) {
      pb::Record& one =
          all.emplace_back(run(fmt::format("{}-{}", type, i), "seg train", 50'000 * (1 + 0.02 * normal(random))));
      one.set_node_type(fmt::format("type {}", type));
      one.mutable_node()->set_host(fmt::format("n{}", type));
    }
  return all;
}

TEST(Findings, OfNodesThatAreAlikeNothingIsFound) {
  int wrong = 0;
  constexpr unsigned kFamilies = 60;
  for (unsigned seed = 1; seed <= kFamilies; ++seed) {
    const auto records = alike(6, 3, seed);
    const Findings found = compute_findings(pointers(records));
    const auto& sides = found.phases.parts[0].comparison.sides;
    EXPECT_EQ(found.runtime.compared, 6u);
    EXPECT_EQ(found.runtime.powers.tests(), 15u);
    EXPECT_EQ(found.tests, 30u) << "of power and of energy, all judged together";
    wrong += found.runtime.misled[0].verdict == Verdict::clear ||
             std::any_of(sides.begin(), sides.end(), [](const Side& side) { return side.verdict == Verdict::clear; });
  }
  EXPECT_LE(wrong, 6) << "5 % are 3";
}

TEST(Findings, OneRunOnAPlacementIsNoFinding) {
  const std::vector<pb::Record> records{run("a", "seg train", 50'000), run("b", "seg train", 20'000, 4, 60)};
  const Findings found = compute_findings(pointers(records));
  ASSERT_EQ(found.runtime.misled.size(), 2u);
  EXPECT_EQ(found.runtime.misled[0].verdict, Verdict::one_run);
  EXPECT_EQ(found.tests, 0u);
}

TEST(Findings, AMethodIsOffByMoreThanTheSensorsLeaveOpen) {
  // Rated power is 540 W, and the sensors are sure to 2 %.
  const std::vector<pb::Record> right{run("a", "x", 54'200)}, wrong{run("a", "x", 30'000)};
  EXPECT_EQ(compute_findings(pointers(right)).runtime.methods[0].verdict, Verdict::unclear);
  EXPECT_EQ(compute_findings(pointers(wrong)).runtime.methods[0].verdict, Verdict::clear);
}

// 15 W x 100 s on two idle accelerators whose sensors state 5 % and no offset.
TEST(Accelerators, AnIdleOneHasItsSensorsOffset) {
  const std::vector<pb::Record> records{run("a", "x", 50'000, 2, 15, 15.5)};
  const auto idle = compute_findings(pointers(records)).unused.runs[0];
  const double each = std::hypot(0.05 * 1500, 1.96 * 3 * 100);
  EXPECT_TRUE(idle.is_offset_assumed);
  EXPECT_NEAR(*idle.joules.uncertainty, 2 * each, 1);
  EXPECT_NEAR(*idle.accelerators[0].power.uncertainty, each / 100, 0.01);
  pb::Record stated = records[0];
  for (pb::Component& part : *stated.mutable_components())
    sample::add_contributor(*part.mutable_energy(), "NVML offset", 30, true);
  const pb::Record* one[] = {&stated};
  const auto known = compute_findings(one).unused.runs[0];
  EXPECT_FALSE(known.is_offset_assumed) << "the sensor states its own";
  EXPECT_NEAR(*known.joules.uncertainty, 2 * 75, 1);
}

// Partitions "p0", "p1" ... of node types whose runs took these joules.
struct Cluster {
  std::vector<pb::Record> records;
  std::vector<Partition> partitions;

  explicit Cluster(const std::vector<std::vector<double>>& joules) {
    for (std::size_t p = 0; p < joules.size(); ++p) {
      partitions.push_back({fmt::format("p{}", p), fmt::format("t{}", p), "", 0, {}});
      for (const double one : joules[p]) {
        records.push_back(run(fmt::format("{}", records.size()), "x", one));
        records.back().set_node_type(fmt::format("t{}", p));
        records.back().mutable_node()->set_host("n1");
      }
    }
  }
  Advised advised() const { return advise(records[0], pointers(records), partitions, {}); }
};

std::vector<std::pair<std::string, std::size_t>> places(const Advised& advised) {
  std::vector<std::pair<std::string, std::size_t>> all;
  for (const Advice& one : advised.rows) all.emplace_back(one.partition->name, one.group);
  return all;
}

TEST(Advice, RowsThatDoNotDifferAreOneGroupInTheirOwnOrder) {
  const Cluster cluster({{1010, 1000, 1030}, {2000, 2010, 2020}, {1000, 1020, 1005}});
  const Advised advised = cluster.advised();
  EXPECT_EQ(places(advised), (std::vector<std::pair<std::string, std::size_t>>{{"p0", 1}, {"p2", 1}, {"p1", 2}}))
      << "p2 has the least energy, but not clearly";
  EXPECT_EQ(advised.compared, 3u);
  EXPECT_EQ(advised.tests, 3u);
  EXPECT_EQ(advised.groups, 2u);
}

TEST(Advice, OneRunIsInNoGroupOfItsOwn) {
  const Cluster cluster({{1000}, {2000, 2010, 2020}});
  EXPECT_EQ(cluster.advised().groups, 1u) << "how far a second run would be from the first is not known";
  EXPECT_EQ(cluster.advised().tests, 0u);
}

}  // namespace
}  // namespace nw
