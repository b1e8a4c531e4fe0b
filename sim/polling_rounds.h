// PollingRounds: simulates the threads that poll slow buses (IPMI, Redfish, SNMP), as in base/bus.cc, on the scenario's
// clock.
//
// One thread a bus polls all its sources in one round, dates the answers to the round's middle and publishes them at
// its end. The same value with the same device time keeps its first date, and what is older than stale_after is no
// value. After a round in which everything failed the interval is doubled, to at most 64 periods. A host that sleeps
// polls nothing.
#pragma once

#include <string>
#include <vector>

#include "sim/views.h"

namespace nw::sim {

class PollingRounds {
 public:
  // The first round of each bus ends just before `first`. Without `latency` a round takes no time.
  PollingRounds(const Machine& machine, const View& view, Nanos first, bool latency);

  // The reading that a sample set at `at` gets; `taken` counts from there. Sample sets must be in order of time.
  Reading answer(std::size_t source, Nanos at);

 private:
  struct Bus {
    std::string name;
    BusSchedule schedule;
    Nanos next{};  // when its next round begins
    int wait = 1;  // in periods
    std::uint64_t count = 0;
    std::vector<std::size_t> sources;
  };
  Nanos length(const Bus& bus) const;
  void ask(Bus& bus, Nanos middle);
  bool sleeps(Nanos at) const;

  const Machine& machine_;
  const View& view_;
  bool latency_;
  std::vector<Bus> buses_;
  std::vector<Reading> answers_;     // by source
  std::vector<std::size_t> bus_of_;  // bus of each source
};

}  // namespace nw::sim
