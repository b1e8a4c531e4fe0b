// The statements of a ratio, compared with draws of known true values.
#include "study/ratio.h"
#include "record/record.pb.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace nw {
namespace {

// A run's energy with its uncertainties: a gain that all runs of a node share, and noise of its own.
pb::Energy energy(double joules, double gain_u, double random_u, bool rectangular = false) {
  pb::Energy out;
  out.set_energy_uj(std::llround(joules * 1e6));
  out.set_random_uj(random_u * joules * 1e6);
  auto* term = out.add_terms();
  term->set_name("meter gain");
  term->set_u_uj(gain_u * joules * 1e6);
  term->set_systematic(true);
  term->set_rectangular(rectangular);
  out.set_systematic_uj(gain_u * joules * 1e6);
  out.set_uncertainty_uj(std::llround(1.96 * std::hypot(gain_u, random_u) * joules * 1e6));
  out.set_kind(pb::KIND_MEASURED);
  return out;
}

Mean mean_of(const std::vector<pb::Energy>& energies) {
  Measurements measurements;
  for (const auto& one : energies) measurements.push_back({&one, 1.0, nullptr});
  return compute_energy(measurements);
}

TEST(Ratio, AGainCancelsBetweenRunsOfTheSameSensors) {
  const Mean a = mean_of({energy(1000, 0.05, 0.001)}), b = mean_of({energy(500, 0.05, 0.001)});
  const Ratio same = compute_ratio(a, b, {true, 0}), other = compute_ratio(a, b, {});
  EXPECT_DOUBLE_EQ(*same.quotient.value, 2);
  EXPECT_NEAR(*same.quotient.uncertainty, 2 * 1.96 * std::hypot(0.001, 0.001), 1e-4);
  EXPECT_NEAR(*other.quotient.uncertainty, 2 * 1.96 * std::hypot(0.05, 0.05), 0.01);
  EXPECT_NEAR(*same.difference.value, 500, 1e-9);
  EXPECT_NEAR(*same.difference.uncertainty, 1.96 * std::sqrt(25.0 * 25 + 1 + 0.25), 0.1)
      << "a gain stays in a difference";
}

// An offset of 2 W in 100 s and in 300 s: what stays is the difference of its shares.
TEST(Ratio, AnOffsetCancelsAsFarAsTheTimesAreAlike) {
  pb::Energy quick = energy(1000, 0, 0), slow = energy(1000, 0, 0);
  quick.mutable_terms(0)->set_u_uj(200e6);
  slow.mutable_terms(0)->set_u_uj(600e6);
  EXPECT_NEAR(*compute_ratio(mean_of({quick}), mean_of({slow}), {true, 0}).quotient.uncertainty, 1.96 * 0.4, 1e-3);
}

TEST(Ratio, IsClearWhicheverWayItIsAsked) {
  const Mean little = mean_of({energy(100, 0.35, 0)}), much = mean_of({energy(200, 0.35, 0)});
  const Ratio up = compute_ratio(much, little, {}), down = compute_ratio(little, much, {});
  EXPECT_GT(1 - *down.quotient.value, *down.quotient.uncertainty) << "0.5 +- 0.49, alone";
  EXPECT_LT(*up.quotient.value - 1, *up.quotient.uncertainty) << "2 +- 1.9";
  const Mean twice_little = mean_of({energy(100, 0.35, 0), energy(101, 0.35, 0)}),
             twice_much = mean_of({energy(200, 0.35, 0), energy(201, 0.35, 0)});
  EXPECT_DOUBLE_EQ(*compute_chance(twice_much, twice_little, {}), *compute_chance(twice_little, twice_much, {}));
  EXPECT_GT(*compute_chance(twice_much, twice_little, {}), 0.05);
}

TEST(Ratio, StudentsTailIsThatOfTheTables) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_NEAR(student_tail(12.706, 1), 0.05, 1e-5);
  EXPECT_NEAR(student_tail(-2.262, 9), 0.05, 1e-4);
  EXPECT_NEAR(student_tail(5.041, 8), 0.001, 1e-6);
  EXPECT_NEAR(student_tail(31.599, 2), 0.001, 1e-7);
  EXPECT_NEAR(student_tail(2.009, 50), 0.05, 1e-4);
  EXPECT_NEAR(student_tail(1.959964, infinite), 0.05, 1e-7);
  EXPECT_NEAR(student_tail(1.959964, 1e6), 0.05, 1e-5);
  EXPECT_EQ(student_tail(0, 3), 1);
  EXPECT_EQ(student_tail(infinite, 3), 0);
}

// 1 % scatter, known to 0.1 %: the two runs are that far apart, but of what the variants take nothing is proved.
TEST(Ratio, OneRunASideIsOfTheseRunsAlone) {
  const Mean one = mean_of({energy(1000, 0, 0.001)}), other = mean_of({energy(1020, 0, 0.001)});
  EXPECT_TRUE(compute_ratio(other, one, {true, 0}).is_of_these_runs);
  EXPECT_LT(*compute_ratio(other, one, {true, 0}).quotient.uncertainty, 0.01);
  EXPECT_FALSE(compute_chance(other, one, {true, 0}));
  const Mean many = mean_of({energy(1000, 0, 0.001), energy(1001, 0, 0.001), energy(1002, 0, 0.001)});
  EXPECT_FALSE(compute_chance(other, many, {true, 0}));
  EXPECT_TRUE(compute_ratio(other, many, {true, 0}).is_of_these_runs);
  EXPECT_FALSE(compute_ratio(many, many, {true, 0}).is_of_these_runs);
}

