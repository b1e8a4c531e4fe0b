#include "accounting/sampling_schedule.h"

#include <gtest/gtest.h>

#include "support/invented.h"

namespace nw {
namespace {

TEST(Pace, IsFastForAMinuteAndThenSlow) {
  const Pace pace({}, {test::counter_plate()});
  EXPECT_EQ(pace.period({}), millis(100));
  EXPECT_EQ(pace.period(seconds(59)), millis(100));
  EXPECT_EQ(pace.period(seconds(61)), seconds(1));
  EXPECT_EQ(pace.tail(seconds(100)), Nanos{});
}

TEST(Pace, StaysFastForAGaugeThatNoCounterStandsFor) {
  EXPECT_EQ(Pace({}, {test::gauge_plate()}).period(seconds(61)), millis(100));
  EXPECT_EQ(Pace({}, {test::gauge_plate(), test::counter_plate(Domain::gpu)}).period(seconds(61)), seconds(1));
}

TEST(Pace, ReadsSlowCountersOftenAroundBothEdges) {
  Nameplate plate = test::counter_plate(Domain::gpu);
  plate.refresh = millis(100);
  const Pace pace({}, {plate});
  EXPECT_EQ(pace.period({}), millis(10));
  EXPECT_EQ(pace.period(millis(209)), millis(10));
  EXPECT_EQ(pace.period(millis(211)), millis(100));
  EXPECT_EQ(pace.tail(seconds(100)), millis(110));
  EXPECT_EQ(pace.tail(millis(500)), millis(50)) << "nobody waits for more than a tenth of the run";
  EXPECT_EQ(Pace(seconds(1), {plate}).period({}), seconds(1));
  EXPECT_EQ(Pace(seconds(1), {plate}).tail(seconds(9)), Nanos{});
}

}  // namespace
}  // namespace nw
