// Where the node's energy went since the accounting began.
#include <algorithm>

#include "accounting/energy_accounting.h"
#include "record/record.h"

namespace nw {

void EnergyAccounting::write(pb::NodeState& out) const {
  out.set_host(node_.record.node().host());
  out.set_node_type(node_.record.node_type());
  out.set_version(node_.record.version());
  out.set_since_unix_ns(since_wall_ns_);
  out.set_at_unix_ns(wall_ns_);
  out.set_policy(std::string(name(kPolicies[0])));
  write_rows(out);
  write_parts(out);
  for (const Meter& meter : meters_) nw::write_anomalies(meter.anomalies(), meter.info().id, *out.mutable_anomalies());
  AnomalyCounts of_node;
  of_node.add(Anomaly::device_owner_unknown, unowned_);
  nw::write_anomalies(of_node, "", *out.mutable_anomalies());
}

void EnergyAccounting::write_rows(pb::NodeState& out) const {
  Joules jobs = ended_energy_;
  std::uint32_t running = 0;
  for (const auto& [serial, job] : jobs_) {
    jobs += job.own.by_policy.front().total;
    running += job.end ? 0 : 1;
  }
  const auto row = [&](const char* name, Joules energy) {
    pb::NodeRow& one = *out.add_rows();
    one.set_name(name);
    one.set_energy_uj(energy.count());
  };
  row("jobs", jobs);
  row("idle", idle_.front().total);
  row("system", system_.front().total);
  row("unattributed", unattributed_.front().total);
  row("node", node_energy_);
  out.set_jobs_running(running);
  out.set_jobs_ended(ended_jobs_);
  out.set_not_conserved_uj(not_conserved().count());
}

Boundary EnergyAccounting::boundary() const {
  Boundary boundary = Boundary::on_chip;
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (total_sensors_.is_of_total(i)) boundary = std::max(boundary, meters_[i].info().boundary);
  return boundary;
}

bool EnergyAccounting::is_modelled() const {
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (total_sensors_.is_of_total(i) && meters_[i].info().provenance == Provenance::estimated) return true;
  return false;
}

void EnergyAccounting::write_parts(pb::NodeState& out) const {
  std::optional<Provenance> kind;  // unknown for a total without parts
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (!meters_[i].responsive()) continue;
    const SensorInfo& info = meters_[i].info();
    const bool of_total = total_sensors_.is_of_total(i);
    pb::NodePart& part = *out.add_parts();
    part.set_domain(std::string(name(info.part.domain)));
    part.set_device(info.part.device);
    part.set_label(info.label);
    part.set_sensor(info.id);
    part.set_energy_uj(parts_[i].count());
    part.set_kind(to_record(info.provenance));
    part.set_counted(total_sensors_.is_counted(i));
    if (power_[i]) part.set_power_uw(power_[i]->count());
    if (of_total) kind = std::max(kind.value_or(info.provenance), info.provenance);
  }
  if (kind) out.set_kind(to_record(*kind));
  if (kind) out.set_boundary(to_record(boundary()));
  if (!total_sensors_.total_sensor) return;
  pb::NodePart& remainder = *out.add_parts();
  remainder.set_domain("other");
  remainder.set_label("rest of node");
  remainder.set_energy_uj(remainder_.count());
  remainder.set_kind(pb::KIND_DERIVED);
  remainder.set_counted(true);
}

}  // namespace nw
