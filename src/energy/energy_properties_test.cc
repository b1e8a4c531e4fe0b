// Properties of the energy layer over random loads, wraps, splits and losses.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <deque>

#include "energy/containment.h"
#include "energy/meter.h"
#include "support/invented.h"

namespace nw {
namespace {
using test::failed;
using test::raw_of;
using test::sample;

// A load: each step lasts up to 2 s at up to 900 W.
struct Load {
  std::vector<Nanos> at;
  std::vector<Joules> energy;  // since the first
};

Load any_load(std::size_t most = 60) {
  const auto steps = *rc::gen::resize(static_cast<int>(most),
                                      rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<int, int>>>(
                                          rc::gen::pair(rc::gen::inRange(1, 2000), rc::gen::inRange(0, 900)))));
  Load load{{seconds(1)}, {Joules{}}};
  for (const auto& [ms, power] : steps) {
    load.at.push_back(load.at.back() + millis(ms));
    load.energy.push_back(load.energy.back() + watts(power) * millis(ms));
  }
  return load;
}

Meter run(const SensorInfo& info, const Load& load, std::uint64_t start) {
  Meter meter(info, seconds(1));
  for (std::size_t i = 0; i < load.at.size(); ++i) meter.add(sample(load.at[i], raw_of(info, start, load.energy[i])));
  return meter;
}

TEST(EnergyProperties, AnyWrapPointGivesTheSameEnergy) {
  SensorInfo info = test::counter_info();
  info.wrap = 4'000'000'000;  // 4 kJ: at 900 W it turns about every 4 s
  info.max_power = watts(900);
  EXPECT_TRUE(rc::check([&] {
    const Load load = any_load();
    const auto start = *rc::gen::inRange<std::uint64_t>(0, info.wrap);
    const Meter meter = run(info, load, start);
    RC_ASSERT(meter.at(load.at.back()).energy == load.energy.back());
    RC_ASSERT(meter.at(load.at.back()).filled == Joules{});
    RC_ASSERT(meter.at(load.at.back()).covered == load.at.back() - load.at.front());
  }));
}

TEST(EnergyProperties, AnyUnitTelescopesToOneRounding) {
  EXPECT_TRUE(rc::check([] {
    SensorInfo info = test::counter_info();
    info.unit_num = kMicro;
    info.unit_den = std::int64_t{1} << *rc::gen::inRange(0, 33);
    info.wrap = 0;
    const Load load = any_load();
    const Meter meter = run(info, load, 12345);
    const Joules exact = Joules::of(mul_div(raw_of(info, 0, load.energy.back()), info.unit_num, info.unit_den));
    RC_ASSERT(meter.at(load.at.back()).energy == exact);
  }));
}

TEST(EnergyProperties, AnySplitOfAnIntervalEqualsTheWhole) {
  EXPECT_TRUE(rc::check([] {
    const Load load = any_load(25);  // all within the points that a meter keeps
    const Meter meter = run(test::counter_info(), load, 99);
    const std::int64_t first = load.at.front().count() - 1'000'000'000, last = load.at.back().count() + 1'000'000'000;
    auto cuts = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange(first, last));
    std::sort(cuts.begin(), cuts.end());
    CumulativeEnergy sum;
    Nanos from = Nanos::of(first);
    for (const auto cut : cuts) sum = sum + (meter.at(Nanos::of(cut)) - meter.at(from)), from = Nanos::of(cut);
    sum = sum + (meter.at(Nanos::of(last)) - meter.at(from));
    const CumulativeEnergy whole = meter.at(Nanos::of(last)) - meter.at(Nanos::of(first));
    RC_ASSERT(sum.energy == whole.energy);
    RC_ASSERT(sum.filled == whole.filled);
    RC_ASSERT(sum.covered == whole.covered);
  }));
}

TEST(EnergyProperties, AnyIntervalOfARisingCounterIsNotNegative) {
  EXPECT_TRUE(rc::check([] {
    const Load load = any_load(25);
    const Meter meter = run(test::counter_info(), load, 99);
    const auto t0 = *rc::gen::inRange(load.at.front().count(), load.at.back().count());
    const auto t1 = *rc::gen::inRange(t0, load.at.back().count() + 1);
    RC_ASSERT(meter.between(Nanos::of(t0), Nanos::of(t1)).cumulative.energy >= Joules{});
    RC_ASSERT(meter.between(Nanos::of(t0), Nanos::of(t1)).edges >= 0);
  }));
}

