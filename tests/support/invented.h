// Invented sensors: nameplates like those of the drivers, and samples of a load that is known exactly.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "sensor/sensor.h"

namespace nw::test {

// Like RAPL through powercap: microjoules, 32-bit register of 2^-14 J, 1 ms.
inline Nameplate counter_plate(Domain domain = Domain::package, const std::string& device = "0") {
  Nameplate plate;
  plate.id = "invented/" + std::string(name(domain)) + "-" + device;
  plate.source = "invented " + std::string(name(domain)) + " counter";
  plate.part = {domain, device};
  plate.kind = SensorKind::counter;
  plate.wrap = 262'143'328'850;
  plate.refresh = millis(1);
  plate.ceiling = watts(1000);
  plate.gain = {0.05, Tolerance::Shape::limit, "invented"};
  return plate;
}

// Like a power meter in milliwatts that is read as it stands.
inline Nameplate gauge_plate(Domain domain = Domain::gpu, const std::string& device = "0") {
  Nameplate plate = counter_plate(domain, device);
  plate.source = "invented " + std::string(name(domain)) + " gauge";
  plate.kind = SensorKind::gauge;
  plate.unit_num = 1000;
  plate.wrap = 0;
  plate.refresh = millis(100);
  plate.ceiling = watts(2000);
  return plate;
}

inline Sample sample(Nanos at, std::uint64_t raw) { return {at, at, std::nullopt, raw, Status::ok}; }
inline Sample failed(Nanos at, Status status = Status::absent) { return {at, at, std::nullopt, 0, status}; }

// The raw count of a counter of `plate` that began at `start` and has counted `energy` since.
inline std::uint64_t raw_of(const Nameplate& plate, std::uint64_t start, Joules energy) {
  const Int128 counts = Int128{energy.count()} * plate.unit_den / plate.unit_num + start;
  return static_cast<std::uint64_t>(plate.wrap != 0 ? counts % plate.wrap : counts);
}

}  // namespace nw::test
