// The records: books read as energies with doubt, by the same tree that a run's are.
#include <algorithm>
#include <cmath>

#include "account/ledger.h"
#include "account/record.h"
#include "account/usage.h"
#include "base/parse.h"

namespace nw {

namespace {
// A constant offset of a sensor is shared as its energy is.
Nameplate as_given(const Nameplate& plate, double share) {
  Nameplate own = plate;
  own.bias = {};  // taken off each stretch
  own.offset = Watts::of(static_cast<std::int64_t>(static_cast<double>(plate.offset.count()) * share));
  return own;
}

Energy make_given(const Meter& meter, const Book::Line& line, Nanos duration) {
  const bool whole = line.given.energy == line.whole;
  const double share = whole ? 1 : line.whole == Joules{} ? 0 : to_joules(line.given.energy) / to_joules(line.whole);
  const auto scaled = [&](std::optional<Watts> power) {
    return Watts::of(static_cast<std::int64_t>(static_cast<double>(power.value_or(Watts{}).count()) * share));
  };
  Energy energy = make_energy(as_given(meter.plate(), share), {line.given, duration, line.edges},
                              {scaled(meter.min_power()), scaled(meter.max_power()), false});
  energy.uncertainty.add({meter.plate().source + " division", line.division, false, false});
  // Of an accelerator that is divided nobody measures the parts.
  if (!whole) energy.kind = meter.plate().part.domain == Domain::gpu ? Kind::estimated : Kind::attributed;
  energy.kind = std::max(energy.kind, meter.plate().how);
  if (line.given.covered <= Nanos{} && line.whole == Joules{}) {  // never read, or dead
    energy.value.reset();
    energy.coverage = 0;
  }
  return energy;
}

// What nobody was given is not unknown: an accelerator that is not this job's is no part of its figures at all.
bool is_of_others(const Book::Line& line, Domain domain) {
  return domain == Domain::gpu && line.given.energy == Joules{} && line.whole != Joules{};
}
}  // namespace

Composition Ledger::compose_book(const Book& book) const {
  std::vector<Branch> branches;
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (!is_of_others(book.lines[i], meters_[i].plate().part.domain))
      branches.push_back({&meters_[i].plate(), make_given(meters_[i], book.lines[i], book.duration), {}});
  Composition composition = compose(branches);
  if (composition.total.value) composition.total.value = book.total;
  return composition;
}

void Ledger::write_steps(const OpenJob& job, const JobBooks& books, pb::Record& record) const {
  const auto write = [&](const std::string& id, const Book& book) -> pb::Step& {
    pb::Step& out = *record.mutable_job()->add_steps();
    out.set_id(id);
    const Composition parts = compose_book(book);
    write_energy(parts.total, *out.mutable_energy());
    for (const Component& component : parts.components) write_component(component, *out.add_components());
    return out;
  };
  for (const auto& [id, step] : books.steps) {
    pb::Step& out = write(id, step.book);
    out.set_begin_ns((step.begin - job.begin).count());
    out.set_duration_ns((step.end.value_or(std::max(books.until, step.begin)) - step.begin).count());
    if (step.cpu && step.cpu_begin) out.set_cpu_s(to_seconds(*step.cpu));
    out.set_phase(step.phase);
    out.set_running(!step.end);
  }
  if (books.loose.duration <= Nanos{}) return;
  write("", books.loose).set_duration_ns(books.loose.duration.count());
}

void Ledger::write_anomalies(const OpenJob& job, pb::Record& record) const {
  const auto add = [&](Anomaly anomaly, const std::string& sensor, std::uint64_t count) {
    if (count == 0) return;
    auto* out = record.add_anomalies();
    out->set_name(std::string(entry(anomaly).name));
    out->set_sensor(sensor);
    out->set_count(count);
  };
  for (std::size_t i = 0; i < meters_.size(); ++i)
    for (unsigned a = 0; a < kAnomalies.size(); ++a) {
      const auto anomaly = static_cast<Anomaly>(a);
      const std::uint64_t now = meters_[i].anomalies().count(anomaly);
      const std::uint64_t before = i < job.anomalies.size() ? job.anomalies[i].count(anomaly) : 0;
      add(anomaly, meters_[i].plate().id, now > before ? now - before : 0);
    }
  const std::string &begin = record.job().begin_basis(), &end = record.job().end_basis();
  add(Anomaly::job_begin_unseen, "", begin == "started" ? 1 : 0);
  add(Anomaly::job_end_unseen, "", end == "restart" || end == "unseen" ? 1 : 0);
  add(Anomaly::rebooted, "", end == "reboot" ? 1 : 0);
  add(Anomaly::too_many_names, "", job.own.steps.size() >= kMaxSteps ? 1 : 0);
}

pb::Record Ledger::make_record(const OpenJob& job, const JobBooks& books) const {
  pb::Record record = job.record;
  pb::Job& its = *record.mutable_job();
  record.set_job_key("slurm-" + its.id());
  record.set_state(!job.end ? "running" : its.end_basis() == "reboot" ? "lost" : "ended");
  record.set_duration_ns((job.end.value_or(books.until) - job.begin).count());
  const Book& book = books.by_policy.front();
  const Composition parts = compose_book(book);
  write_energy(parts.total, *record.mutable_energy());
  if (parts.node_estimate) write_energy(*parts.node_estimate, *record.mutable_node_estimate());
  record.set_modelled_fraction(parts.modelled_fraction);
  record.set_boundary_note(parts.boundary_note);
  for (const Component& component : parts.components) write_component(component, *record.add_components());
  its.set_exclusive(!job.shared);
  its.set_policy(std::string(name(kPolicies[0])));
  for (std::size_t p = 1; p < std::size(kPolicies); ++p) {
    const Composition other = compose_book(books.by_policy[p]);
    pb::ByPolicy& out = *its.add_others();
    out.set_policy(std::string(name(kPolicies[p])));
    write_energy(other.total, *out.mutable_energy());
    for (const Component& component : other.components) write_component(component, *out.add_components());
  }
  double division = 0;
  Joules unused;
  write_devices(node_.devices, record);
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    write_sensor(meters_[i].plate(), *record.add_sensors());
    const bool counted =
        i == layout_.root || std::find(layout_.beside.begin(), layout_.beside.end(), i) != layout_.beside.end();
    if (counted) division += book.lines[i].division * book.lines[i].division;
    const Part& part = meters_[i].plate().part;
    for (std::size_t k = 0; k < device_names_.size(); ++k)
      if (part.domain == Domain::gpu && part.device == device_names_[k] && !job.worked[k] &&
          meters_[i].plate().kind == SensorKind::counter)
        unused += book.lines[i].given.energy;
  }
  for (pb::Device& device : *record.mutable_devices())
    for (std::size_t k = 0; k < device_names_.size(); ++k)
      if (device.device() == device_names_[k]) {
        device.set_allocated(job.devices[k] || !job.shared);
        if (job.looked && !job.worked[k]) device.set_processes(0);
      }
  if (division > 0) its.set_u_share_uj(std::sqrt(division) * 1e6);
  if (job.looked) its.set_unused_gpu_uj(unused.count());
  write_steps(job, books, record);
  write_anomalies(job, record);
  return record;
}

