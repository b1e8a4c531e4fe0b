// A record as JSON, schema nodewatt/1. docs/schema/nodewatt-1.schema.json describes the same; json_test.cc checks that
// both agree. Every key is always present; unknown is null. Keys are only ever added.
#include "accounting/stored_words.h"
#include "base/anomalies.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "report/facility.h"
#include "report/job.h"
#include "report/json_energy.h"
#include "report/json_values.h"
#include "report/parallel.h"
#include "report/provenance.h"
#include "report/report.h"
#include "report/words.h"
#include "study/idle.h"

namespace nw {

namespace {

using json::Json, json::list, json::make_components, json::make_energy, json::make_phase, json::make_work, json::number,
    json::text;

Json above_zero(double value) { return value > 0 ? number(value) : Json(nullptr); }

Json make_measured_by(const pb::Record& record) {
  if (!record.has_measured_by()) return nullptr;
  const pb::MeasuredBy& by = record.measured_by();
  return {{"program", text(by.program())}, {"exclusive", by.exclusive()}, {"policy", text(by.policy())},
          {"manager", text(by.manager())}, {"job_id", text(by.job())},    {"step", text(by.step())}};
}

Json make_node(const pb::Node& node) {
  return {{"host", text(node.host())},
          {"cpu_model", text(node.cpu_model())},
          {"logical_cpus", above_zero(node.logical_cpus())},
          {"sockets", above_zero(node.sockets())},
          {"memory_bytes", node.memory_bytes() > 0 ? Json(node.memory_bytes()) : Json(nullptr)},
          {"gpus", list(node.gpus(), [](const std::string& gpu) { return text(gpu); })},
          {"virtual_machine", node.virtual_machine()},
          {"played_by", text(node.played())},
          {"kernel", text(node.kernel())}};
}

Json make_anomaly(const pb::AnomalyCount& one) {
  const auto known = anomaly(one.name());
  return {{"name", text(one.name())},
          {"severity", known ? text(name(entry(*known).severity)) : Json(nullptr)},
          {"sensor", text(one.sensor())},
          {"count", one.count()},
          {"sentence", known ? text(entry(*known).sentence) : Json(nullptr)}};
}

// Mean power in each step; the last step may be cut short by the end of the run.
Json make_series(const pb::Series& series, std::int64_t step_ns, std::int64_t duration_ns) {
  Json watts = Json::array();
  for (int i = 0; i < series.energy_uj_size(); ++i) {
    const double left = static_cast<double>(duration_ns) - static_cast<double>(step_ns) * i;
    const double length = left > 0 && left < static_cast<double>(step_ns) ? left : static_cast<double>(step_ns);
    const bool unknown = !was_read(series.energy_uj(i)) || step_ns <= 0;
    watts.push_back(unknown ? Json(nullptr) : number(static_cast<double>(series.energy_uj(i)) * 1e3 / length));
  }
  return {{"domain", text(series.domain())},
          {"device", text(series.device())},
          {"estimated", series.estimated()},
          {"as_read", series.as_read()},
          {"power_w", std::move(watts)}};
}

Json make_timeline(const pb::Record& record) {
  const std::int64_t step = record.timeline().step_ns();
  return {{"step_s", number(duration_s(step))}, {"series", list(record.timeline().series(), [&](const pb::Series& one) {
                                                   return make_series(one, step, record.duration_ns());
                                                 })}};
}

Json make_sensor(const pb::SensorUse& one) {
  return {{"id", text(one.id())},
          {"source", text(one.source())},
          {"type", one.counter() ? "counter" : "gauge"},
          {"refresh_s", number(duration_s(one.update_interval_ns()))},
          {"longest_lag_s", one.has_longest_lag_ns() ? number(duration_s(one.longest_lag_ns())) : Json(nullptr)},
          {"timing_basis", text(one.timing_basis())},
          {"gain", above_zero(one.gain())},
          {"gain_shape", text(one.gain_shape())},
          {"gain_basis", text(one.gain_basis())},
          {"factor", one.has_factor() ? number(one.factor()) : Json(nullptr)},
          {"bias_w", one.has_bias_uw() ? number(static_cast<double>(one.bias_uw()) / 1e6) : Json(nullptr)},
          {"rules", list(one.rules(), [](const std::string& rule) { return text(rule); })}};
}

Json make_factor(bool has, const pb::Sourced& figure) {
  if (!has) return nullptr;
  return {{"value", number(figure.value())}, {"source", text(figure.source())}, {"date", text(figure.date())}};
}

Json make_facility(const pb::Record& record) {
  if (!record.has_facility()) return nullptr;
  const pb::Facility& facility = record.facility();
  const Footprint footprint = compute_footprint(record);
  const bool any = footprint.carbon_g.value || footprint.cost.value;
  return {{"pue", make_factor(facility.has_pue(), facility.pue())},
          {"carbon_g_per_kwh", make_factor(facility.has_carbon_g_per_kwh(), facility.carbon_g_per_kwh())},
          {"price_per_kwh", make_factor(facility.has_price_per_kwh(), facility.price_per_kwh())},
          {"currency", text(facility.currency())},
          {"of", any ? Json(footprint.estimate ? "node_estimate" : "energy") : Json(nullptr)},
          {"carbon_g", number(footprint.carbon_g.value)},
          {"carbon_uncertainty_g", number(footprint.carbon_g.uncertainty)},
          {"cost", number(footprint.cost.value)},
          {"cost_uncertainty", number(footprint.cost.uncertainty)}};
}

Json make_device(const pb::Device& one) {
  return {{"domain", text(one.domain())},
          {"device", text(one.device())},
          {"label", text(one.label())},
          {"busy", number(busy(one))},
          {"busiest", number(busiest(one))},
          {"processes", one.has_processes() ? Json(one.processes()) : Json(nullptr)},
          {"power_limit_w", number(power_limit_w(one))},
          {"allocated", one.has_allocated() ? Json(one.allocated()) : Json(nullptr)}};
}

Json make_idle(const pb::Record& record) {
  if (record.idle().empty()) return nullptr;
  const auto share = compute_idle(record).value_or(IdleShare{});
  return {{"energy_j", number(share.joules.value)},
          {"uncertainty_j", number(share.joules.uncertainty)},
          {"fraction", number(share.fraction.value)},
          {"fraction_uncertainty", number(share.fraction.uncertainty)},
          {"sensors", list(record.idle(), [](const pb::Idle& one) {
             return Json{{"sensor", text(one.sensor())},
                         {"domain", text(one.domain())},
                         {"device", text(one.device())},
                         {"power_w", number(static_cast<double>(one.power_uw()) / 1e6)},
                         {"u_w", number(static_cast<double>(one.u_uw()) / 1e6)},
                         {"date", text(one.date())}};
           })}};
}

Json make_provenance(const pb::Record& record) {
  const pb::Record* data[] = {&record};
  return {{"version", text(record.version())},
          {"group", text(record.group())},
          {"repeat", above_zero(record.repeat())},
          {"warmup", record.warmup()},
          {"command", record.has_command() ? text(record.command()) : Json(nullptr)},
          {"monitor_cpu_s", above_zero(record.monitor_cpu_s())},
          {"data_sha256", data_sha256(data)}};
}

Json make_pairs(const google::protobuf::RepeatedPtrField<pb::Label>& pairs) {
  Json labels = Json::object();
  for (const pb::Label& label : pairs) labels[valid_utf8(label.key())] = valid_utf8(label.value());
  return labels;
}

}  // namespace

std::string make_json(const pb::Record& record) {
  Json out{{"schema", "nodewatt/1"}, {"type", "run"}};
  out["id"] = text(record.uid().empty() ? "" : short_id(record));
  out["uid"] = text(record.uid());
  out["name"] = text(record.name());
  out["labels"] = make_pairs(record.labels());
  out["settings"] = make_pairs(record.settings());
  out["program"] = text(record.program());
  out["state"] = text(record.state());
  out["exit_code"] = record.has_exit_code() ? Json(record.exit_code()) : Json(nullptr);
  out["signal"] = record.has_signal() ? Json(record.signal()) : Json(nullptr);
  out["start_time"] = text(start_rfc3339(record));
  out["duration_s"] = number(duration_s(record.duration_ns()));
  out["node"] = make_node(record.node());
  out["node_type"] = text(record.node_type());
  out["energy"] = make_energy(record.energy());
  out["boundary_note"] = record.energy().has_energy_uj() ? text(current_words(record.boundary_note())) : Json(nullptr);
  out["node_estimate"] = record.has_node_estimate() ? make_energy(record.node_estimate()) : Json(nullptr);
  const bool modelled = record.has_node_estimate() || known_kind(record.energy()) == pb::KIND_ESTIMATED;
  out["modelled_fraction"] = modelled ? number(record.modelled_fraction()) : Json(nullptr);
  out["components"] = make_components(record.components(), record.duration_ns());
  out["devices"] = list(record.devices(), make_device);
  out["cpu_busy"] = number(cpu_busy(record));
  out["child_cpu_s"] = number(child_cpu_s(record));
  out["idle"] = make_idle(record);
  out["software"] = list(record.software(), [](const pb::Label& one) {
    return Json{{"name", text(one.key())}, {"version", text(one.value())}};
  });
  out["phases"] = list(record.phases(), make_phase);
  out["work"] = make_work(record.work(), record.energy());
  out["figures"] = list(record.figures(), [](const pb::Figure& one) {
    return Json{{"name", text(one.name())}, {"value", number(one.value())}};
  });
  out["anomalies"] = list(record.anomalies(), make_anomaly);
  out["timeline"] = make_timeline(record);
  out["sensors"] = list(record.sensors(), make_sensor);
  out["parallel"] = make_parallel_json(record);
  out["members"] = make_members_json(record);
  out["measured_by"] = make_measured_by(record);
  out["job"] = make_job_json(record);
  out["facility"] = make_facility(record);
  out["provenance"] = make_provenance(record);
  return json::print(out);
}

}  // namespace nw
