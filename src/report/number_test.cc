#include "report/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace nw {
namespace {

constexpr NumberStyle kAscii{};
constexpr NumberStyle kUtf8{Units::automatic, true, false};
constexpr NumberStyle kPrecise{Units::automatic, false, true};
const double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Number, UnknownIsADashNeverZero) {
  for (const Amount& unknown : {Amount{}, Amount{kNan, 1.0}, Amount{INFINITY, {}}, Amount{{}, 3.0}}) {
    EXPECT_EQ(energy_text(unknown, kAscii), "-");
    EXPECT_EQ(energy_full_text(unknown, kAscii), "-");
    EXPECT_EQ(energy_uncertainty_text(unknown, kAscii), "-");
    EXPECT_EQ(per_item_text(unknown, "sample", kAscii), "-");
    EXPECT_EQ(power_text(unknown), "-");
    EXPECT_EQ(percent_text(unknown), "-");
    EXPECT_EQ(ratio_text(unknown, kAscii), "-");
  }
  EXPECT_EQ(duration_text({}), "-");
  EXPECT_EQ(duration_text(-1.0), "-");
  EXPECT_EQ(coverage_text({}), "-");
  EXPECT_EQ(plain_text(kNan), "-");
}

TEST(Number, ValueEndsWhereItsUncertaintyEnds) {
  EXPECT_EQ(energy_pair_text({10.0123, 0.021}, kPrecise), "10.012 +- 0.021 J");
  EXPECT_EQ(energy_pair_text({1057.0, 470.0}, kAscii), "1060 +- 470 J");
  EXPECT_EQ(energy_pair_text({12.3, 0.0996}, kAscii), "12.30 +- 0.10 J");
  EXPECT_EQ(energy_pair_text({12.3, 0.0996}, kUtf8), "12.30 ± 0.10 J");
  EXPECT_EQ(energy_pair_text({1.2, 400.0}, kAscii), "1 +- 400 J");
  EXPECT_EQ(energy_pair_text({-12.3, 4.0}, kAscii), "-12.3 +- 4.0 J");
}

TEST(Number, FourDigitsWithoutPreciseAndTheUncertaintyRoundsUp) {
  EXPECT_EQ(energy_pair_text({123.45678, 0.0012}, kAscii), "123.5 +- 0.1 J");
  EXPECT_EQ(energy_pair_text({123.45678, 0.0012}, kPrecise), "123.4568 +- 0.0012 J");
  EXPECT_EQ(energy_pair_text({123.45678, 0.11}, kAscii), "123.5 +- 0.2 J");
}

TEST(Number, WithoutUncertaintyThreeDigitsFourFromAThousand) {
  EXPECT_EQ(energy_text({12.3456, {}}, kAscii), "12.3 J");
  EXPECT_EQ(energy_text({1234.56, {}}, kAscii), "1235 J");
  EXPECT_EQ(energy_text({0.0, {}}, kAscii), "0 J");
  EXPECT_EQ(energy_text({99.96, {}}, kAscii), "100 J");
}