std::vector<pb::Record> Ledger::running(bool published) const {
  std::vector<pb::Record> records;
  for (auto at = jobs_.rbegin(); at != jobs_.rend(); ++at) {
    const OpenJob& job = at->second;
    const bool show = !published || job.end || job.published;
    records.push_back(make_record(job, show && published && !job.end ? *job.published : job.own));
  }
  return records;
}

void Ledger::write(pb::NodeState& out) const {
  out.set_host(node_.record.node().host());
  out.set_node_type(node_.record.node_type());
  out.set_version(node_.record.version());
  out.set_since_unix_ns(since_wall_ns_);
  out.set_at_unix_ns(wall_ns_);
  out.set_policy(std::string(name(kPolicies[0])));
  Joules jobs = ended_energy_;
  std::uint32_t running = 0;
  for (const auto& [serial, job] : jobs_) {
    jobs += job.own.by_policy.front().total;
    running += job.end ? 0 : 1;
  }
  const auto row = [&](const char* name, Joules energy) {
    out.add_rows()->set_name(name);
    out.mutable_rows()->rbegin()->set_energy_uj(energy.count());
  };
  row("jobs", jobs);
  row("idle", idle_.front().total);
  row("system", system_.front().total);
  row("node", node_energy_);
  out.set_jobs_running(running);
  out.set_jobs_ended(ended_jobs_);
  out.set_not_conserved_uj(not_conserved().count());
  Kind kind = Kind::measured;
  Boundary boundary = Boundary::on_chip;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (!meters_[i].alive()) continue;
    const Nameplate& plate = meters_[i].plate();
    pb::NodePart& part = *out.add_parts();
    part.set_domain(std::string(name(plate.part.domain)));
    part.set_device(plate.part.device);
    part.set_label(plate.label);
    part.set_sensor(plate.id);
    part.set_energy_uj(parts_[i].count());
    part.set_kind(to_record(plate.how));
    if (power_[i]) part.set_power_uw(power_[i]->count());
    const auto in = [&](const std::vector<std::size_t>& list) {
      return std::find(list.begin(), list.end(), i) != list.end();
    };
    part.set_counted(i == layout_.root || in(layout_.inside) || in(layout_.beside));
    if (i != layout_.root && !in(layout_.beside)) continue;
    kind = std::max(kind, plate.how);
    boundary = std::max(boundary, plate.boundary);
  }
  if (layout_.root) {
    pb::NodePart& part = *out.add_parts();
    part.set_domain("other");
    part.set_label("rest of node");
    part.set_energy_uj(rest_.count());
    part.set_kind(pb::KIND_DERIVED);
    part.set_counted(true);
  }
  out.set_kind(to_record(kind));
  out.set_boundary(to_record(boundary));
  for (const Meter& meter : meters_)
    for (unsigned a = 0; a < kAnomalies.size(); ++a)
      if (const auto count = meter.anomalies().count(static_cast<Anomaly>(a)); count > 0) {
        auto& anomaly = *out.add_anomalies();
        anomaly.set_name(std::string(kAnomalies[a].name));
        anomaly.set_sensor(meter.plate().id);
        anomaly.set_count(count);
      }
}

}  // namespace nw
