#include <nlohmann/json.hpp>

#include "report/escape.h"
#include "report/sensors.h"

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
