#include "report/sensors.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/summary.h"

namespace nw {

namespace {
std::string part_of(const SensorLine& line) {
  return line.device.empty() ? line.domain : line.domain + " " + clean(line.device);
}

std::string power_of(const SensorLine& line) {
  if (line.state == "dead") return "DEAD";
  return line.power_w ? power_text({line.power_w, std::nullopt}) : "no new value yet";
}

void add_line(const SensorLine& line, std::string& out) {
  out += fmt::format("  {:<22} {:<8} {:>16}  {:<10} {}\n", part_of(line), line.counter ? "counter" : "power",
                     power_of(line), line.kind, clean(line.source + (line.label.empty() ? "" : ", " + line.label)));
}

// Of a sensor, if perhaps divided by a hypervisor or among nodes; not of the model.
bool is_sensor(const SensorLine& line) { return line.kind != "estimated"; }
bool measured(const SensorLine& line) { return is_sensor(line) && line.state == "ok"; }

bool reads(const Sensors& sensors, std::initializer_list<const char*> domains, std::string_view state = "ok") {
  return std::any_of(sensors.lines.begin(), sensors.lines.end(), [&](const SensorLine& line) {
    return is_sensor(line) && line.state == state &&
           std::find(domains.begin(), domains.end(), line.domain) != domains.end();
  });
}

// Utilization, and its source: none of it enters any energy.
void add_utilizations(const Sensors& sensors, std::string& out) {
  if (!sensors.utilizations.empty()) out += "\nActivity, now\n";
  for (const UtilizationLine& line : sensors.utilizations)
    out += fmt::format("  {:<30}  {} ({})\n", clean(line.device.label()), compute_device_words(line.device),
                       clean(line.source));
  std::string words;
  for (const pb::Label& one : sensors.software)
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", clean(one.key()), clean(one.value()));
  if (!words.empty()) out += "\nSoftware\n  " + words + "\n";
}

void add_diagnostics(const Sensors& sensors, std::string& out) {
  if (sensors.diagnostics.empty()) return;
  out += "\nPresent but not readable\n";
  for (const auto& diagnostic : sensors.diagnostics) {
    out += fmt::format("  {} ({})\n    {}\n", clean(diagnostic.where), diagnostic.driver, strip(diagnostic.what));
    std::string repair = diagnostic.repair;
    for (std::size_t start = 0; start < repair.size();) {
      const auto end = std::min(repair.find('\n', start), repair.size());
      out += fmt::format("    {} {}\n", start == 0 ? "repair:" : "       ", strip(repair.substr(start, end - start)));
      start = end + 1;
    }
  }
}
}  // namespace

std::string make_sensors_text(const Sensors& sensors, const TextStyle&) {
  std::string out = fmt::format("  {:<22} {:<8} {:>16}  {:<10} {}\n", "Part", "Reads", "Now", "How known", "Source");
  for (const auto& line : sensors.lines) add_line(line, out);
  add_utilizations(sensors, out);
  if (!sensors.diagnostics.empty())
    out += fmt::format("\n{} more that exist and cannot be read: nodewatt doctor\n", sensors.diagnostics.size());
  return out;
}

std::string make_doctor_text(const Sensors& sensors, const TextStyle&) {
  std::string out = "Read\n";
  const auto none = std::none_of(sensors.lines.begin(), sensors.lines.end(), measured);
  if (none) out += "  no sensor of this node\n";
  for (const auto& line : sensors.lines)
    if (measured(line)) add_line(line, out);
  bool first = true;
  for (const auto& line : sensors.lines) {
    if (!is_sensor(line) || line.state == "ok") continue;
    if (first) out += "\nPresent but not counting\n";
    first = false;
    out +=
        fmt::format("  {} ({}): {}\n", line.id, clean(line.source),
                    line.state == "dead"
                        ? std::string("present and always zero; left out of every figure (usual in virtual machines)")
                        : fmt::format("no new value yet, after {:.0f} s; it has one every {}", line.watched_s,
                                      duration_text(line.update_interval_s)));
  }
  add_utilizations(sensors, out);
  add_diagnostics(sensors, out);
  out += "\nWhat this means\n";
  const auto say = [&](std::initializer_list<const char*> domains, const char* what, const char* otherwise) {
    const bool known = reads(sensors, domains), waits = !known && reads(sensors, domains, "silent");
    out += fmt::format("  {:<18} {}\n", what,
                       known   ? "measured"
                       : waits ? "measured, once its sensor has a new value; none came while it was watched"
                               : otherwise);
  };
  say({"package", "psys", "module", "cpu"}, "CPU packages", "estimated from utilisation: no RAPL counter can be read");
  say({"dram", "psys", "module"}, "Memory", "estimated from its size: no DRAM counter can be read");
  say({"gpu", "module"}, "GPUs", "none found");
  say({"node"}, "Whole node", "estimated: no node power sensor (ACPI power meter, BMC) can be read");
  if (none) out += "\nEvery figure on this machine is an estimate with a wide interval.\n";
  return out;
}

}  // namespace nw