// Two runs within 0.001 % of each other by luck, whose sensors state 0.5 %.
TEST(Ratio, RunsThatAgreeByLuckAreNoProof) {
  const Mean a = mean_of({energy(1000, 0, 0.005), energy(1000.01, 0, 0.005)});
  const Mean b = mean_of({energy(1020, 0, 0.005), energy(1020.01, 0, 0.005)});
  EXPECT_NEAR(a.scatter_u, 5 / std::sqrt(2.0), 0.01);
  EXPECT_GT(*compute_chance(a, b, {true, 0}), 0.05);
}

// Of one pair alone the test is the interval: below 5 % where it does not include 1.
TEST(Ratio, ChanceAndIntervalAgree) {
  for (const double gain : {0.0, 0.001, 0.01, 0.05})
    for (int n : {2, 3, 6}) {
      int clear = 0;
      for (int step = 0; step < 400; ++step) {
        std::vector<pb::Energy> a, b;
        for (int i = 0; i < n; ++i) {
          a.push_back(energy((1000 + 10 * i) * (1 + 0.002 * step), gain, 1e-6));
          b.push_back(energy(1000 + 10 * i, gain, 1e-6));
        }
        const Mean one = mean_of(a), other = mean_of(b);
        const Ratio ratio = compute_ratio(one, other, {});
        const bool outside = *ratio.quotient.value - 1 > *ratio.quotient.uncertainty * (1 + 1e-3);
        const bool inside = *ratio.quotient.value - 1 < *ratio.quotient.uncertainty * (1 - 1e-3);
        const double chance = *compute_chance(one, other, {});
        EXPECT_FALSE(outside && chance > 0.05) << gain << ' ' << n << ' ' << step;
        EXPECT_FALSE(inside && chance < 0.05) << gain << ' ' << n << ' ' << step;
        clear += chance < 0.05;
      }
      EXPECT_GT(clear, 100);
      EXPECT_LT(clear, 400);
    }
}

TEST(Ratio, AGainThatMovesWithTheLoadStays) {
  const Mean a = mean_of({energy(1000, 0.05, 0)}), b = mean_of({energy(500, 0.05, 0)});
  const Ratio far = compute_ratio(a, b, {true, 1}), near = compute_ratio(a, b, {true, 0.1});
  EXPECT_NEAR(far.gain_by_load, 0.02, 1e-12) << "1 % of 2";
  EXPECT_NEAR(*far.quotient.uncertainty, 1.96 * 0.02, 1e-6);
  EXPECT_NEAR(*near.quotient.uncertainty, 1.96 * 0.002, 1e-6);
  EXPECT_EQ(compute_ratio(a, b, {false, 1}).gain_by_load, 0) << "there the whole gain stays";
}

TEST(Ratio, WithoutUncertaintyOrValueNothingIsClaimed) {
  pb::Energy silent;
  silent.set_energy_uj(5);
  const Ratio ratio = compute_ratio(mean_of({silent}), mean_of({energy(1, 0.1, 0)}), {});
  EXPECT_TRUE(ratio.quotient.value);
  EXPECT_FALSE(ratio.quotient.uncertainty);
  EXPECT_FALSE(compute_ratio(mean_of({}), mean_of({energy(1, 0.1, 0)}), {}).quotient.value);
  EXPECT_FALSE(compute_ratio(mean_of({energy(1, 0.1, 0)}), mean_of({energy(0, 0, 0)}), {}).quotient.value);
}

// Means of runs that really scatter, on one node and on two, with normal gains and with limits.
class RatioCoverage : public testing::TestWithParam<std::tuple<int, bool, bool>> {};

TEST_P(RatioCoverage, HoldsTheTruth) {
  const auto [n, same, rectangular] = GetParam();
  std::mt19937_64 random(static_cast<unsigned>(n * 4 + same * 2 + rectangular));
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> flat(-1, 1);
  const double gain_u = 0.03, noise = 0.002, scatter = 0.02;
  int held = 0;
  constexpr int kDraws = 4000;
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto gain = [&] { return 1 + gain_u * (rectangular ? std::sqrt(3.0) * flat(random) : normal(random)); };
    const double gain_a = gain(), gain_b = same ? gain_a : gain();
    // A single run is compared with itself, several with the mean of their distribution.
    double truth_a = 0, truth_b = 0;
    std::vector<pb::Energy> a, b;
    for (int i = 0; i < n; ++i) {
      const double own_a = 1000 * (1 + scatter * normal(random)), own_b = 700 * (1 + scatter * normal(random));
      truth_a = n == 1 ? own_a : 1000, truth_b = n == 1 ? own_b : 700;
      a.push_back(energy(own_a * gain_a * (1 + noise * normal(random)), gain_u, noise, rectangular));
      b.push_back(energy(own_b * gain_b * (1 + noise * normal(random)), gain_u, noise, rectangular));
    }
    const Ratio ratio = compute_ratio(mean_of(a), mean_of(b), {same, 0});
    held += std::abs(*ratio.quotient.value - truth_a / truth_b) <= *ratio.quotient.uncertainty;
  }
  const double share = static_cast<double>(held) / kDraws;
  EXPECT_GE(share, 0.935) << n;
  EXPECT_LE(share, n == 2 ? 0.995 : 0.975) << n << ": Student's factor for two is generous where much is shared";
}

INSTANTIATE_TEST_SUITE_P(All, RatioCoverage,
                         testing::Combine(testing::Values(1, 2, 3, 5), testing::Bool(), testing::Bool()));

}  // namespace
}  // namespace nw
