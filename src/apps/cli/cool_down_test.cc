#include "apps/cli/cool_down.h"

#include <gtest/gtest.h>

#include "base/host_memory.h"
#include "record/record.pb.h"

namespace nw::cli {
namespace {

using Watts1 = std::vector<std::optional<double>>;

bool reached(IdleDetector rest, const std::vector<Watts1>& intervals) {
  for (const Watts1& watts : intervals) rest.add(watts);
  return rest.is_reached();
}

TEST(IdleDetector, AtTheBaselineForTwoIntervals) {
  const IdleDetector rest({IdlePower{100, 0.1}, std::nullopt, IdlePower{10, 2}});
  EXPECT_FALSE(reached(rest, {{104.9, 500, 15.9}}));
  EXPECT_TRUE(reached(rest, {{104.9, 500, 15.9}, {90, 700, 10}})) << "what has no baseline is not looked at";
  EXPECT_FALSE(reached(rest, {{105.1, 500, 10}, {100, 500, 10}})) << "5 % above";
  EXPECT_FALSE(reached(rest, {{100, 500, 10}, {100, 500, 16.1}})) << "three standard errors above";
  EXPECT_TRUE(reached(rest, {{300, 0, 20}, {200, 0, 20}, {100, 0, 10}, {100, 0, 10}})) << "the last ones count";
  EXPECT_TRUE(reached(rest, {{100, {}, {}}, {100, {}, {}}})) << "one sensor that says nothing";
  EXPECT_FALSE(reached(rest, {{{}, 1, {}}, {{}, 1, {}}})) << "none says anything";
}

TEST(IdleDetector, WithoutABaselineWhenNothingMoves) {
  const IdleDetector rest({std::nullopt, std::nullopt});
  const std::vector<Watts1> still(6, {200, 3});
  EXPECT_TRUE(reached(rest, still));
  EXPECT_FALSE(reached(rest, {5, {200, 3}})) << "not long enough";
  auto falling = still;
  falling[0] = {207, 3};
  EXPECT_FALSE(reached(rest, falling));
  falling.push_back({200, 3});
  EXPECT_TRUE(reached(rest, falling)) << "that is past";
  auto small = still;
  small[3] = {201, 3.9};
  EXPECT_TRUE(reached(rest, small)) << "a watt is nothing";
  EXPECT_FALSE(reached(rest, std::vector<Watts1>(6, {std::nullopt, std::nullopt})));
}

SensorInfo info(const std::string& id, SensorKind kind, Nanos update_interval, Provenance how = Provenance::measured) {
  SensorInfo info;
  info.id = id;
  info.part = {Domain::gpu, "0"};
  info.kind = kind;
  info.provenance = how;
  info.update_interval = update_interval;
  return info;
}

TEST(IdleDetector, WitnessesAreWhatTellsTheMost) {
  const SensorInfo slow = info("slow", SensorKind::counter, millis(100)),
                   gauge = info("g", SensorKind::gauge, millis(100)),
                   fast = info("fast", SensorKind::counter, millis(1)),
                   model = info("model", SensorKind::gauge, millis(100), Provenance::estimated);
  EXPECT_EQ(choose_watched_sensors({slow, gauge}), (std::vector<bool>{false, true}));
  EXPECT_EQ(choose_watched_sensors({slow, model}), (std::vector<bool>{true, false})) << "a model is no witness";
  EXPECT_EQ(choose_watched_sensors({fast, gauge}), (std::vector<bool>{true, true}));
  EXPECT_TRUE(choose_watched_sensors({}).empty());
}

// 300 W for three seconds, then 100 W.
struct Falling : Source {
  explicit Falling(MemoryHost& machine) : host(machine) {}
  MemoryHost& host;
  Reading read() noexcept override { return Reading::of(host.now() < seconds(3) ? 300'000'000 : 100'000'000); }
};

struct Cooling : testing::Test {
  MemoryHost host;
  pb::Record record;
  std::optional<int> signal, told;
  Watts bias{};
  Wait wait = [this](Nanos until) {
    if (!signal) host.sleep_until(until);
    return signal;
  };

  CoolDownResult cool(Nanos longest) {
    std::vector<Sensor> sensors;
    Sensor& sensor = sensors.emplace_back();
    sensor.info = info("g", SensorKind::gauge, millis(10));
    sensor.info.bias = bias;
    sensor.source = std::make_unique<Falling>(host);
    Reader reader(host, std::move(sensors));
    return cool_down(host, reader, record, longest, wait, told);
  }
  void add_baseline(std::int64_t watts) {
    pb::Idle& idle = *record.add_idle();
    idle.set_sensor("g");
    idle.set_power_uw(watts * 1'000'000);
  }
};

TEST_F(Cooling, EndsAtTheBaseline) {
  add_baseline(100);
  EXPECT_EQ(cool(seconds(60)), CoolDownResult::at_base);
  EXPECT_GT(host.now(), seconds(3));
  EXPECT_LT(host.now(), seconds(6));
}

TEST_F(Cooling, ABiasIsTakenOffAsInTheBaseline) {
  bias = Watts::of(20'000'000);
  add_baseline(80);
  EXPECT_EQ(cool(seconds(60)), CoolDownResult::at_base);
}

TEST_F(Cooling, GivesUpInTheEnd) {
  add_baseline(50);
  EXPECT_EQ(cool(seconds(2)), CoolDownResult::gave_up);
  EXPECT_GE(host.now(), seconds(2));
}

TEST_F(Cooling, EndsWhenNothingMoves) {
  EXPECT_EQ(cool(seconds(60)), CoolDownResult::steady);
  EXPECT_GE(host.now(), seconds(3));
  EXPECT_LT(host.now(), seconds(8));
}

TEST_F(Cooling, EndsWhenTold) {
  signal = SIGTERM;
  EXPECT_EQ(cool(seconds(60)), CoolDownResult::told);
  EXPECT_EQ(told, SIGTERM);
}

TEST_F(Cooling, PausesWhereNothingIsMeasured) {
  Reader reader(host, {});
  const Nanos begin = host.now();
  EXPECT_EQ(cool_down(host, reader, record, seconds(60), wait, told), CoolDownResult::paused);
  EXPECT_EQ(host.now(), begin + seconds(5));
  EXPECT_EQ(cool_down(host, reader, record, seconds(1), wait, told), CoolDownResult::paused)
      << "never longer than asked for";
  EXPECT_EQ(host.now(), begin + seconds(6));
  signal = SIGINT;
  EXPECT_EQ(cool_down(host, reader, record, seconds(60), wait, told), CoolDownResult::told);
}

TEST(Waiting, TakesTheSignalsThatEndPrograms) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    ::signal(signal, SIG_DFL);  // in a background, they are not
  const Signals signals;
  const auto host = make_real_host();
  const Wait real = make_wait(*host, signals);
  EXPECT_FALSE(real(host->now() + millis(1)));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    ::raise(signal);
    EXPECT_EQ(real(host->now() + seconds(20)), signal);
  }
}

TEST(Waiting, TakesNoSignalThatWasIgnored) {
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGHUP, SIG_IGN);
  {
    const Signals signals;
    EXPECT_EQ(sigismember(&signals.handled(), SIGHUP), 0);
    ::raise(SIGHUP);
    EXPECT_FALSE(signals.take_ending(millis(1)));
    ::raise(SIGTERM);
    EXPECT_EQ(signals.take_ending(seconds(20)), SIGTERM);
  }
  ::signal(SIGHUP, SIG_DFL);
}

}  // namespace
}  // namespace nw::cli