TEST(Number, EnergyUnits) {
  EXPECT_EQ(energy_text({3599.0, {}}, kAscii), "3599 J");
  EXPECT_EQ(energy_text({3600.0, {}}, kAscii), "1.00 Wh");
  EXPECT_EQ(energy_full_text({1'890'000.0, 39'600.0}, kAscii), "525 +- 11 Wh (1.890 MJ)");
  EXPECT_EQ(energy_full_text({3.449e8, 6.9e6}, kAscii), "95.8 +- 1.9 kWh (344.9 MJ)");
  EXPECT_EQ(energy_text({4e9, {}}, kAscii), "1.11 MWh");
  EXPECT_EQ(energy_text({1'890'000.0, {}}, {Units::MJ, false, false}), "1.89 MJ");
  EXPECT_EQ(energy_text({1'890'000.0, {}}, {Units::kJ, false, false}), "1890 kJ");
  EXPECT_EQ(energy_text({360.0, {}}, {Units::kWh, false, false}), "0.000100 kWh");
}

TEST(Number, PerItemIsAlwaysInJoules) {
  EXPECT_EQ(per_item_text({0.526, 0.011}, "sample", kAscii), "0.526 +- 0.011 J/sample");
  EXPECT_EQ(per_item_text({631'000.0, {}}, "epoch", kAscii), "631 kJ/epoch");
  EXPECT_EQ(per_item_text({3.2e-6, {}}, "voxel", kUtf8), "3.20 µJ/voxel");
  EXPECT_EQ(per_item_text({3.2e-6, {}}, "voxel", kAscii), "3.20 uJ/voxel");
  EXPECT_EQ(per_item_text({2e8, {}}, "epoch", kAscii), "200 MJ/epoch");
}

TEST(Number, AColumnHasTheUnitOfItsLargest) {
  const auto unit = [](std::vector<Amount> column, Units wanted = Units::automatic) {
    return energy_unit(column, wanted);
  };
  EXPECT_EQ(unit({{3400.0, {}}, {8208.0, {}}}), Units::Wh);
  EXPECT_EQ(unit({{3400.0, {}}, {1.0, {}}, {}}), Units::J);
  EXPECT_EQ(unit({{4e9, {}}, {1e8, {}}}), Units::MWh);
  EXPECT_EQ(unit({{1e7, {}}, {4.0, {}}}), Units::Wh) << "0.0000011 kWh cannot be read";
  EXPECT_EQ(unit({{1e7, {}}, {0.0, {}}}), Units::kWh) << "nothing needs no digits";
  EXPECT_EQ(unit({{1.9e6, {}}, {0.02, {}}}), Units::Wh) << "nor can 1900000 J";
  EXPECT_EQ(unit({{1e7, {}}, {4.0, {}}}, Units::MJ), Units::MJ) << "as asked for";
  EXPECT_EQ(unit({}), Units::J);
  EXPECT_EQ(unit({{kNan, {}}, {}}), Units::J);
}

TEST(Number, PowersAndItemsOfAColumnShareTheirUnit) {
  const std::vector<Amount> watts{{125.0, {}}, {12'345.0, {}}, {}};
  EXPECT_EQ(power_unit(watts), PowerUnit::kW);
  EXPECT_EQ(power_text({125.0, {}}, PowerUnit::kW), "0.125 kW");
  EXPECT_EQ(power_text({12'345.0, {}}, PowerUnit::W), "12300 W") << "three digits without an interval";
  EXPECT_EQ(power_unit(std::span(watts).first(1)), PowerUnit::W);
  const std::vector<Amount> items{{0.02, {}}, {0.5, {}}};
  EXPECT_EQ(per_item_text(items[0], "sample", kAscii, item_unit(items, false)), "0.0200 J/sample");
  EXPECT_EQ(per_item_text(items[0], "sample", kAscii), "20.0 mJ/sample");
}

TEST(Number, PowerIsWattsAndKilowattsFromTenThousand) {
  EXPECT_EQ(power_text({2612.4, {}}), "2612 W");
  EXPECT_EQ(power_text({9999.0, {}}), "9999 W");
  EXPECT_EQ(power_text({12'345.0, {}}), "12.3 kW");
  EXPECT_EQ(power_text({125.4, 56.0}), "125 W");
  EXPECT_EQ(power_text({38.4, 19.0}), "38 W");
}

TEST(Number, Durations) {
  EXPECT_EQ(duration_text(0.0021), "2.1 ms");
  EXPECT_EQ(duration_text(42.13), "42.1 s");
  EXPECT_EQ(duration_text(59.99), "1m00s");
  EXPECT_EQ(duration_text(724.0), "12m04s");
  EXPECT_EQ(duration_text(10'930.0), "3h02m10s");
  EXPECT_EQ(duration_text(184'200.0), "2d03h10m");
}

TEST(Number, CoverageIsNeverRoundedUpToAll) {
  EXPECT_EQ(coverage_text(1.0), "100 %");
  EXPECT_EQ(coverage_text(0.99996), "99.9 %");
  EXPECT_EQ(coverage_text(0.0), "0 %");
}

TEST(Number, ExtremesStayShort) {
  EXPECT_LT(energy_text({1e300, 1e-300}, kAscii).size(), 20U);
  EXPECT_LT(per_item_text({1e-300, 1e300}, "x", kPrecise).size(), 20U);
  EXPECT_LT(percent_text({1e300, 1e-300}).size(), 20U);
  EXPECT_LT(duration_text(1e300).size(), 20U);
}

// The printed interval contains the original one, and the value moves by at most half its last place.
TEST(Number, PrintedIntervalHoldsTheTrueOne) {
  for (double value = 1.03; value < 1e9; value *= 7.31)
    for (double relative = 1e-7; relative < 2; relative *= 3.7) {
      const double uncertainty = value * relative;
      const std::string text = energy_pair_text({value, uncertainty}, {Units::J, false, false});
      const double printed = std::stod(text);
      const double half = std::stod(text.substr(text.find("+-") + 3));
      EXPECT_GE(half, uncertainty * 0.94) << text;
      EXPECT_NEAR(printed, value, std::max(half, value * 0.5)) << text;
    }
}

TEST(Number, SharesOfTime) {
  EXPECT_EQ(share_text(0.0), "0 %");
  EXPECT_EQ(share_text(0.0001), "under 0.1 %") << "not nothing";
  EXPECT_EQ(share_text(0.0005), "0.1 %");
  EXPECT_EQ(share_text(0.024), "2.4 %");
  EXPECT_EQ(share_text(0.0994), "9.9 %");
  EXPECT_EQ(share_text(0.0996), "10 %");
  EXPECT_EQ(share_text(0.4349), "43 %");
  EXPECT_EQ(share_text(1.0), "100 %");
  EXPECT_EQ(share_text({}), "-");
  EXPECT_EQ(share_text(std::nan("")), "-");
}

}  // namespace
}  // namespace nw
