// The records: books read as energies with doubt, by the same tree that a run's are.
#include <algorithm>
#include <cmath>

#include "accounting/energy_accounting.h"
#include "accounting/utilization_summary.h"
#include "base/parse.h"
#include "record/record.h"

namespace nw {

namespace {
// A constant offset of a sensor is shared as its energy is.
Nameplate as_given(const Nameplate& plate, double share) {
  Nameplate own = plate;
  own.bias = {};  // taken off each stretch
  own.offset = Watts::of(static_cast<std::int64_t>(static_cast<double>(plate.offset.count()) * share));
  return own;
}

// In the name of a term of doubt. Of one job they err alike on both sockets, and in all its steps; of two jobs not.
std::string name_division(Rule rule, const std::string& job) {
  static constexpr const char* kNames[] = {"CPU time", "memory held", "slices", "what the node's parts draw"};
  return std::string("division by ") + kNames[static_cast<std::size_t>(rule)] + ", job " + job;
}

Energy make_given(const Meter& meter, const Book::Line& line, Nanos duration, const std::string& job) {
  const bool whole = line.given.energy == line.whole;
  const double share = whole ? 1 : line.whole == Joules{} ? 0 : to_joules(line.given.energy) / to_joules(line.whole);
  const auto scaled = [&](std::optional<Watts> power) {
    return Watts::of(static_cast<std::int64_t>(static_cast<double>(power.value_or(Watts{}).count()) * share));
  };
  Energy energy = make_energy(as_given(meter.plate(), share), {line.given, duration, line.edges},
                              {scaled(meter.min_power()), scaled(meter.max_power()), false});
  if (line.division > 0)
    energy.uncertainty.add({name_division(rule_of(meter.plate().part.domain), job), line.division, true, false});
  // Of an accelerator that is divided nobody measures the parts.
  if (!whole) energy.kind = meter.plate().part.domain == Domain::gpu ? Kind::estimated : Kind::attributed;
  energy.kind = std::max(energy.kind, meter.plate().how);
  if (line.given.covered <= Nanos{} && line.whole == Joules{}) {  // never read, or dead
    energy.value.reset();
    energy.coverage = 0;
  }
  return energy;
}
}  // namespace

Composition Ledger::compose_book(const Book& book, const OpenJob& job, std::span<const Peak> peaks) const {
  std::vector<Branch> branches;
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (!is_of_others(book.lines[i], meters_[i].plate().part.domain))
      branches.push_back({&meters_[i].plate(),
                          make_given(meters_[i], book.lines[i], book.duration, job.record.job().id()),
                          i < peaks.size() ? peaks[i].most : std::nullopt});
  Composition composition = compose(branches);
  if (composition.total.value) composition.total.value = book.total;
  return composition;
}

void Ledger::write_steps(const OpenJob& job, const JobBooks& books, pb::Record& record) const {
  const auto write = [&](const std::string& id, const Book& book) -> pb::Step& {
    pb::Step& out = *record.mutable_job()->add_steps();
    out.set_id(id);
    const Composition parts = compose_book(book, job);
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
  for (std::size_t i = 0; i < meters_.size(); ++i)
    nw::write_anomalies(meters_[i].anomalies().since(job.anomalies[i]), meters_[i].plate().id,
                        *record.mutable_anomalies());
  const std::string &begin = record.job().begin_basis(), &end = record.job().end_basis();
  AnomalyCounts of_job;
  of_job.add(Anomaly::job_begin_unseen, begin == "started" ? 1 : 0);
  of_job.add(Anomaly::job_end_unseen, end == "restart" || end == "unseen" ? 1 : 0);
  of_job.add(Anomaly::rebooted, end == "reboot" ? 1 : 0);
  of_job.add(Anomaly::too_many_names, job.own.steps.size() >= kMaxSteps ? 1 : 0);
  nw::write_anomalies(of_job, "", *record.mutable_anomalies());
}

// What the division alone leaves open: over parts of one rule linearly, over rules in quadrature (attribute.h).
void Ledger::write_doubt(const Book& book, pb::Record& record) const {
  Uncertainty divisions;
  for (std::size_t i = 0; i < meters_.size(); ++i)
    if (layout_.is_of_total(i))
      divisions.add({name_division(rule_of(meters_[i].plate().part.domain), ""), book.lines[i].division, true, false});
  if (divisions.combined() > 0) record.mutable_job()->set_u_share_uj(divisions.combined() * 1e6);
}

// Which accelerators were its own, and what those took on which nobody ever saw a process.
void Ledger::write_accelerators(const OpenJob& job, const Book& book, pb::Record& record) const {
  write_devices(node_.devices, record);
  for (pb::Device& device : *record.mutable_devices())
    for (std::size_t k = 0; k < device_names_.size(); ++k) {
      if (device.device() != device_names_[k]) continue;
      device.set_allocated(job.devices[k] || !job.shared);
      if (job.looked && !job.worked[k]) device.set_processes(0);
    }
  if (!job.looked) return;
  Joules unused;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Nameplate& plate = meters_[i].plate();
    for (std::size_t k = 0; k < device_names_.size(); ++k)
      if (plate.part == Part{Domain::gpu, device_names_[k]} && plate.kind == SensorKind::counter && !job.worked[k])
        unused += book.lines[i].given.energy;
  }
  record.mutable_job()->set_unused_gpu_uj(unused.count());
}

pb::Record Ledger::make_record(const OpenJob& job, const JobBooks& books) const {
  pb::Record record = job.record;
  pb::Job& its = *record.mutable_job();
  record.set_job_key("slurm-" + its.id());
  record.set_state(!job.end ? "running" : its.end_basis() == "reboot" ? "lost" : "ended");
  record.set_duration_ns((job.end.value_or(books.until) - job.begin).count());
  const Book& book = books.by_policy.front();
  const Composition parts = compose_book(book, job, books.peaks);
  write_energy(parts.total, *record.mutable_energy());
  if (parts.node_estimate) write_energy(*parts.node_estimate, *record.mutable_node_estimate());
  record.set_modelled_fraction(parts.modelled_fraction);
  record.set_boundary_note(parts.boundary_note);
  for (const Component& component : parts.components) write_component(component, *record.add_components());
  its.set_exclusive(!job.shared);
  its.set_policy(std::string(name(kPolicies[0])));
  for (std::size_t p = 1; p < std::size(kPolicies); ++p) {
    const Composition other = compose_book(books.by_policy[p], job);
    pb::ByPolicy& out = *its.add_others();
    out.set_policy(std::string(name(kPolicies[p])));
    write_energy(other.total, *out.mutable_energy());
    for (const Component& component : other.components) write_component(component, *out.add_components());
  }
  for (const Meter& meter : meters_) write_sensor(meter.plate(), *record.add_sensors());
  write_doubt(book, record);
  write_accelerators(job, book, record);
  books.timeline.write(*record.mutable_timeline());
  write_steps(job, books, record);
  write_anomalies(job, record);
  return record;
}

std::vector<pb::Record> Ledger::running(bool published) const {
  std::vector<pb::Record> records;
  for (auto at = jobs_.rbegin(); at != jobs_.rend(); ++at) {
    const OpenJob& job = at->second;
    if (!job.end) records.push_back(make_record(job, published ? job.published : job.own));
  }
  return records;
}

}  // namespace nw
