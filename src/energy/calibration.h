// Calibration: compares a sensor with a reference meter that measured the same power.
//
// Both become energies over the same windows; the sensor's means are fitted as gain x truth + offset. Pure computation;
// nothing is read.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace nw {

// The cumulative energy at a time: seconds on a clock, joules from any zero. In order of time.
struct EnergyPoint {
  double at = 0, joules = 0;
};
// Readings of power as cumulative energy, by trapezoids; readings out of order or with repeated times are dropped.
struct PowerReading {
  double at = 0, watts = 0;
};
std::vector<EnergyPoint> integrate(std::span<const PowerReading> readings);

struct Calibration {
  double gain = 1, u_gain = 0;  // reading = gain x truth + offset; standard uncertainties
  double offset_w = 0, u_offset_w = 0;
  double covariance = 0;  // of the two, W
  double residual_rms_w = 0;
  double least_w = 0, most_w = 0;     // range of the true power
  double clock_s = 0, u_clock_s = 0;  // the reference's clock minus the sensor's
  double window_s = 0;
  std::size_t windows = 0;

  double bias_w() const { return offset_w / gain; }  // to be subtracted from the reading divided by the gain
  // Standard uncertainty of a corrected power, relative to it: the largest over the power range.
  double relative() const;
};

inline constexpr double kMostClockOffset = 10;  // seconds
// An error that states what is missing when the two hardly overlap, when their clocks cannot be matched, or when the
// power range is too small for a gain to 2 %.
Result<Calibration> compute_calibration(std::span<const EnergyPoint> reference, std::span<const EnergyPoint> sensor);

}  // namespace nw
