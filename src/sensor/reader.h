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

// What was found on a machine: the sensors and utilizations of every driver, the CPUs' utilization, and everything that
// exists but cannot be read.
struct Inventory {
  std::vector<Sensor> sensors;
  std::vector<DriverDiagnostic> diagnostics;
  std::vector<Utilization> utilizations;
  std::vector<Software> software;
  std::vector<const Driver*> unfinished;  // drivers that may find more when probed again
};
// Runs every driver's probe once, and applies the site's rules: their changes are in the SensorInfos, and faults in
// them are diagnostics of the driver "site". May take a second where vendor libraries start.
Inventory make_inventory(Host& host, const Site& site = {});
// The same for some drivers, on a machine of which `known` was found already: returns only what is new.
Inventory make_inventory(Host& host, const Site& site, std::span<const Driver* const> some,
                         std::span<const SensorInfo> known);

class Reader {
 public:
  Reader(Host& host, std::vector<Sensor> sensors);

  const std::vector<SensorInfo>& infos() const { return infos_; }
  // Waits until each bus has answered for the first time, at most this long; returns at once where there is no bus. Not
  // for tapes, whose clock advances by sample sets.
  void await_buses(Nanos patience);
  // Closes the sensors whose ids begin with this: they read as absent until sensors of the same ids are added again.
  void close(std::string_view ids);
  void open(std::vector<Sensor> sensors);
  // Appends sensors that have appeared.
  void add(std::vector<Sensor> sensors);
  // Reads every sensor once, back to back, into the sample set. Allocates nothing after the first call.
  void read_all(SampleSet& sample_set) noexcept;

 private:
  Host& host_;
  std::vector<SensorInfo> infos_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace nw
