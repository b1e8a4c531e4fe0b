#include "accounting/timeline.h"

#include <gtest/gtest.h>

#include "support/invented.h"

namespace nw {
namespace {

// A counter at 100 W for `time`, read every `period`, and its timeline.
struct Steady {
  Steady(Nanos time, Nanos period, Nanos fails_from = seconds(1 << 20), Nanos fails_to = seconds(1 << 20)) {
    meters.emplace_back(test::counter_info(), period);
    timeline.begin({});
    for (Nanos now; now <= time; now += period) {
      if (now >= fails_from && now < fails_to)
        meters[0].add(test::failed(now));
      else
        meters[0].add(test::sample(now, raw(now)));
      if (now > Nanos{}) timeline.add(meters, now);
      end = now;
    }
  }
  static std::uint64_t raw(Nanos now) { return test::raw_of(test::counter_info(), 0, watts(100) * now); }
  Joules sum() const {
    Joules total;
    for (const auto& energy : timeline.energies(0)) total += energy.value_or(Joules{});
    return total;
  }
  std::vector<Meter> meters;
  Timeline timeline;
  Nanos end;
};

TEST(Timeline, StepsOfTheRun) {
  const Steady run(seconds(10), millis(100));
  EXPECT_EQ(run.timeline.step(), millis(100));
  ASSERT_EQ(run.timeline.energies(0).size(), 100u);
  for (const auto& energy : run.timeline.energies(0)) EXPECT_EQ(energy, joules(10));
  EXPECT_TRUE(run.timeline.energies(1).empty());
}

TEST(Timeline, HalvingKeepsTheSum) {
  for (const std::int64_t time : {59, 60, 61, 119, 121, 500, 4000}) {
    const Steady run(seconds(time), millis(500));
    const auto steps = run.timeline.energies(0).size();
    EXPECT_LE(steps, Timeline::kSteps);
    EXPECT_GE(steps, std::min<std::size_t>(static_cast<std::size_t>(time) * 2, Timeline::kSteps / 2));
    const Nanos shown = Nanos::of(static_cast<std::int64_t>(steps) * run.timeline.step().count());
    EXPECT_EQ(run.sum(), watts(100) * shown) << time;
    EXPECT_LT(run.end - shown, run.timeline.step());
  }
}

TEST(Timeline, WideningKeepsTheSum) {
  std::vector<Meter> meters;
  meters.emplace_back(test::counter_info(), seconds(1));
  for (const int before : {0, 1, 2, 5, 6, 7, 600}) {
    Timeline timeline;
    timeline.begin({});
    std::vector<Meter> copy = meters;
    Nanos now;
    const auto read = [&] {
      copy[0].add(test::sample(now, static_cast<std::uint64_t>((watts(100) * now).count())));
      if (now > Nanos{}) timeline.add(copy, now);
    };
    read();
    for (int i = 0; i < before; ++i) now += millis(100), read();
    timeline.widen(seconds(1));
    EXPECT_GE(timeline.step(), seconds(1));
    for (int i = 0; i < 40; ++i) now += seconds(1), read();
    for (const auto& energy : timeline.energies(0)) EXPECT_EQ(energy, watts(100) * timeline.step()) << before;
    EXPECT_GE(timeline.energies(0).size() + 1, static_cast<std::size_t>(now.count() / timeline.step().count()))
        << before;
  }
  Timeline hostile;
  hostile.widen(Nanos::of(INT64_MAX));
  EXPECT_GT(hostile.step(), Nanos{});
}

TEST(Timeline, WhatWasNotMeasuredIsUnknownAndNeverNegative) {
  // The load stops where reading fails: what was extrapolated has to be corrected afterwards.
  std::vector<Meter> meters;
  meters.emplace_back(test::counter_info(), millis(100));
  Timeline timeline;
  timeline.begin({});
  for (int i = 0; i <= 100; ++i) {
    const Nanos now = millis(100 * i);
    const auto raw = static_cast<std::uint64_t>((watts(100) * std::min(now, seconds(5))).count());
    meters[0].add(i > 50 && i < 70 ? test::failed(now) : test::sample(now, raw));
    if (i > 0) timeline.add(meters, now);
  }
  const auto energies = timeline.energies(0);
  for (const auto& energy : energies) EXPECT_GE(energy.value_or(Joules{}), Joules{});
  EXPECT_FALSE(energies.at(60).has_value());
}

}  // namespace
}  // namespace nw
