// The powercap zones as the kernel's powercap_sys.c lays them out:
//
//   /sys/devices/virtual/powercap/intel-rapl/                  the control type: enabled, uevent, subsystem
//     intel-rapl:0/                                            a zone: name, energy_uj, max_energy_range_uj, enabled,
//       intel-rapl:0:0/                                        constraint_*, uevent, device, subsystem; inner zones
//   /sys/class/powercap/{intel-rapl,intel-rapl:0,intel-rapl:0:0}   links to these
//
// Programs differ in which of these ways they go: some list the class, some enter the control type's link, some follow
// `subsystem`, some look for inner zones inside their package.
#include <cmath>

#include <fmt/format.h>

#include "sim/live/live_parts.h"
#include "sim/view_parts.h"

namespace nw::sim {

namespace {
constexpr std::string_view kClass = "/sys/class/powercap/", kControl = "intel-rapl";
constexpr std::string_view kDevices = "virtual/powercap/intel-rapl";

// "intel-rapl:0/intel-rapl:0:1" for "intel-rapl:0:1".
std::string place_of(const std::string& zone) {
  const auto inner = zone.find(':', kControl.size() + 1);
  return inner == std::string::npos ? zone : zone.substr(0, inner) + "/" + zone;
}

std::string up(std::size_t folders) {
  std::string path;
  for (; folders > 0; --folders) path += "../";
  return path;
}

// The power that a zone's parts take at most, in microwatts: what its makers would have set as the limit.
double limit_uw(const Machine& machine, const std::string& channel) {
  double watts = 0;
  for (const Instrument& instrument : machine.scenario().instruments)
    if (instrument.family == "rapl_powercap" && instrument.channel == channel && !instrument.missing)
      for (const auto& part : instrument.of)
        if (const auto c = machine.component(part); c < machine.scenario().components.size())
          watts += machine.scenario().components[c].max_w;
  return std::round(watts * 1e6);
}

void add_constraint(View& view, const std::string& dir, int n, const char* name, double limit, int window_us) {
  const auto add = [&](const char* file, const std::string& text) {
    view.files[fmt::format("{}/constraint_{}_{}", dir, n, file)] = constant(text + "\n");
  };
  add("name", name);
  add("power_limit_uw", fmt::format("{:.0f}", limit));
  add("max_power_uw", fmt::format("{:.0f}", limit));
  add("time_window_us", std::to_string(window_us));
}

// What stands beside a zone's counter. Nothing is capped: limits are what the parts take at most.
void add_zone(View& view, const Machine& machine, const std::string& zone, const std::string& name) {
  const std::string place = place_of(zone), dir = fmt::format("/sys/devices/{}/{}", kDevices, place);
  const bool inner = place != zone, package = name.starts_with("package");
  view.files[dir + "/enabled"] = constant(package ? "1\n" : "0\n");
  view.files[dir + "/uevent"] = constant("");
  view.links[dir + "/subsystem"] = up(inner ? 6 : 5) + "class/powercap";
  view.links[dir + "/device"] = inner ? "../../" + zone.substr(0, zone.rfind(':')) : "../../intel-rapl";
  view.links[std::string(kClass) + zone] = fmt::format("../../devices/{}/{}", kDevices, place);
  const std::string socket = inner ? zone.substr(kControl.size() + 1, zone.rfind(':') - kControl.size() - 1) : "";
  const double limit = limit_uw(machine, inner ? name + "-" + socket : name);
  constexpr int kLongUs = 999'424, kShortUs = 2'440;  // the steps next to 1 s and 2.5 ms that the register has
  if (package || name == "dram")
    add_constraint(view, dir, 0, "long_term", package ? limit : 0, package ? kLongUs : 976);
  if (package) add_constraint(view, dir, 1, "short_term", limit * 1.2, kShortUs);
}
}  // namespace

void nest_powercap_zones(View& view, const Machine& machine) {
  std::map<std::string, std::string> zones;  // to their names
  const std::map<std::string, TextAt> flat(view.files.lower_bound(std::string(kClass)),
                                           view.files.lower_bound("/sys/class/powercap0"));  // '0' follows '/'
  for (const auto& [path, text] : flat) {
    const auto slash = path.find('/', kClass.size());
    const std::string zone = path.substr(kClass.size(), slash - kClass.size());
    std::string& name = zones[zone];
    if (path.ends_with("/name")) name = text({}).value_or("\n");
    if (name.ends_with('\n')) name.pop_back();
    view.files[fmt::format("/sys/devices/{}/{}{}", kDevices, place_of(zone), path.substr(slash))] = text;
    view.files.erase(path);
  }
  if (zones.empty()) return;
  for (const auto& [zone, name] : zones) add_zone(view, machine, zone, name);
  const std::string control = fmt::format("/sys/devices/{}", kDevices);
  view.files[control + "/enabled"] = constant("1\n");
  view.files[control + "/uevent"] = constant("");
  view.links[control + "/subsystem"] = "../../../../class/powercap";
  view.links[std::string(kClass) + "intel-rapl"] = fmt::format("../../devices/{}", kDevices);
}

}  // namespace nw::sim
