#include <nlohmann/json.hpp>

#include "report/escape.h"
#include "report/sensors.h"
#include "study/values.h"

namespace nw {

std::string make_sensors_json(const Sensors& sensors) {
  nlohmann::ordered_json out{{"schema", "nodewatt/1"}, {"type", "sensors"}};
  out["sensors"] = nlohmann::ordered_json::array();
  for (const auto& line : sensors.lines) {
    nlohmann::ordered_json entry{{"id", valid_utf8(line.id)},
                                 {"source", valid_utf8(line.source)},
                                 {"domain", line.domain},
                                 {"device", valid_utf8(line.device)},
                                 {"label", valid_utf8(line.label)},
                                 {"kind", line.kind},
                                 {"boundary", line.boundary},
                                 {"reads", line.counter ? "counter" : "gauge"},
                                 {"refresh_s", line.refresh_s},
                                 {"tolerance", line.gain},
                                 {"tolerance_basis", line.gain_basis},
                                 {"access", line.access},
                                 {"state", line.state}};
    entry["power_w"] = line.power_w ? nlohmann::ordered_json(*line.power_w) : nlohmann::ordered_json(nullptr);
    out["sensors"].push_back(entry);
  }
  out["activities"] = nlohmann::ordered_json::array();
  const auto or_null = [](const auto& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  for (const ActivityLine& line : sensors.activities) {
    const pb::Device& device = line.device;
    const auto processes = device.has_processes() ? std::optional(device.processes()) : std::nullopt;
    out["activities"].push_back({{"id", valid_utf8(line.id)},
                                 {"source", valid_utf8(line.source)},
                                 {"domain", device.domain()},
                                 {"device", device.device()},
                                 {"label", device.label()},
                                 {"busy", or_null(busy(device))},
                                 {"processes", or_null(processes)},
                                 {"power_limit_w", or_null(power_limit_w(device))}});
  }
  out["software"] = nlohmann::ordered_json::array();
  for (const pb::Label& one : sensors.software)
    out["software"].push_back({{"name", valid_utf8(one.key())}, {"version", valid_utf8(one.value())}});
  out["findings"] = nlohmann::ordered_json::array();
  for (const auto& finding : sensors.findings)
    out["findings"].push_back(
        {{"driver", finding.driver},
         {"where", valid_utf8(finding.where)},
         {"what", valid_utf8(finding.what)},
         {"repair", finding.repair.empty() ? nlohmann::ordered_json(nullptr)
                                           : nlohmann::ordered_json(valid_utf8(finding.repair))}});
  return out.dump(2) + "\n";
}

}  // namespace nw
