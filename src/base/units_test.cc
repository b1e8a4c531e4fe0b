#include "base/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace nw {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST(Units, MulDivRoundsToNearestAndHalvesAwayFromZero) {
  EXPECT_EQ(mul_div(7, 1, 2), 4);
  EXPECT_EQ(mul_div(-7, 1, 2), -4);
  EXPECT_EQ(mul_div(10, 1, 3), 3);
  EXPECT_EQ(mul_div(11, 1, 3), 4);
  EXPECT_EQ(mul_div(-10, 1, 3), -3);
  EXPECT_EQ(mul_div(-11, 1, 3), -4);
  EXPECT_EQ(mul_div(0, 5, 3), 0);
}

TEST(Units, MulDivGoesThrough128Bits) {
  EXPECT_EQ(mul_div(kMost, kMost, kMost), kMost);
  EXPECT_EQ(mul_div(kLeast, kMost, kMost), kLeast);
  // 2^64 - 1 counts of 2^-32 J, in microjoules: 4294.967296 MJ.
  EXPECT_EQ(mul_div(std::numeric_limits<std::uint64_t>::max(), 1'000'000, std::int64_t{1} << 32),
            4'294'967'296'000'000);
}

TEST(Units, WhatDoesNotFitStopsAtTheEnd) {
  EXPECT_EQ(mul_div(kMost, 10, 1), kMost);
  EXPECT_EQ(mul_div(kLeast, 10, 1), kLeast);
  EXPECT_EQ(mul_div(Int128{kMost} * kMost, kMost, 1), kMost);
  EXPECT_EQ((Joules::of(kMost) + Joules::of(1)).count(), kMost);
  EXPECT_EQ((Joules::of(kLeast) - Joules::of(1)).count(), kLeast);
  EXPECT_EQ((-Joules::of(kLeast)).count(), kMost);
}

TEST(Units, EnergyIsPowerTimesTime) {
  EXPECT_EQ(watts(300) * seconds(3600), joules(1'080'000));
  EXPECT_EQ(watts(1) * millis(1), Joules::of(1000));
  EXPECT_EQ(Watts::of(1) * Nanos::of(499'999'999), Joules::of(0));
  EXPECT_EQ(Watts::of(1) * Nanos::of(500'000'000), Joules::of(1));
  // reportseff issue 66: 101630 J over 122 s are 833 W.
  EXPECT_EQ((joules(101'630) / seconds(122)).count() / kMicro, 833);
  EXPECT_EQ(joules(-7) / seconds(2), Watts::of(-3'500'000));
}

TEST(Units, ArithmeticAndOrder) {
  Joules sum;
  EXPECT_EQ(sum.count(), 0);
  sum += joules(3);
  sum -= joules(5);
  EXPECT_EQ(sum, -joules(2));
  EXPECT_LT(sum, Joules{});
  EXPECT_EQ(millis(1500), seconds(1) + millis(500));
  EXPECT_DOUBLE_EQ(to_joules(Joules::of(1'500'000)), 1.5);
  EXPECT_DOUBLE_EQ(to_watts(Watts::of(250'000)), 0.25);
  EXPECT_DOUBLE_EQ(to_seconds(millis(250)), 0.25);
}

}  // namespace
}  // namespace nw
