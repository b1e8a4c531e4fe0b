// For the tests of drivers: a machine in memory, and finding things in what a probe found.
#pragma once

#include <gtest/gtest.h>

#include "base/host_memory.h"
#include "base/root.h"
#include "sensor/driver.h"

namespace nw {

inline Sensor* find_sensor(ProbeResult& probe, std::string_view id) {
  for (Sensor& sensor : probe.sensors)
    if (sensor.info.id == id) return &sensor;
  return nullptr;
}

// The first Diagnostic whose place, cause or fix contains this text.
inline const Diagnostic* find_diagnostic(const ProbeResult& probe, std::string_view text) {
  for (const Diagnostic& f : probe.diagnostics)
    if ((f.where + "\n" + f.what + "\n" + f.repair).find(text) != std::string::npos) return &f;
  return nullptr;
}

inline std::string all_diagnostics(const ProbeResult& probe) {
  std::string text;
  for (const Diagnostic& f : probe.diagnostics) text += f.where + ": " + f.what + " | " + f.repair + "\n";
  return text;
}

// What one raw count is worth, in microjoules or microwatts.
inline double unit_of(const Sensor& sensor) {
  return static_cast<double>(sensor.info.unit_num) / static_cast<double>(sensor.info.unit_den);
}

inline const char* const kXeon =
    "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Platinum 8368\nflags\t\t: fpu sse2\n";
inline const char* const kEpyc =
    "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7763 64-Core Processor\nflags\t\t: fpu sse2\n";
inline const char* const kGuest =
    "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel Xeon Processor\nphysical id\t: 0\nflags\t\t: fpu "
    "sse2 hypervisor\n\n"
    "processor\t: 1\nvendor_id\t: GenuineIntel\nphysical id\t: 0\nflags\t\t: fpu sse2 hypervisor\n";

}  // namespace nw
