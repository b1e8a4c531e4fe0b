#include "energy/unwrap.h"

#include <gtest/gtest.h>

#include "support/invented.h"

namespace nw {

std::ostream& operator<<(std::ostream& out, Unwrapper::Verdict verdict) { return out << static_cast<int>(verdict); }

namespace {
using Verdict = Unwrapper::Verdict;

// A register of 1000 counts of 1 J on a part that draws at most 100 W: it turns in 10 s.
SensorInfo small_info() {
  SensorInfo info = test::counter_info();
  info.unit_num = kMicro;
  info.wrap = 1000;
  info.max_power = watts(100);
  return info;
}

TEST(Unwrap, StepsUpCount) {
  Unwrapper unwrapper(small_info());
  EXPECT_EQ(unwrapper.advance(10, seconds(1)).verdict, Verdict::first);
  const auto step = unwrapper.advance(60, seconds(2));
  EXPECT_EQ(step.verdict, Verdict::advanced);
  EXPECT_EQ(step.counts, 50u);
  EXPECT_EQ(step.since, seconds(1));
  EXPECT_EQ(unwrapper.advance(60, seconds(3)).counts, 0u);
}

TEST(Unwrap, AWrapAtEveryPoint) {
  for (std::uint64_t start = 0; start < 1000; ++start) {
    Unwrapper unwrapper(small_info());
    unwrapper.advance(start, seconds(1));
    const auto step = unwrapper.advance((start + 90) % 1000, seconds(2));
    EXPECT_EQ(step.verdict, start + 90 < 1000 ? Verdict::advanced : Verdict::wrapped) << start;
    EXPECT_EQ(step.counts, 90u) << start;
  }
}

TEST(Unwrap, ManyWrapsInARow) {
  Unwrapper unwrapper(small_info());
  std::uint64_t sum = 0, wraps = 0;
  unwrapper.advance(0, {});
  for (std::int64_t i = 1; i <= 1000; ++i) {
    const auto step = unwrapper.advance(static_cast<std::uint64_t>(i) * 77 % 1000, seconds(i));
    sum += step.counts;
    wraps += step.verdict == Verdict::wrapped;
  }
  EXPECT_EQ(sum, 77'000u);
  EXPECT_EQ(wraps, 77u);
}

TEST(Unwrap, UnreadSoLongThatASecondWrapMayHide) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(0, seconds(0));
  EXPECT_EQ(unwrapper.advance(500, seconds(8)).verdict, Verdict::advanced) << "800 J at most: no room for a turn";
  EXPECT_EQ(unwrapper.advance(100, seconds(20)).verdict, Verdict::wrapped) << "1200 J at most: 600 and not 1600";
  EXPECT_EQ(unwrapper.advance(200, seconds(32)).verdict, Verdict::ambiguous) << "1200 J at most: 100 or 1100";
  EXPECT_EQ(unwrapper.advance(150, seconds(42)).counts, 950u)
      << "counted from the reading after which nothing was known";
  EXPECT_EQ(unwrapper.advance(200, seconds(43)).counts, 50u);
}

TEST(Unwrap, AResetToZero) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(500, seconds(1));
  const auto step = unwrapper.advance(20, seconds(2));
  EXPECT_EQ(step.verdict, Verdict::reset) << "480 J + wrap would be 520 J in a second";
  EXPECT_EQ(step.counts, 0u);
  EXPECT_EQ(step.since, seconds(2));
  EXPECT_EQ(unwrapper.advance(70, seconds(3)).counts, 50u);
}

TEST(Unwrap, AResetToAboveHalfTheRange) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(100, seconds(1));
  EXPECT_EQ(unwrapper.advance(800, seconds(2)).verdict, Verdict::absurd);
  const auto step = unwrapper.advance(850, seconds(3));
  EXPECT_EQ(step.verdict, Verdict::reset);
  EXPECT_EQ(step.counts, 50u);
  EXPECT_EQ(step.since, seconds(2));
}

TEST(Unwrap, BackwardsByALittleCostsNothing) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(500, seconds(1));
  EXPECT_EQ(unwrapper.advance(495, seconds(2)).verdict, Verdict::backwards);
  const auto step = unwrapper.advance(600, seconds(3));
  EXPECT_EQ(step.verdict, Verdict::advanced);
  EXPECT_EQ(step.counts, 100u);
  EXPECT_EQ(step.since, seconds(1));
}

TEST(Unwrap, BackwardsForGoodBecomesTheTruth) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(900, seconds(1));
  EXPECT_EQ(unwrapper.advance(700, seconds(2)).verdict, Verdict::backwards);
  const auto step = unwrapper.advance(720, seconds(3));
  EXPECT_EQ(step.verdict, Verdict::reset);
  EXPECT_EQ(step.counts, 20u);
  EXPECT_EQ(step.since, seconds(2));
}

TEST(Unwrap, ASpikeUpAndBackCostsNothing) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(100, seconds(1));
  EXPECT_EQ(unwrapper.advance(999, seconds(2)).verdict, Verdict::absurd);
  const auto step = unwrapper.advance(200, seconds(3));
  EXPECT_EQ(step.verdict, Verdict::advanced);
  EXPECT_EQ(step.counts, 100u);
  EXPECT_EQ(step.since, seconds(1));
}

