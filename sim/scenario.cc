#include "sim/scenario.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/parse.h"
#include "sim/slow_parts.h"

namespace nw::sim {

namespace {
// Limits for a machine that can be built in reasonable time and memory.
constexpr Nanos kLongest = seconds(45 * 86'400);
constexpr double kMostWatts = 1e7;
constexpr std::int64_t kMostSteps = 5'000'000;
constexpr std::size_t kMostItems = 10'000;

Done wrong(std::string_view what, std::string_view name, std::string_view why) {
  return fail(ErrorKind::malformed, fmt::format("{} {}: {}", what, quote(name), why));
}

bool within(double value, double least, double most) { return value >= least && value <= most; }  // false for NaN
bool within(Nanos value, Nanos least, Nanos most) { return value >= least && value <= most; }

Done check(const Component& c) {
  if (c.name.empty()) return wrong("component", c.name, "has no name");
  if (!within(c.idle_w, 0, kMostWatts) || !within(c.max_w, 0, kMostWatts) || !within(c.awake_w, 0, kMostWatts))
    return wrong("component", c.name, "its watts must lie in 0..1e7");
  if (c.load != Load::none && c.max_w < c.idle_w + c.awake_w)
    return wrong("component", c.name, "max_w is less than idle_w and awake_w together");
  if (!within(c.slew, {}, seconds(1))) return wrong("component", c.name, "slew must lie in 0..1s");
  if (!within(c.lag, {}, seconds(3600)) || !within(c.wander, millis(100), seconds(86'400)))
    return wrong("component", c.name, "lag must lie in 0..1h, wander in 100ms..1d");
  if (!within(c.wander_w, 0, kMostWatts)) return wrong("component", c.name, "its watts must lie in 0..1e7");
  if (is_slow(c) && c.load != Load::heat && c.load != Load::none)
    return wrong("component", c.name, "what wanders has no load, or that of heat");
  return {};
}

Done check(const Supply& supply, Nanos end) {
  double before = -1;
  for (const CurvePoint& point : supply.curve) {
    if (!within(point.load, 0, 2) || !within(point.efficiency, 0.05, 1) || point.load <= before)
      return wrong("supply", "curve", "is pairs [load, efficiency], load rising in 0..2, efficiency in 0.05..1");
    before = point.load;
  }
  if (!within(supply.rating_w, 1, kMostWatts)) return wrong("supply", "rating_w", "must lie in 1..1e7");
  if (!within(supply.smoothing, millis(1), seconds(1))) return wrong("supply", "smoothing", "must lie in 1ms..1s");
  if (end.count() / supply.smoothing.count() > kMostSteps * 50)
    return wrong("supply", "smoothing", "is too short for so long a scenario");
  return {};
}

Done check(const Piece& p, const Scenario& scenario) {
  const auto known = [&](const Component& c) { return c.name == p.on; };
  if (std::any_of(scenario.components.begin(), scenario.components.end(),
                  [&](const Component& c) { return known(c) && is_slow(c); }))
    return wrong("piece", p.on, "is on a component that follows the heat, or wanders");
  if (p.on != "cpu" && p.on != "gpu" && p.on != "dram" &&
      std::none_of(scenario.components.begin(), scenario.components.end(), known))
    return wrong("piece", p.on, "`on` is neither cpu, gpu, dram nor a component");
  if (p.from < Nanos{} || p.to <= p.from || p.to > scenario.end)
    return wrong("piece", p.on, "from..to must be forward and inside the scenario");
  for (const double level : {p.level, p.depth, p.dip_level, p.stall_level})
    if (!within(level, 0, 1)) return wrong("piece", p.on, "levels and depth must lie in 0..1");
  if (p.period != Nanos{} && !within(p.period, millis(1), seconds(3600)))
    return wrong("piece", p.on, "period must lie in 1ms..1h");
  if (!within(p.duty, 0.01, 0.99)) return wrong("piece", p.on, "duty must lie in 0.01..0.99");
  if (!within(p.phase, {}, seconds(3600))) return wrong("piece", p.on, "phase must lie in 0..1h");
  if (p.warm_up < Nanos{}) return wrong("piece", p.on, "warm_up must not be negative");
  if (p.epoch != Nanos{} && (!within(p.epoch, millis(100), kLongest) || !within(p.dip, millis(1), p.epoch)))
    return wrong("piece", p.on, "epoch must be 100ms or more, and dip shorter than it");
  if (!within(p.stalls_per_hour, 0, 36'000) || !within(p.stall, {}, kLongest))
    return wrong("piece", p.on, "stalls_per_hour must lie in 0..36000");
  const double hours = to_seconds(p.to - p.from) / 3600;
  if (p.stalls_per_hour * hours > 1e5 || (p.epoch > Nanos{} && (p.to - p.from).count() / p.epoch.count() > 100'000))
    return wrong("piece", p.on, "has over 100000 stalls or epochs");
  if (p.processes > 10'000) return wrong("piece", p.on, "processes must lie in 0..10000");
  if (!within(p.noise, 0, 0.3)) return wrong("piece", p.on, "noise must lie in 0..0.3");
  return {};
}

Done check_view(const Instrument& i, const Scenario& scenario) {
  if (i.of.empty() && i.mirror.empty()) return wrong("sensor", i.name, "looks at nothing (`of`)");
  for (const auto& part : i.of) {
    if ((part == "dc" || part == "plug") && i.of.size() == 1) continue;
    const auto known = [&](const Component& c) { return c.name == part; };
    if (std::none_of(scenario.components.begin(), scenario.components.end(), known))
      return wrong("sensor", i.name, "looks at " + quote(part) + ", which is no component (or dc or plug, alone)");
  }
  if (i.mirror.empty()) return {};
  for (const Instrument& other : scenario.instruments)
    if (other.name == i.mirror) return other.mirror.empty() ? Done{} : wrong("sensor", i.name, "mirrors a mirror");
  return wrong("sensor", i.name, "mirrors " + quote(i.mirror) + ", which is no sensor");
}

Done check(const Instrument& i, const Scenario& scenario) {
  if (i.name.empty() || i.family.empty()) return wrong("sensor", i.name, "needs a name and a family");
  NW_CHECK(check_view(i, scenario));
  if (!within(i.unit, 1e-12, 1e9) || !within(i.quantum, 1e-12, 1e9))
    return wrong("sensor", i.name, "unit and quantum must lie in 1e-12..1e9");
  if (i.quantum / i.unit > 1e12 || i.unit / i.quantum > 1e12)
    return wrong("sensor", i.name, "unit and quantum are too far apart");
  if (!within(i.start_j, 0, 1e12) || i.start_j / i.quantum > 1e18)
    return wrong("sensor", i.name, "start_j must lie in 0..1e12 and fit 60 bits of the quantum");
  if (!within(i.refresh, Nanos::of(1000), seconds(86'400)))
    return wrong("sensor", i.name, "refresh must lie in 1us..1d");
  if (!within(i.window, {}, seconds(86'400)) || !within(i.delay, {}, seconds(86'400)) ||
      !within(i.phase, -seconds(86'400), seconds(86'400)) || !within(i.latency, {}, seconds(60)))
    return wrong("sensor", i.name, "window, delay and phase must lie within a day, latency in 0..60s");
  if (i.poll != Nanos{} && !within(i.poll, millis(100), seconds(3600)))
    return wrong("sensor", i.name, "poll must lie in 100ms..1h");
  if (!within(i.accuracy, 0, 100)) return wrong("sensor", i.name, "accuracy must lie in 0..100");
  if (!within(i.jitter, {}, i.refresh)) return wrong("sensor", i.name, "jitter must lie in 0..refresh");
  const bool part_time = i.measure == Measure::counter && i.window > Nanos{} && i.window < i.refresh;
  if (part_time && i.jitter > Nanos{}) return wrong("sensor", i.name, "what counts a part of the time has no jitter");
  if (part_time && scenario.end.count() / i.refresh.count() > kMostSteps)
    return wrong("sensor", i.name, "refresh is too short for so long a scenario");
  if (!within(i.gain, 0, 100) || !within(i.offset_w, -kMostWatts, kMostWatts) || !within(i.noise_w, 0, kMostWatts))
    return wrong("sensor", i.name, "gain must lie in 0..100, offset_w and noise_w within 1e7");
  if (!within(i.gain_full, 0, 100) || !within(i.full_w, 0, kMostWatts) || (i.gain_full > 0) != (i.full_w > 0))
    return wrong("sensor", i.name, "gain_full must lie in 0..100 and full_w in 0..1e7, both or none");
  if (i.gain_full > 0 && i.measure == Measure::counter && (i.of == std::vector<std::string>{"plug"} || part_time))
    return wrong("sensor", i.name, "gain_full is for gauges, and for counters of parts that count all the time");
  if (!within(i.filter, {}, seconds(10))) return wrong("sensor", i.name, "filter must lie in 0..10s");
  if (!within(i.clock_offset, -kLongest, kLongest) || !within(i.clock_drift_ppm, -1e5, 1e5) ||
      !within(i.clock_step, Nanos::of(1), seconds(3600)))
    return wrong("sensor", i.name, "its clock must be off by less than 45 days and 1e5 ppm, its step in 1ns..1h");
  return {};
}

Done check(const Fault& fault, const Scenario& scenario) {
  const std::string_view kind = name(fault.kind);
  const auto known = [&](const Instrument& i) { return i.name == fault.sensor; };
  if (!fault.sensor.empty() && std::none_of(scenario.instruments.begin(), scenario.instruments.end(), known))
    return wrong("fault", kind, "strikes " + quote(fault.sensor) + ", which is no sensor");
  if (!within(fault.from, {}, kLongest) || (fault.to != Nanos{} && !within(fault.to, fault.from, kLongest)))
    return wrong("fault", kind, "from..to must be forward");
  if (!within(fault.amount, -1e9, 1e9)) return wrong("fault", kind, "amount must lie within 1e9");
  return {};
}

template <class Items, class Name>
Done check_names(std::string_view what, const Items& items, Name name_of) {
  if (items.size() > kMostItems) return wrong(what, "", "more than 10000");
  std::set<std::string_view> seen;
  for (const auto& item : items)
    if (!seen.insert(name_of(item)).second) return wrong(what, name_of(item), "appears twice");
  return {};
}
}  // namespace

std::string_view name(Fault::Kind kind) {
  static constexpr std::array<std::string_view, 8> kNames{"reset",     "freeze", "spike",      "fail",
                                                          "backwards", "late",   "clock_step", "suspend"};
  return kNames[static_cast<std::size_t>(kind)];
}

Done check_scenario(Scenario& s) {
  NW_CHECK(check_names("component", s.components, [](const Component& c) -> std::string_view { return c.name; }));
  NW_CHECK(check_names("sensor", s.instruments, [](const Instrument& i) -> std::string_view { return i.name; }));
  if (s.pieces.size() + s.faults.size() + s.jobs.size() > kMostItems)
    return wrong("scenario", s.name, "has over 10000 items");
  for (const Job& job : s.jobs) {
    if (job.start < Nanos{} || job.end <= job.start || job.end > kLongest)
      return wrong("job", job.name, "start..end must be forward, from 0 on");
    if (s.end == Nanos{} || job.end > s.end) s.end = std::max(s.end, job.end + seconds(10));
  }
  if (!within(s.end, millis(1), kLongest)) return wrong("scenario", s.name, "needs a job or an end, within 45 days");
  if (!within(s.noise_step, millis(10), seconds(10)) || s.end.count() / s.noise_step.count() > kMostSteps)
    return wrong("scenario", s.name, "noise_step must lie in 10ms..10s, and the scenario have at most 5e6 of them");
  if (s.wall_ns < 0 || s.wall_ns > std::int64_t{4'000'000'000} * kNanosPerSecond)
    return wrong("scenario", s.name, "its wall clock must lie in 1970..2096");
  if (s.facts.cpus > 65'536 || s.facts.sockets < 1 || s.facts.sockets > 1024 || s.facts.threads < 1 ||
      s.facts.threads > 8 || !within(s.facts.memory_gb, 0, 1e6))
    return wrong("scenario", s.name,
                 "its machine has at most 65536 CPUs, 1024 sockets, 1 to 8 threads a core and 1e6 GB");
  for (const Component& component : s.components) NW_CHECK(check(component));
  NW_CHECK(check(s.supply, s.end));
  for (const Piece& piece : s.pieces) NW_CHECK(check(piece, s));
  for (const Instrument& instrument : s.instruments) NW_CHECK(check(instrument, s));
  for (const Fault& fault : s.faults) NW_CHECK(check(fault, s));
  return {};
}

}  // namespace nw::sim
