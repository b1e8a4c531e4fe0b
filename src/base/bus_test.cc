#include "base/bus.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace nw {
namespace {
using namespace std::chrono_literals;

bool becomes(const std::function<bool()>& condition) {
  for (int i = 0; i < 500; ++i, std::this_thread::sleep_for(10ms))
    if (condition()) return true;
  return false;
}

TEST(Bus, IsBusyBeforeTheFirstRoundAndThenAnswersWithoutWaiting) {
  const auto go = std::make_shared<std::atomic<bool>>(false);
  const auto rounds = std::make_shared<std::atomic<std::uint64_t>>(0);
  const auto sources = make_bus(2, {millis(5), seconds(60)}, [=](std::span<Reading> answers) {
    while (!*go) std::this_thread::sleep_for(1ms);
    answers[0] = Reading::of(++*rounds, Nanos::of(42));
    answers[1] = Reading::none(ErrorKind::denied);
  });
  EXPECT_EQ(sources[0]->read().error, ErrorKind::busy);
  *go = true;
  ASSERT_TRUE(becomes([&] { return sources[0]->read().ok && *rounds >= 3; }));
  const Reading reading = sources[0]->read();
  EXPECT_TRUE(reading.taken);
  EXPECT_EQ(reading.device, Nanos::of(42));
  EXPECT_EQ(sources[1]->read().error, ErrorKind::denied);
}

TEST(Bus, AQuestionThatHangsIsLeftBehind) {
  EXPECT_EQ(answer_within(seconds(5), "bmc", [] { return Result<std::string>("480 W"); }).value(), "480 W");
  const auto release = std::make_shared<std::atomic<bool>>(false), ended = std::make_shared<std::atomic<bool>>(false);
  const auto begin = std::chrono::steady_clock::now();
  const auto none = answer_within(millis(20), "bmc", [=]() -> Result<std::string> {
    while (!*release) std::this_thread::sleep_for(1ms);
    *ended = true;
    return std::string("too late");
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::busy);
  EXPECT_NE(none.error().what.find("bmc: no answer within 20 ms"), std::string::npos) << none.error().what;
  *release = true;
  EXPECT_TRUE(becomes([&] { return ended->load(); }));
}

TEST(Bus, ARoundThatHangsLeavesStaleValuesAndHoldsNobodyUp) {
  const auto release = std::make_shared<std::atomic<bool>>(false);
  const auto begin = std::chrono::steady_clock::now();
  {
    const auto first = std::make_shared<std::atomic<bool>>(true);
    const auto sources = make_bus(1, {millis(5), millis(100)}, [=](std::span<Reading> answers) {
      answers[0] = Reading::of(7);
      if (first->exchange(false)) return;
      while (!*release) std::this_thread::sleep_for(1ms);
    });
    ASSERT_TRUE(becomes([&] { return sources[0]->read().ok; }));
    ASSERT_TRUE(becomes([&] { return !sources[0]->read().ok; }));
    EXPECT_EQ(sources[0]->read().error, ErrorKind::busy);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  *release = true;
}

TEST(Bus, TheSameValueOfTheSameDeviceTimeIsNoNewValueAndGoesStale) {
  const auto frozen = std::make_shared<std::atomic<bool>>(false);
  const auto time = std::make_shared<std::atomic<std::int64_t>>(0);
  const auto sources = make_bus(2, {millis(5), millis(200)}, [=](std::span<Reading> answers) {
    if (!*frozen) ++*time;
    answers[0] = Reading::of(7, Nanos::of(*time));
    answers[1] = Reading::of(static_cast<std::uint64_t>(*time));  // without a time of its own
  });
  ASSERT_TRUE(becomes([&] { return sources[0]->read().ok; }));
  std::this_thread::sleep_for(400ms);
  EXPECT_TRUE(becomes([&] { return sources[0]->read().ok; })) << "the same value at another time is new";
  *frozen = true;
  EXPECT_TRUE(becomes([&] { return !sources[0]->read().ok; }));
  EXPECT_EQ(sources[0]->read().error, ErrorKind::busy);
  EXPECT_TRUE(sources[1]->read().ok) << "nobody knows how old it is";
}

TEST(Bus, AsksMoreSeldomAfterEachFailure) {
  using Clock = std::chrono::steady_clock;
  const auto rounds = std::make_shared<std::atomic<std::size_t>>(0);
  const auto at = std::make_shared<std::array<Clock::time_point, 5>>();
  const auto begin = Clock::now();
  const auto sources = make_bus(1, {millis(10), seconds(1)}, [=](std::span<Reading> answers) {
    if (*rounds < at->size()) (*at)[*rounds] = Clock::now();
    ++*rounds;
    answers[0] = Reading::none(ErrorKind::failed);
  });
  ASSERT_TRUE(becomes([&] { return *rounds >= at->size(); }));
  for (std::size_t i = 0; i < at->size(); ++i)  // each 20, 40, 80, 160 ms after the one before, or later
    EXPECT_GE((*at)[i] - begin, 10ms * ((2 << i) - 2)) << i;
}

}  // namespace
}  // namespace nw
