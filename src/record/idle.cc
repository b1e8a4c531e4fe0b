#include "record/idle.h"

#include <chrono>

#include "base/parse.h"
#include "record/record.pb.h"

namespace nw {

namespace {
constexpr std::int64_t kSecondsPerDay = 86'400;

// Days since 1970 of "2026-03", "2026-03-31" or "2026-03-31T10:00:00Z"; a month is its first day.
std::optional<std::int64_t> parse_day(std::string_view date) {
  using namespace std::chrono;
  const auto number = [&](std::size_t at, std::size_t length) -> std::optional<std::uint64_t> {
    return date.size() >= at + length ? parse_u64(date.substr(at, length)) : std::nullopt;
  };
  const auto y = number(0, 4), m = number(5, 2);
  const auto d = date.size() > 7 ? number(8, 2) : std::optional<std::uint64_t>(1);
  if (!y || !m || !d) return std::nullopt;
  const year_month_day day{year(static_cast<int>(*y)), month(static_cast<unsigned>(*m)),
                           std::chrono::day(static_cast<unsigned>(*d))};
  if (!day.ok()) return std::nullopt;
  return sys_days(day).time_since_epoch().count();
}

bool names_a_host(const std::string& host) { return !host.empty() && !host.starts_with("localhost"); }
}  // namespace

bool is_current(const BaselineSite& baseline, const std::string& host, std::int64_t wall_ns, unsigned valid_days) {
  if (baseline.sensors.empty() || baseline.host != host || !names_a_host(host)) return false;
  const auto day = parse_day(baseline.date);
  const std::int64_t today = wall_ns / kNanosPerSecond / kSecondsPerDay;
  return day && *day <= today + 1 &&
         today - *day <= static_cast<std::int64_t>(valid_days);  // +1: written in another time zone
}

void write_idle(const BaselineSite& baseline, const std::vector<SensorInfo>& infos, pb::Record& record) {
  for (const SensorInfo& info : infos) {
    const auto found = baseline.sensors.find(info.id);
    if (found == baseline.sensors.end()) continue;
    auto& idle = *record.add_idle();
    idle.set_sensor(valid_utf8(info.id));
    idle.set_domain(std::string(name(info.part.domain)));
    idle.set_device(valid_utf8(info.part.device));
    idle.set_power_uw(found->second.power.count());
    idle.set_u_uw(found->second.standard_error.count());
    idle.set_date(valid_utf8(baseline.date));
  }
}

}  // namespace nw
