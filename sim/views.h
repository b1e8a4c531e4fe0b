// Views: what each family's driver sees of a machine: files, links, a library's answers, and the sources that it reads.
// One table (views.cc) of families; tapes and live simulation show the same view.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/host.h"
#include "sim/machine.h"

namespace nw::sim {

using TextAt = std::function<Result<std::string>(Nanos)>;
using NumberAt = std::function<Reading(Nanos)>;

// What a driver opens once and reads many times, under its key on a tape. Sources of one bus are polled by a thread of
// its own (sim/polling_rounds.h).
struct ShownSource {
  std::string key;
  NumberAt read;
  Nanos latency;
  std::string bus;  // "" for one that a sample set reads itself
  BusSchedule schedule{};
};

struct View {
  std::map<std::string, TextAt> files;
  std::map<std::string, std::string> links;
  std::map<std::string, TextAt> answers;  // of vendor libraries and of slow buses
  std::vector<ShownSource> sources;       // in the order in which the drivers read them
  std::vector<ShownSource> utilizations;  // of devices: read after those, about once a second
  // Device files that are read by register, 8 bytes each (/dev/cpu/0/msr); of a live view alone.
  std::map<std::string, std::map<std::uint64_t, NumberAt>> registers{};

  // The folders that drivers list, each with the names in it.
  std::map<std::string, std::vector<std::string>> folders() const;
};

// The machine must outlive the view.
View make_view(const Machine& machine);

// The families that have a view.
std::vector<std::string_view> families();

// The device clock's time of a reading in nanoseconds since 1970.
std::int64_t device_unix_ns(const Machine& machine, const SimReading& reading);

}  // namespace nw::sim
