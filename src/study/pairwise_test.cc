#include "study/pairwise.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

TEST(Pairwise, StepsDownAndStopsAtTheFirstThatIsNotClear) {
  const std::vector<double> chances{0.02, 0.011, 0.03, 0.001};
  EXPECT_EQ(judge_chances(chances), (std::vector<bool>{true, true, true, true})) << "0.05 / 4, / 3, / 2, / 1";
  const std::vector<double> stopped{0.02, 0.02, 0.03, 0.001};
  EXPECT_EQ(judge_chances(stopped), (std::vector<bool>{false, false, false, true})) << "0.02 is not below 0.05 / 3";
  EXPECT_TRUE(judge_chances({}).empty());
}

TEST(Pairwise, WhatIsNotTestedCountsForNothing) {
  Pairwise pairs(3);
  pairs.set(0, 1, Verdict::one_run);
  pairs.set(1, 2, 0.04);
  judge(pairs);
  EXPECT_EQ(pairs.tests(), 1u);
  EXPECT_EQ(pairs.of(0, 1), Verdict::one_run);
  EXPECT_EQ(pairs.of(2, 1), Verdict::clear) << "in either order";
  EXPECT_EQ(pairs.of(0, 2), Verdict::unknown);
  EXPECT_EQ(pairs.of(1, 1), Verdict::unknown);
  EXPECT_EQ(Pairwise().of(0, 1), Verdict::unknown);
}

TEST(Pairwise, SeveralAreJudgedTogether) {
  Pairwise one(2), other(2);
  one.set(0, 1, 0.04), other.set(0, 1, 0.5);
  Pairwise* const family[] = {&one, &other};
  judge(family);
  EXPECT_EQ(one.of(0, 1), Verdict::unclear);
}

TEST(Pairwise, TheLeastOfManyIsLow) {
  EXPECT_EQ(least_of(1), 0);
  EXPECT_NEAR(least_of(2), 0.56419, 1e-4);
  EXPECT_NEAR(least_of(8), 1.42360, 1e-4);
}

}  // namespace
}  // namespace nw
