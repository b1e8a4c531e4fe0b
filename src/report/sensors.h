// Sensors: what `nodewatt sensors` and `nodewatt doctor` print.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/record.pb.h"
#include "report/report.h"

namespace nw {

struct SensorLine {
  std::string id, source, domain, device, label, kind, boundary, gain_basis, access;
  std::string state;  // ok; silent: no new value while it was watched; dead: always zero
  bool counter = false;
  double update_interval_s = 0, scale_tolerance = 0, watched_s = 0;
  std::optional<double> power_w;
};

struct DiagnosticLine {
  std::string driver, where, what, repair;
};

// What a device just reported about itself.
struct UtilizationLine {
  std::string id, source;
  pb::Device device;
};

struct Sensors {
  std::vector<SensorLine> lines;
  std::vector<UtilizationLine> utilizations;
  std::vector<pb::Label> software;
  std::vector<DiagnosticLine> diagnostics;
};

std::string make_sensors_text(const Sensors& sensors, const TextStyle& style);
std::string make_sensors_json(const Sensors& sensors);
// What works, what exists but cannot be used and how to fix it, and what this means for the figures.
std::string make_doctor_text(const Sensors& sensors, const TextStyle& style);

}  // namespace nw
