#include "energy/device_clock.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

constexpr Nanos kUpdateInterval = millis(100), kAhead = seconds(3), kMs = millis(1);

// A device that dates a new value every 100 ms, from 40 ms on, by a clock that is 3 s ahead.
struct Device {
  Nanos ahead = kAhead;
  Nanos born(Nanos at) const {
    const std::int64_t k = (at - millis(40)).count() / kUpdateInterval.count();
    return millis(40) + Nanos::of(k * kUpdateInterval.count());
  }
  Nanos read(DeviceClock& clock, Nanos at, bool on_bus = false) const {
    return clock.to_host(born(at) + ahead + Nanos::of(7'000), at, on_bus);
  }
};

TEST(DeviceClock, ReadingsInQuickSuccessionTellTheOffset) {
  DeviceClock clock(kUpdateInterval);
  const Device device;
  for (Nanos at = seconds(10); at <= seconds(10) + millis(210); at += millis(10)) device.read(clock, at);
  const Nanos at = seconds(10) + millis(215), date = device.read(clock, at);
  EXPECT_LE(clock.timestamp_uncertainty(), millis(10) + kMs);
  EXPECT_LE(date - clock.timestamp_uncertainty(), device.born(at));
  EXPECT_GE(date, device.born(at));
}

TEST(DeviceClock, ReadingsInStepDoNotUnlearnIt) {
  DeviceClock clock(kUpdateInterval);
  const Device device;
  for (Nanos at = seconds(10); at <= seconds(10) + millis(210); at += millis(10)) device.read(clock, at);
  Nanos at = seconds(10) + millis(230), date;  // 90 ms after each value
  for (; at < seconds(70); at += kUpdateInterval) date = device.read(clock, at);
  const Nanos born = device.born(at - kUpdateInterval);
  EXPECT_LE(date - born, millis(10) + millis(6)) << "a minute's drift of 100 ppm";
  EXPECT_LE(date - clock.timestamp_uncertainty(), born);
  EXPECT_LE(clock.timestamp_uncertainty(), millis(10) + millis(12) + kMs);
}

TEST(DeviceClock, ReadingsInStepAloneLeaveTheWholeUpdateIntervalOpen) {
  DeviceClock clock(kUpdateInterval);
  const Device device;
  for (Nanos at = seconds(10); at < seconds(20); at += kUpdateInterval) device.read(clock, at);
  EXPECT_GE(clock.timestamp_uncertainty(), kUpdateInterval);
}

TEST(DeviceClock, AValueKeepsItsDate) {
  DeviceClock clock(kUpdateInterval);
  const Device device;
  const Nanos first = device.read(clock, seconds(10) + millis(41));
  EXPECT_EQ(device.read(clock, seconds(10) + millis(99)), first);
}

TEST(DeviceClock, AClockThatIsSetIsFollowed) {
  for (const Nanos step : {seconds(2), -seconds(2)}) {
    DeviceClock clock(kUpdateInterval);
    Device device;
    for (Nanos at = seconds(10); at < seconds(12); at += millis(10)) device.read(clock, at);
    device.ahead += step;
    const Nanos at = seconds(12) + millis(45), date = device.read(clock, at);
    EXPECT_LE(date, at);
    EXPECT_GE(date, device.born(at));
    EXPECT_LE(date - device.born(at), kUpdateInterval);
  }
}

// Asked every 2 s, and the sensor info's update interval is that: ages of 10 to 90 ms, of which the least counts.
TEST(DeviceClock, OnABusTheLeastAgeCounts) {
  DeviceClock clock(seconds(2));
  const Device device;
  Nanos date, at;
  for (int i = 0; i < 40; ++i) {
    at = seconds(10 + 2 * i) + millis(50 + (i * 37) % 80);
    date = device.read(clock, at, true);
  }
  EXPECT_GE(date, device.born(at));
  EXPECT_LE(date - device.born(at), millis(30));
  EXPECT_LE(clock.timestamp_uncertainty(), kMs) << "as a bus's readings are taken";
}

TEST(DeviceClock, OnABusASmallStepIsForgottenInTime) {
  DeviceClock clock(seconds(2));
  Device device;
  const auto read = [&](int i) { return device.read(clock, seconds(10 + 2 * i) + millis(45), true); };
  for (int i = 0; i < 10; ++i) read(i);
  device.ahead -= millis(500);
  Nanos date;
  for (int i = 10; i < 60; ++i) date = read(i);
  const Nanos born = device.born(seconds(10 + 2 * 59) + millis(45));
  EXPECT_GE(date, born);
  EXPECT_LE(date - born, millis(10));
}

TEST(DeviceClock, DatesCoarserThanTheUpdateIntervalAreNotUsed) {
  DeviceClock clock(kUpdateInterval);
  EXPECT_EQ(clock.to_host(seconds(5), seconds(10)), seconds(10));
}

}  // namespace
}  // namespace nw
