// Driver: finds sensors on a machine. One file each in drivers/, one line each in drivers.def, one page and one tape
// each; nothing else lists them by hand (tools/check_drivers).
//
// A probe may be slow, may open things and may find that it lacks a permission; it returns that as a Diagnostic and
// goes on. It never fails: a machine without the sensor is a ProbeResult without sensors. Drivers only read.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"
#include "sensor/utilization.h"
#include "site/site.h"

namespace nw {

// A sensor that exists and cannot be used, why, and the exact fix ("" when there is none).
struct Diagnostic {
  std::string where;        // "/sys/class/powercap/intel-rapl:0/energy_uj"
  std::string what;         // "readable by root alone (mode 0400)"
  std::string repair;       // a command or rule that can be pasted
  std::string sensor = {};  // the id that it would have, where known: then it is listed as missing
  bool refused = false;     // access was refused; not retried by itself, since an account may be locked
};

// The version of software that figures depend on, as a driver found it: "NVIDIA driver" 550.54.15.
struct Software {
  std::string name, version;
};

struct ProbeResult {
  std::vector<Sensor> sensors;
  std::vector<Diagnostic> diagnostics;
  std::vector<Utilization> utilizations;
  std::vector<Software> software;
};

struct Driver {
  std::string_view name;  // "rapl_powercap": the file's name
  std::string_view what;  // what it reads, for README's table
  ProbeResult (*probe)(Host&, const Site&);
  bool devices_come = false;  // can appear while a program runs: an accelerator whose driver is loaded later
};

// THE table, drivers.def, in its order of preference.
std::span<const Driver> drivers();

// How programs are shown an NVIDIA driver's devices; also for code that lists them without a probe.
std::vector<VisibleDevices> nvml_visible_devices();

// The drivers' probes, each defined in its file.
#define NW_DRIVER(name, devices_come, what) ProbeResult probe_##name(Host& host, const Site& site = {});
#include "sensor/drivers.def"
#undef NW_DRIVER

}  // namespace nw
