#include "study/likeness.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "record/record.pb.h"

namespace nw {

namespace {

std::set<std::string> sensor_ids(const pb::Record& record) {
  std::set<std::string> ids;
  for (const pb::SensorUse& sensor : record.sensors()) ids.insert(sensor.id());
  return ids;
}

std::string shared_sensors(const RunGroup& run_group) {
  const pb::Record& first = run_group.first();
  const auto ids = sensor_ids(first);
  if (first.node().host().empty() || ids.empty()) return "";
  for (const pb::Record* run : run_group.runs)
    if (run->energy().kind() == pb::KIND_ESTIMATED || run->node().host() != first.node().host() ||
        sensor_ids(*run) != ids)
      return "";
  std::string key = first.node().host();
  for (const std::string& id : ids) key += '\n' + id;
  return key;
}

std::optional<double> highest_w(const pb::Record& run) {
  std::optional<double> sum;
  for (const pb::Component& part : run.components())
    if (part.counted() && part.depth() == 0)
      if (const auto highest = max_power_w(part, std::nullopt)) sum = sum.value_or(0) + *highest;
  return sum;
}

}  // namespace

Load make_load(const RunGroup& run_group, std::optional<double> mean_w, bool is_whole) {
  Load load{shared_sensors(run_group), mean_w, mean_w};
  if (!is_whole) return load;
  for (const pb::Record* run : run_group.runs)
    if (const auto highest = highest_w(*run)) load.full_w = std::max(load.full_w.value_or(0), *highest);
  return load;
}

Likeness compute_likeness(const Load& a, const Load& b) {
  Likeness likeness{!a.sensors.empty() && a.sensors == b.sensors, 1};
  const double full = std::max(a.full_w.value_or(0), b.full_w.value_or(0));
  if (a.watts && b.watts && full > 0) likeness.load_difference = std::min(std::abs(*a.watts - *b.watts) / full, 1.0);
  return likeness;
}

}  // namespace nw
