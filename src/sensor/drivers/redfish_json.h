// Parses Redfish's JSON for the redfish driver: pure functions of foreign text. No JSON type leaves the .cc.
//
// A member that is missing, or null, is nothing; one of the wrong type is an Error (malformed) that names it by its
// JSON pointer. An answer is at most 1 MiB and 32 levels deep. Numbers given as text, numbers that are not finite and
// paths outside /redfish/ count as the wrong type.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw::redfish {

// The answer without members that nodewatt does not use (serial numbers, asset tags, locations): what may go on a tape.
// Of a vendor's own members (Oem) the numbers that are called power or watts stay.
Result<std::string> keep_known(std::string_view json);

// The paths of a collection's members, at most 256.
Result<std::vector<std::string>> members(std::string_view json);

struct Chassis {
  std::string id, name, type;
  std::vector<std::string> systems;                                   // paths of the computer systems in it
  std::optional<std::string> power, environment, sensors, subsystem;  // paths
};
Result<Chassis> chassis(std::string_view json);

// One of Power's PowerControl.
struct Control {
  std::string pointer;  // of its watts: "/PowerControl/0/PowerConsumedWatts"
  std::string name, context;
  std::optional<double> watts;
};
Result<std::vector<Control>> power_controls(std::string_view json);

// What a power supply takes and gives.
struct SupplyFlow {
  std::string pointer;
  std::optional<double> watts;
};
struct Supply {
  std::string name;
  bool present = true;  // an empty bay takes nothing
  SupplyFlow input, output;
};
Result<std::vector<Supply>> power_supplies(std::string_view json);  // of Power
struct SupplyCollection {
  std::optional<std::string> path;
};
Result<SupplyCollection> power_subsystem(std::string_view json);
// One of PowerSubsystem's supplies, and its PowerSupplyMetrics.
struct SupplyLinks {
  std::string name;
  bool present = true;
  std::optional<std::string> metrics;
};
Result<SupplyLinks> supply_links(std::string_view json);
Result<Supply> supply_metrics(std::string_view json);

// Numbers among a vendor's own members that are called power or watts, at most eight.
struct VendorPower {
  std::string pointer;
  double watts = 0;
};
Result<std::vector<VendorPower>> vendor_powers(std::string_view json);

// A member of EnvironmentMetrics: a reading and the Sensor that it was copied from.
struct MetricReading {
  std::optional<double> reading;
  std::optional<std::string> source;  // a path
};
struct Environment {
  MetricReading power, energy_kwh, energy_j;
};
Result<Environment> environment(std::string_view json);

struct SensorFacts {
  std::string id, name, type, context, sub_context, voltage;
  std::optional<double> reading, lifetime;
  std::optional<double> accuracy;          // percent error
  std::optional<double> reading_accuracy;  // in the reading's unit
  std::optional<double> precision;
  std::optional<Nanos> sensing, averaging;
  bool enabled = true;
};
Result<SensorFacts> sensor(std::string_view json);

// A number at a JSON pointer, and the resource's ReadingTime since 1970 where it has a plausible one.
struct Measurand {
  std::optional<double> number;
  std::optional<Nanos> time;
};
Result<Measurand> value(std::string_view json, const std::string& pointer);

// "PT0.25S", "PT1M30S", "P1DT2H": at most ten years; months and years have no fixed length and give nothing.
std::optional<Nanos> parse_iso_duration(std::string_view text);
// "2026-01-01T12:00:00.25+01:00" since 1970; years 1970 to 2199.
std::optional<Nanos> parse_iso_time(std::string_view text);
// The resolution of a reading, from its digits and the limits of single precision at its size; >= 1e-6.
double compute_step(double reading);

}  // namespace nw::redfish
