// Calibration on invented data, where the true values are known.
#include "energy/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace nw {
namespace {

constexpr double kGain = 0.945, kOffset = -1.2, kClock = 3;

struct Invented {
  std::vector<EnergyPoint> reference, sensor;
};

// A meter once a second whose clock is 3 s ahead, and a sensor ten times a second.
Invented invent(const std::function<double(double)>& watts, unsigned seed, double noise_w, double seconds = 300) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> meter(0, noise_w / 10), own(0, noise_w);
  std::vector<PowerReading> reference;
  for (double t = 0; t < seconds; t += 1) reference.push_back({t + kClock, watts(t) + meter(random)});
  Invented out;
  out.reference = integrate(reference);
  double joules = 0;
  for (double t = 0; t < seconds; t += 0.1) {
    out.sensor.push_back({t, joules});
    joules += (kGain * watts(t + 0.05) + kOffset + own(random)) * 0.1;
  }
  return out;
}

// Ramps between levels, 20 s each, so that a reading a second follows them.
double stairs(double t) {
  constexpr double kLevels[] = {60, 180, 240, 110, 60, 220, 150, 60};
  const double place = t / 20;
  const auto at = static_cast<std::size_t>(place);
  const double a = kLevels[at % 8], b = kLevels[(at + 1) % 8], within = place - std::floor(place);
  return within < 0.8 ? a : a + (b - a) * (within - 0.8) / 0.2;
}

TEST(Calibration, RecoversGainOffsetAndClockWithoutNoise) {
  const Invented data = invent(stairs, 1, 1e-3);
  const auto found = compute_calibration(data.reference, data.sensor);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_NEAR(found->gain, kGain, 0.002);
  EXPECT_NEAR(found->offset_w, kOffset, 0.3);
  EXPECT_NEAR(found->clock_s, kClock, 0.1);
  EXPECT_NEAR(found->least_w, 60, 1);
  EXPECT_NEAR(found->most_w, 240, 1);
  EXPECT_GE(found->window_s, 5);
  EXPECT_NEAR(found->bias_w(), kOffset / kGain, 0.4);
}

// Of 200 invented calibrations, about 95 % of the 95 % intervals must contain the true values.
TEST(Calibration, IntervalsHoldTheTruthAsOftenAsTheySay) {
  int gains = 0, offsets = 0, total = 200;
  double widest = 0;
  for (int seed = 0; seed < total; ++seed) {
    const Invented data = invent(stairs, static_cast<unsigned>(seed) + 10, 8);
    const auto found = compute_calibration(data.reference, data.sensor);
    ASSERT_TRUE(found) << found.error().what;
    gains += std::abs(found->gain - kGain) <= 1.96 * found->u_gain;
    offsets += std::abs(found->offset_w - kOffset) <= 1.96 * found->u_offset_w;
    widest = std::max(widest, found->u_gain);
    EXPECT_NEAR(found->clock_s, kClock, 0.5) << seed;
  }
  RecordProperty("gains", gains);
  RecordProperty("offsets", offsets);
  EXPECT_GE(gains, total * 88 / 100);
  EXPECT_GE(offsets, total * 88 / 100);
  EXPECT_LT(widest, 0.01);  // and not by being wide
}

TEST(Calibration, RefusesPowersThatSpanTooLittle) {
  const Invented data = invent([](double t) { return 100 + 4 * std::sin(t / 9); }, 3, 0.5);
  const auto found = compute_calibration(data.reference, data.sensor);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("needs at least"), std::string::npos) << found.error().what;
}

TEST(Calibration, RefusesWhatDoesNotMoveTogether) {
  Invented data = invent(stairs, 4, 1);
  data.sensor = invent([](double t) { return stairs(400 - 0.7 * t); }, 5, 1).sensor;
  const auto found = compute_calibration(data.reference, data.sensor);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("move together"), std::string::npos) << found.error().what;
}

TEST(Calibration, RefusesClocksThatAreTooFarApart) {
  Invented data = invent(stairs, 6, 1);
  for (EnergyPoint& point : data.reference) point.at += 30;
  EXPECT_FALSE(compute_calibration(data.reference, data.sensor));
}

TEST(Calibration, RefusesTooFewAndTooShort) {
  EXPECT_FALSE(compute_calibration({}, {}));
  const Invented brief = invent(stairs, 7, 1, 30);
  const auto found = compute_calibration(brief.reference, brief.sensor);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("overlap"), std::string::npos) << found.error().what;
}

TEST(Calibration, IntegralsSkipWhatIsNotInOrder) {
  const PowerReading readings[] = {{0, 10}, {1, 20}, {1, 99}, {0.5, 99}, {NAN, 3}, {3, 20}};
  const auto points = integrate(readings);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_DOUBLE_EQ(points[1].joules, 15);
  EXPECT_DOUBLE_EQ(points[2].joules, 55);
}

}  // namespace
}  // namespace nw
