// The part of a summary on data quality.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/summary.h"
#include "report/words.h"

namespace nw {

namespace {

// All counts of one anomaly, over the sensors affected.
struct Met {
  std::string name;
  std::uint64_t count = 0;
  std::set<std::string> sensors;
};

std::vector<Met> collect(const pb::Record& record) {
  std::vector<Met> all;
  for (const pb::AnomalyCount& one : record.anomalies()) {
    if (one.count() == 0) continue;
    auto at = std::find_if(all.begin(), all.end(), [&](const Met& met) { return met.name == one.name(); });
    if (at == all.end()) at = all.insert(all.end(), Met{one.name(), 0, {}});
    at->count += one.count();
    if (!one.sensor().empty()) at->sensors.insert(clean(one.sensor()));
  }
  return all;
}

std::string sensors_words(const std::set<std::string>& sensors) {
  if (sensors.empty()) return "";
  if (sensors.size() == 1) return fmt::format(" ({})", *sensors.begin());
  return fmt::format(" ({} sensors, first {})", sensors.size(), *sensors.begin());
}

}  // namespace

std::string compute_coverage_words(const pb::Record& record, const NumberStyle& style) {
  const auto part = coverage(record.energy());
  if (!part) return "coverage unknown";
  std::string words = "coverage " + coverage_text(part);
  const auto seconds = duration_s(record.duration_ns());
  if (*part < 1 && *part > 0 && seconds) words += fmt::format(", {} unmeasured", duration_text((1 - *part) * *seconds));
  if (record.energy().filled_uj() > 0)
    words += fmt::format(", {} of the energy fills gaps",
                         energy_text({static_cast<double>(record.energy().filled_uj()) / 1e6, {}}, style));
  return words;
}

std::vector<AnomalyLine> compute_anomaly_lines(const pb::Record& record) {
  std::vector<AnomalyLine> anomaly_lines;
  for (const Met& met : collect(record)) {
    const auto known = anomaly(met.name);
    AnomalyLine finding;
    finding.severity = known ? entry(*known).severity : Severity::wrong;
    finding.name = known ? met.name : clean(met.name);
    finding.count = fmt::format("{} x", met.count);
    finding.text = (known ? std::string(entry(*known).sentence) : "an anomaly that this version does not know") +
                   sensors_words(met.sensors);
    anomaly_lines.push_back(std::move(finding));
  }
  std::stable_sort(anomaly_lines.begin(), anomaly_lines.end(),
                   [](const AnomalyLine& a, const AnomalyLine& b) { return a.severity > b.severity; });
  return anomaly_lines;
}

double tolerance_of(const pb::SensorUse& sensor) {
  return sensor.gain_shape() == "sigma" ? half_of_95(sensor.gain()) : sensor.gain();
}

std::string tolerance_words(const pb::SensorUse& sensor) {
  return sensor.gain_shape() == "sigma" ? "half the 95 % interval" : clean(sensor.gain_shape());
}

std::string compute_largest_uncertainties(const pb::Energy& energy, const NumberStyle& style) {
  std::string words;
  NumberStyle same = style;
  same.units = energy_unit(energy_j(energy), style.units);
  for (const pb::Contributor& one : energy.contributors()) {
    if (!finite(one.u_uj())) continue;
    const double joules = half_of_95(one.u_uj(), one.rectangular()) / 1e6;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", clean(current_words(one.name())),
                         energy_text({joules, joules}, same));
  }
  return words.empty() ? words : words + " (half the 95 % interval each)";
}

}  // namespace nw
