#include "sim/polling_rounds.h"

#include <algorithm>

#include "sim/noise.h"

namespace nw::sim {

namespace {
constexpr int kSlowest = 64;  // periods between two rounds, where all fail
constexpr Nanos kBefore = millis(50);
constexpr double kShortestNs = 20e6, kSpreadNs = 20e6;

bool is_old(const Reading& last, const Reading& answer) {
  return last.ok && answer.ok && answer.device && last.device == answer.device && last.value == answer.value;
}
}  // namespace

PollingRounds::PollingRounds(const Machine& machine, const View& view, Nanos first, bool latency)
    : machine_(machine),
      view_(view),
      latency_(latency),
      answers_(view.sources.size(), Reading::none(ErrorKind::busy)),
      bus_of_(view.sources.size()) {
  for (std::size_t i = 0; i < view.sources.size(); ++i) {
    const ShownSource& source = view.sources[i];
    if (source.bus.empty()) continue;
    auto bus = std::find_if(buses_.begin(), buses_.end(), [&](const Bus& b) { return b.name == source.bus; });
    if (bus == buses_.end())
      bus = buses_.insert(buses_.end(), Bus{source.bus, source.schedule, first - kBefore, 1, 0, {}});
    bus->sources.push_back(i);
    bus_of_[i] = static_cast<std::size_t>(bus - buses_.begin());
  }
}

Reading PollingRounds::answer(std::size_t source, Nanos at) {
  Bus& bus = buses_[bus_of_[source]];
  for (Nanos takes = length(bus); bus.next + takes <= at; takes = length(bus))
    ask(bus, bus.next + Nanos::of(takes.count() / 2));
  Reading reading = answers_[source];
  if (!reading.taken) return reading;
  if (at - *reading.taken > bus.schedule.stale_after) return Reading::none(ErrorKind::busy);
  reading.taken = *reading.taken - at;
  return reading;
}

Nanos PollingRounds::length(const Bus& bus) const {
  if (!latency_) return {};
  const std::uint64_t index = static_cast<std::uint64_t>(&bus - buses_.data());
  const double drawn = uniform(hash(machine_.scenario().seed, kRound + index, bus.count));
  return Nanos::of(static_cast<std::int64_t>(kShortestNs + drawn * kSpreadNs));
}

void PollingRounds::ask(Bus& bus, Nanos middle) {
  bool any = false;
  const bool asleep = sleeps(middle);
  for (const std::size_t source : bus.sources) {
    if (asleep) break;
    Reading reading = view_.sources[source].read(middle);
    Reading& last = answers_[source];
    reading.taken = is_old(last, reading) ? last.taken : middle;
    any = any || reading.ok;
    last = reading;
  }
  if (!asleep) bus.wait = any ? 1 : std::min(2 * bus.wait, kSlowest);
  bus.next += Nanos::of((asleep ? 1 : bus.wait) * bus.schedule.period.count());
  ++bus.count;
}

bool PollingRounds::sleeps(Nanos at) const {
  const auto& faults = machine_.scenario().faults;
  return std::any_of(faults.begin(), faults.end(), [&](const Fault& fault) {
    return fault.kind == Fault::Kind::suspend && at >= fault.from && at < fault.to;
  });
}

}  // namespace nw::sim
