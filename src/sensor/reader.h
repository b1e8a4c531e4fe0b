// Reader: owns the sensors of a node and reads them all.
#pragma once

#include <string>
#include <vector>

#include "sensor/driver.h"

namespace nw {

struct DriverDiagnostic {
  std::string_view driver;
  Diagnostic diagnostic;
};

// All that a machine offers: the sensors and utilizations of every driver and the CPUs', and everything that exists and
// cannot be read.
struct Inventory {
  std::vector<Sensor> sensors;
  std::vector<DriverDiagnostic> diagnostics;
  std::vector<Utilization> utilizations;
  std::vector<Software> software;
  std::vector<const Driver*> unfinished;  // drivers that may find more when they are asked again
};
// Runs every driver's probe once, and applies the site's rules: what they change stands on the sensor infos, and what
// is wrong with them is a finding of the driver "site". May take a second where vendor libraries start.
Inventory make_inventory(Host& host, const Site& site = {});
// The same of some drivers alone, on a machine of which `known` was found already: what is new, and nothing else.
Inventory make_inventory(Host& host, const Site& site, std::span<const Driver* const> some,
                         std::span<const SensorInfo> known);

class Reader {
 public:
  Reader(Host& host, std::vector<Sensor> sensors);

  const std::vector<SensorInfo>& infos() const { return infos_; }
  // Waits until each bus has answered for the first time, at most so long; at once where there is no bus. Not for
  // tapes, whose clock is their sample sets.
  void await_buses(Nanos patience);
  // Closes the sensors whose ids begin so: they read as absent until sensors of the same ids are handed in again.
  void close(std::string_view ids);
  void open(std::vector<Sensor> sensors);
  // Sensors that have come, behind those that are there.
  void add(std::vector<Sensor> sensors);
  // Reads every sensor once, back to back, into the sample set. Allocates nothing after the first call.
  void read_all(SampleSet& sample_set) noexcept;

 private:
  Host& host_;
  std::vector<SensorInfo> infos_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace nw