// A part of 100 W cannot draw 450 J in the second since the last reading, but in the five since the count changed.
TEST(Unwrap, WhatIsShownAtOnceAfterAStillnessCounts) {
  for (const std::uint64_t start : {100u, 900u}) {
    Unwrapper unwrapper(small_info());
    unwrapper.advance(start - 50, seconds(1));
    for (int s = 2; s <= 6; ++s) unwrapper.advance(start, seconds(s));
    const auto step = unwrapper.advance((start + 450) % 1000, seconds(7));
    EXPECT_EQ(step.verdict, start == 100 ? Verdict::advanced : Verdict::wrapped);
    EXPECT_EQ(step.counts, 450u);
    EXPECT_EQ(step.since, seconds(6));
    EXPECT_TRUE(step.caught_up);
    EXPECT_EQ(unwrapper.advance((start + 500) % 1000, seconds(8)).counts, 50u);
  }
}

TEST(Unwrap, MoreThanAStillnessExplainsIsAbsurd) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(50, seconds(1));
  for (int s = 2; s <= 6; ++s) unwrapper.advance(100, seconds(s));
  EXPECT_EQ(unwrapper.advance(700, seconds(7)).verdict, Verdict::absurd) << "500 J at most in 5 s";
  EXPECT_EQ(unwrapper.advance(190, seconds(7)).counts, 90u);
}

TEST(Unwrap, ACounterThatStoodStillForMoreThanATurnIsNotAmbiguous) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(50, seconds(1));
  for (int s = 2; s <= 60; ++s) unwrapper.advance(100, seconds(s));
  const auto step = unwrapper.advance(150, seconds(61));
  EXPECT_EQ(step.verdict, Verdict::advanced) << "every reading showed the same count";
  EXPECT_EQ(step.counts, 50u);
  EXPECT_FALSE(step.caught_up);
}

TEST(Unwrap, TwoLiesThatDisagreeAreBothDropped) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(100, seconds(1));
  EXPECT_EQ(unwrapper.advance(999, seconds(2)).verdict, Verdict::absurd);
  EXPECT_EQ(unwrapper.advance(600, seconds(3)).verdict, Verdict::absurd);
  EXPECT_EQ(unwrapper.advance(130, seconds(4)).counts, 30u);
}

TEST(Unwrap, BeyondTheRangeIsAbsurdEvenFirst) {
  Unwrapper unwrapper(small_info());
  EXPECT_EQ(unwrapper.advance(1000, seconds(1)).verdict, Verdict::absurd);
  EXPECT_EQ(unwrapper.advance(999, seconds(2)).verdict, Verdict::first);
  EXPECT_EQ(unwrapper.advance(4'294'967'295, seconds(3)).verdict, Verdict::absurd);
  EXPECT_EQ(unwrapper.advance(9, seconds(4)).counts, 10u);
}

TEST(Unwrap, AFirstReadingThatIsASpike) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(990, seconds(1));
  EXPECT_EQ(unwrapper.advance(700, seconds(2)).verdict, Verdict::backwards);
  EXPECT_EQ(unwrapper.advance(730, seconds(3)).verdict, Verdict::reset);
  EXPECT_EQ(unwrapper.advance(760, seconds(4)).counts, 30u);
}

TEST(Unwrap, SixtyFourBitsNeverWrap) {
  SensorInfo info = small_info();
  info.wrap = 0;
  Unwrapper unwrapper(info);
  unwrapper.advance(UINT64_MAX - 10, seconds(1));
  EXPECT_EQ(unwrapper.advance(UINT64_MAX, seconds(2)).counts, 10u);
  EXPECT_EQ(unwrapper.advance(3, seconds(3)).verdict, Verdict::reset);
  EXPECT_EQ(unwrapper.advance(UINT64_MAX, seconds(4)).verdict, Verdict::absurd);
}

TEST(Unwrap, WithoutAMaxPowerTheShortestWayIsBelieved) {
  SensorInfo info = small_info();
  info.max_power = {};
  Unwrapper unwrapper(info);
  unwrapper.advance(100, seconds(1));
  EXPECT_EQ(unwrapper.advance(900, seconds(2)).counts, 800u);
  const auto step = unwrapper.advance(50, seconds(3));
  EXPECT_EQ(step.verdict, Verdict::wrapped);
  EXPECT_EQ(step.counts, 150u);
}

TEST(Unwrap, TimeThatStandsOrGoesBackGivesNoEnergyForNothing) {
  Unwrapper unwrapper(small_info());
  unwrapper.advance(100, seconds(10));
  EXPECT_EQ(unwrapper.advance(500, seconds(10)).verdict, Verdict::absurd);
  EXPECT_EQ(unwrapper.advance(101, seconds(4)).verdict, Verdict::absurd);
  EXPECT_EQ(unwrapper.advance(101, seconds(11)).counts, 1u);
}

// sensors.md 3: unit 2^-14 J with DRAM forced to 2^-16 J, wrap at 2^32 counts.
TEST(Unwrap, RaplRegistersOfBothUnits) {
  for (const int bits : {14, 16}) {
    SensorInfo info = test::counter_info();
    info.unit_num = kMicro;
    info.unit_den = std::int64_t{1} << bits;
    info.wrap = std::uint64_t{1} << 32;
    Unwrapper unwrapper(info);
    const std::uint64_t second = std::uint64_t{200} << bits;  // of 200 W
    unwrapper.advance((std::uint64_t{1} << 32) - second / 2, seconds(1));
    const auto step = unwrapper.advance(second / 2, seconds(2));
    EXPECT_EQ(step.verdict, Verdict::wrapped);
    EXPECT_EQ(mul_div(step.counts, info.unit_num, info.unit_den), 200 * kMicro);
  }
}

}  // namespace
}  // namespace nw
