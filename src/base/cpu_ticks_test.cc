#include "base/cpu_ticks.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

TEST(CpuTicks, BusyIsWhatRan) {
  const auto ticks = parse_cpu_ticks("cpu  1 2 4 800 1600 8 16 3200 5 5\ncpu0 9 9 9 9 9 9 9\n");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->busy, 31u);
  EXPECT_EQ(ticks->all, 31u + 800 + 1600 + 3200) << "guest time is inside user already";
  std::uint64_t busy = 0;
  EXPECT_TRUE(kBusyTicks.parse("cpu  1 2 4 800 1600 8 16 3200 5 5\n", busy));
  EXPECT_EQ(busy, 31u);
}

TEST(CpuTicks, OldKernelsHaveNoSteal) {
  const auto ticks = parse_cpu_ticks("cpu  1 2 4 800 1600 8 16");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->all, 2431u);
}

TEST(CpuTicks, AnythingElseIsNothing) {
  for (const char* text :
       {"", "cpu", "cpu ", "cpu  1 2 3", "cpu0 1 2 3 4 5 6 7", "cpu  1 2 3 4 5 6 x", "cpu  1 2 3 4 5 6 -7",
        "cpu  1 2 3 4 5 6 99999999999999999999", "intr 1 2 3 4 5 6 7", "cpu  72057594037927937 2 3 4 5 6 7"})
    EXPECT_FALSE(parse_cpu_ticks(text)) << text;
}

TEST(CpuTicks, CountsCpus) {
  EXPECT_EQ(count_cpus("processor\t: 0\nmodel name\t: processor\n\nprocessor\t: 1\n"), 2u);
  EXPECT_EQ(count_cpus("Processor\t: AArch64 rev 4\nprocessor\t: x\n"), 0u);
  EXPECT_EQ(count_cpus(""), 0u);
}

}  // namespace
}  // namespace nw
