// PollingRounds: the threads that ask slow buses (IPMI, Redfish, SNMP), as base/bus.cc keeps them, on the scenario's
// clock.
//
// One thread a bus asks all its sources in one round, dates the answers in the round's middle and shows them at its
// end. The same value with the same device time keeps its first date, and what is older than stale_after is no value.
// After a round in which everything failed the next is twice as far, at most 64 periods. A host that sleeps asks
// nobody.
#pragma once

#include <string>
#include <vector>

#include "sim/views.h"

namespace nw::sim {

class PollingRounds {
 public:
  // The first round of each bus ends just before `first`. Without `latency` a round takes no time.
  PollingRounds(const Machine& machine, const View& view, Nanos first, bool latency);

  // What a sample set that begins at `at` finds; `taken` counts from there. Sample sets come in their order.
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
  std::vector<std::size_t> bus_of_;  // the same
};

}  // namespace nw::sim
