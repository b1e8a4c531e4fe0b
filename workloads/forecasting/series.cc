// Taylor's series (J. W. Taylor, J Oper Res Soc 54, 2003): electricity demand of England and Wales in MW, every
// half-hour from Monday 5 June to Sunday 27 August 2000, 4032 values, in Debian's r-cran-forecast as `taylor`; no
// holiday falls into it. In the .rdb file it is told from its neighbours by its length.
//
// How the held-out period was chosen, before any setting was: the last 28 days are the test part; the 14 days before
// them are for choosing settings (--held-out validation trains on what lies before those and never looks at the test
// part); the chosen settings are then trained on all days before the test part and judged on it once, at the end.
#include "series.h"

#include "../common/csv.h"
#include "../common/rdb.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace nw::workload {
namespace {

constexpr std::size_t kTaylorLength = 84 * kDay;
constexpr int kFewestDays = kTestDays + kValidationDays + 28;

Result<Series> load_taylor(const std::filesystem::path& path) {
  auto vectors = read_rdb(path);
  if (!vectors) return vectors.error();
  const auto found =
      std::find_if(vectors->begin(), vectors->end(), [](const auto& v) { return v.size() == kTaylorLength; });
  if (found == vectors->end())
    return Error{path.string() + ": holds no vector of 4032 half-hours (series taylor of R's package forecast)"};
  return Series{std::move(*found), true};
}

Result<Series> load_csv(const std::filesystem::path& path) {
  auto values = read_csv_column(path);
  if (!values) return values.error();
  values->resize(values->size() / kDay * kDay);
  if (values->size() > 10'000'000) return Error{path.string() + ": more than ten million values"};
  return Series{std::move(*values), false};
}

}  // namespace

Result<Series> load_series(const std::filesystem::path& path) {
  auto series = path.extension() == ".rdb" ? load_taylor(path) : load_csv(path);
  if (!series) return series.error();
  const auto days = series->load.size() / kDay;
  if (days < kFewestDays) {
    return Error{path.string() + ": " + std::to_string(days) + " whole days of half-hours, at least " +
                 std::to_string(kFewestDays) + " are needed"};
  }
  const auto bad =
      std::find_if(series->load.begin(), series->load.end(), [](double load) { return !(load > 0) || load > 1e12; });
  if (bad != series->load.end()) {
    return Error{path.string() + ": value " + std::to_string(bad - series->load.begin() + 1) + " is " +
                 std::to_string(*bad) + ", loads must be above 0"};
  }
  return series;
}

Split split_of(const Series& series, bool validation) {
  const int end = static_cast<int>(series.load.size());
  const int test = end - kTestDays * kDay;
  if (!validation) return {test, test, end};
  return {test - kValidationDays * kDay, test - kValidationDays * kDay, test};
}

std::vector<double> forecast_by_lag(const Series& series, const Split& split, int lag) {
  return {series.load.begin() + split.judge_begin - lag, series.load.begin() + split.judge_end - lag};
}

Quality compute_quality(const Series& series, const Split& split, std::span<const double> forecast) {
  Quality quality;
  for (std::size_t i = 0; i < forecast.size(); ++i) {
    const double truth = series.load[static_cast<std::size_t>(split.judge_begin) + i];
    quality.mae += std::fabs(forecast[i] - truth);
    quality.mape_percent += 100 * std::fabs(forecast[i] - truth) / truth;
  }
  const auto count = static_cast<double>(forecast.size());
  quality.mae /= count;
  quality.mape_percent /= count;
  double scale = 0;
  for (auto i = static_cast<std::size_t>(kWeek); i < static_cast<std::size_t>(split.train_end); ++i)
    scale += std::fabs(series.load[i] - series.load[i - kWeek]);
  scale /= split.train_end - kWeek;
  quality.mase = scale > 0 ? quality.mae / scale : std::nan("");
  return quality;
}

}  // namespace nw::workload