TEST(EnergyProperties, DroppedSamplesNeverChangeACounter) {
  EXPECT_TRUE(rc::check([] {
    const SensorInfo info = test::counter_info();
    const Load load = any_load();
    Meter meter(info, seconds(1));
    for (std::size_t i = 0; i < load.at.size(); ++i) {
      const bool edge = i == 0 || i + 1 == load.at.size();
      if (edge || !*rc::gen::arbitrary<bool>())
        meter.add(sample(load.at[i], raw_of(info, 7, load.energy[i])));
      else
        meter.add(failed(load.at[i]));
    }
    RC_ASSERT(meter.at(load.at.back()).energy == load.energy.back());
    RC_ASSERT(meter.at(load.at.back()).covered == load.at.back() - load.at.front());
  }));
}

TEST(EnergyProperties, DroppedSamplesOnlyLowerAGaugesCoverage) {
  EXPECT_TRUE(rc::check([] {
    const SensorInfo info = test::gauge_info();
    const auto powers = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 500'000)));
    Meter all(info, seconds(1)), some(info, seconds(1));
    Nanos now = seconds(1);
    for (const int power : powers) {
      all.add(sample(now, static_cast<std::uint64_t>(power)));
      const bool lost = now > seconds(1) && *rc::gen::arbitrary<bool>();
      some.add(lost ? failed(now) : sample(now, static_cast<std::uint64_t>(power)));
      now += seconds(1);
    }
    RC_ASSERT(some.at(now).covered <= all.at(now).covered);
    RC_ASSERT(some.at(now).energy >= Joules{});
    RC_ASSERT(some.at(now).energy <= watts(500) * (now - seconds(1)));
  }));
}

// Whatever a sensor reads, a meter gives an answer of at most the maximum power times the time.
TEST(EnergyProperties, AnyReadingsAtAllStayBelowTheMaxPower) {
  EXPECT_TRUE(rc::check([] {
    SensorInfo info = *rc::gen::arbitrary<bool>() ? test::counter_info() : test::gauge_info();
    if (*rc::gen::arbitrary<bool>()) info.wrap = 0;
    const auto raws = *rc::gen::container<std::vector<std::uint64_t>>(
        rc::gen::oneOf(rc::gen::arbitrary<std::uint64_t>(), rc::gen::inRange<std::uint64_t>(0, 1'000'000'000)));
    Meter meter(info, seconds(1));
    Nanos now = seconds(1);
    for (const auto raw : raws) meter.add(sample(now, raw)), now += seconds(1);
    const CumulativeEnergy cumulative = meter.at(now);
    RC_ASSERT(cumulative.energy >= Joules{});
    RC_ASSERT(cumulative.energy <= (info.max_power + watts(1)) * now);
    RC_ASSERT(cumulative.filled <= cumulative.energy);
    RC_ASSERT(cumulative.covered <= now && cumulative.covered >= Nanos{});
  }));
}

TEST(EnergyProperties, ComposeDoesNotDependOnTheOrderOfParts) {
  EXPECT_TRUE(rc::check([] {
    std::deque<SensorInfo> infos;
    std::vector<SensorEnergy> sensor_energies;
    const auto add = [&](Domain domain, int device) {
      infos.push_back(test::counter_info(domain, std::to_string(device)));
      SensorEnergy sensor_energy{&infos.back(), {}, {}, {}};
      if (*rc::gen::inRange(0, 5) > 0) {
        sensor_energy.energy.value = joules(*rc::gen::inRange(1, 100'000));
        sensor_energy.energy.coverage = *rc::gen::element(1.0, 0.5, 0.25);
        sensor_energy.energy.uncertainty.add(
            {infos.back().source, to_joules(*sensor_energy.energy.value) / 16, true, true});
      }
      sensor_energies.push_back(sensor_energy);
    };
    for (const Domain domain : {Domain::node, Domain::psys, Domain::module, Domain::package, Domain::core, Domain::dram,
                                Domain::gpu, Domain::cpu})
      for (int device = *rc::gen::inRange(0, 3); device > 0; --device) add(domain, device);
    const NodeEnergy a = compose(sensor_energies, Wholes::judged);
    auto shuffled = sensor_energies;
    for (std::size_t i = shuffled.size(); i > 1; --i)
      std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
    const NodeEnergy b = compose(shuffled, Wholes::judged);
    RC_ASSERT(a.total.value == b.total.value);
    RC_ASSERT(a.total.coverage == b.total.coverage);
    RC_ASSERT(std::abs(a.total.uncertainty.combined() - b.total.uncertainty.combined()) < 1e-6);
    RC_ASSERT(a.components.size() == b.components.size());
    RC_ASSERT(a.components.size() <= sensor_energies.size() + 1);
  }));
}

}  // namespace
}  // namespace nw
