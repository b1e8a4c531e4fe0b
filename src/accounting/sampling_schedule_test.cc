#include "accounting/sampling_schedule.h"

#include <gtest/gtest.h>

#include "support/invented.h"

namespace nw {
namespace {

TEST(SamplingSchedule, IsFastForAMinuteAndThenSlow) {
  const SamplingSchedule schedule({}, {test::counter_info()});
  EXPECT_EQ(schedule.period({}), millis(100));
  EXPECT_EQ(schedule.period(seconds(59)), millis(100));
  EXPECT_EQ(schedule.period(seconds(61)), seconds(1));
  EXPECT_EQ(schedule.trailing(seconds(100)), Nanos{});
}

TEST(SamplingSchedule, StaysFastForAGaugeThatNoCounterStandsFor) {
  EXPECT_EQ(SamplingSchedule({}, {test::gauge_info()}).period(seconds(61)), millis(100));
  EXPECT_EQ(SamplingSchedule({}, {test::gauge_info(), test::counter_info(Domain::gpu)}).period(seconds(61)),
            seconds(1));
}

TEST(SamplingSchedule, ReadsSlowCountersOftenAroundBothEdges) {
  SensorInfo info = test::counter_info(Domain::gpu);
  info.update_interval = millis(100);
  const SamplingSchedule schedule({}, {info});
  EXPECT_EQ(schedule.period({}), millis(10));
  EXPECT_EQ(schedule.period(millis(209)), millis(10));
  EXPECT_EQ(schedule.period(millis(211)), millis(100));
  EXPECT_EQ(schedule.trailing(seconds(100)), millis(110));
  EXPECT_EQ(schedule.trailing(millis(500)), millis(50)) << "nobody waits for more than a tenth of the run";
  EXPECT_EQ(SamplingSchedule(seconds(1), {info}).period({}), seconds(1));
  EXPECT_EQ(SamplingSchedule(seconds(1), {info}).trailing(seconds(9)), Nanos{});
}

}  // namespace
}  // namespace nw
