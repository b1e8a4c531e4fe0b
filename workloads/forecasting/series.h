// A half-hourly load series, its split in time, and the two forecasts that anybody can make.
#pragma once

#include "../common/result.h"

#include <filesystem>
#include <span>
#include <vector>

namespace nw::workload {

constexpr int kDay = 48;  // half-hours
constexpr int kWeek = 7 * kDay;
constexpr int kTestDays = 28;
constexpr int kValidationDays = 14;

// Whole days; the first value is the one after midnight.
struct Series {
  std::vector<double> load;
  bool taylor = false;  // Taylor's England and Wales demand, not a user's file
};

// A .csv file's column of loads, or Taylor's series out of the .rdb file of R's package forecast.
Result<Series> load_series(const std::filesystem::path& path);

// Half-hours [0, train_end) may be learnt from; the days from judge_begin to judge_end are forecast.
struct Split {
  int train_end = 0;
  int judge_begin = 0;
  int judge_end = 0;
  int judged_days() const { return (judge_end - judge_begin) / kDay; }
};

// Judged on the test days, or on the validation days before them while settings are still being chosen.
Split split_of(const Series& series, bool validation);

// Forecasts for the judged days, half-hour by half-hour: the value so many half-hours earlier.
std::vector<double> forecast_by_lag(const Series& series, const Split& split, int lag);

struct Quality {
  double mape_percent = 0;
  double mase = 0;
  double mae = 0;
};

// MASE is scaled by the mean absolute error of "same time last week" over the part that was learnt from, the better of
// the two simple forecasts there: below 1 is better than that.
Quality compute_quality(const Series& series, const Split& split, std::span<const double> forecast);

}  // namespace nw::workload
