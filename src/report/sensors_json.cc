#include "report/json_values.h"
#include "report/sensors.h"

namespace nw {

namespace {

using json::Json, json::list, json::number, json::text;

Json line_json(const SensorLine& line) {
  return {{"id", valid_utf8(line.id)},
          {"source", valid_utf8(line.source)},
          {"domain", line.domain},
          {"device", valid_utf8(line.device)},
          {"label", valid_utf8(line.label)},
          {"kind", line.kind},
          {"boundary", line.boundary},
          {"reads", line.counter ? "counter" : "gauge"},
          {"refresh_s", line.update_interval_s},
          {"tolerance", line.scale_tolerance},
          {"tolerance_basis", line.gain_basis},
          {"access", line.access},
          {"state", line.state},
          {"power_w", number(line.power_w)}};
}

Json utilization_json(const UtilizationLine& line) {
  const pb::Device& device = line.device;
  return {{"id", valid_utf8(line.id)},
          {"source", valid_utf8(line.source)},
          {"domain", device.domain()},
          {"device", device.device()},
          {"label", device.label()},
          {"busy", number(busy(device))},
          {"processes", device.has_processes() ? Json(device.processes()) : Json(nullptr)},
          {"power_limit_w", number(power_limit_w(device))}};
}

}  // namespace

std::string make_sensors_json(const Sensors& sensors) {
  return json::print(
      Json{{"schema", "nodewatt/1"},
           {"type", "sensors"},
           {"sensors", list(sensors.lines, line_json)},
           {"activities", list(sensors.utilizations, utilization_json)},
           {"software", list(sensors.software,
                             [](const pb::Label& one) {
                               return Json{{"name", valid_utf8(one.key())}, {"version", valid_utf8(one.value())}};
                             })},
           {"findings", list(sensors.diagnostics, [](const DiagnosticLine& one) {
              return Json{{"driver", one.driver},
                          {"where", valid_utf8(one.where)},
                          {"what", valid_utf8(one.what)},
                          {"repair", text(one.repair)}};
            })}});
}

}  // namespace nw
