#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

TEST(TokenBucket, SoManyAtOnceThenSoManyASecond) {
  TokenBucket bucket(10, 3);
  Nanos now = seconds(100);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now)) << i;
  EXPECT_FALSE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now + millis(99)));
  EXPECT_TRUE(bucket.take(now + millis(101)));
  int taken = 0;
  for (now += seconds(1); now <= seconds(111); now += millis(1)) taken += bucket.take(now) ? 1 : 0;
  EXPECT_NEAR(taken, 103, 1) << "three that were saved up, and ten in each of ten seconds";
}

TEST(TokenBucket, SaysWhenOneIsThere) {
  TokenBucket bucket(10, 1);
  const Nanos now = seconds(100);
  EXPECT_EQ(bucket.ready(now), now);
  EXPECT_TRUE(bucket.take(now));
  const Nanos ready = bucket.ready(now);
  EXPECT_NEAR(to_seconds(ready - now), 0.1, 1e-6);
  EXPECT_FALSE(bucket.take(ready - millis(1)));
  EXPECT_TRUE(bucket.take(ready));
}

TEST(TokenBucket, ClockThatGoesBackGivesNothing) {
  TokenBucket bucket(10, 1);
  EXPECT_TRUE(bucket.take(seconds(100)));
  EXPECT_FALSE(bucket.take(seconds(50)));
  EXPECT_FALSE(bucket.take(seconds(100)));
}

}  // namespace
}  // namespace nw
