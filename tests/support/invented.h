// Invented sensors: sensor infos like those of the drivers, and samples of a load that is known exactly.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "sensor/sensor.h"

namespace nw::test {

// Like RAPL through powercap: microjoules, 32-bit register of 2^-14 J, 1 ms.
inline SensorInfo counter_info(Domain domain = Domain::package, const std::string& device = "0") {
  SensorInfo info;
  info.id = "invented/" + std::string(name(domain)) + "-" + device;
  info.source = "invented " + std::string(name(domain)) + " counter";
  info.part = {domain, device};
  info.kind = SensorKind::counter;
  info.wrap = 262'143'328'850;
  info.update_interval = millis(1);
  info.max_power = watts(1000);
  info.scale_tolerance = {0.05, Tolerance::Shape::limit, "invented"};
  return info;
}

// Like a power meter in milliwatts that is read as it stands.
inline SensorInfo gauge_info(Domain domain = Domain::gpu, const std::string& device = "0") {
  SensorInfo info = counter_info(domain, device);
  info.source = "invented " + std::string(name(domain)) + " gauge";
  info.kind = SensorKind::gauge;
  info.unit_num = 1000;
  info.wrap = 0;
  info.update_interval = millis(100);
  info.max_power = watts(2000);
  return info;
}

inline Sample sample(Nanos at, std::uint64_t raw) { return {at, at, std::nullopt, raw, Status::ok}; }
inline Sample failed(Nanos at, Status status = Status::absent) { return {at, at, std::nullopt, 0, status}; }

// The raw count of a counter with this SensorInfo that began at `start` and has counted `energy` since.
inline std::uint64_t raw_of(const SensorInfo& info, std::uint64_t start, Joules energy) {
  const Int128 counts = Int128{energy.count()} * info.unit_den / info.unit_num + start;
  return static_cast<std::uint64_t>(info.wrap != 0 ? counts % info.wrap : counts);
}

}  // namespace nw::test
