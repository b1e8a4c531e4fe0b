#include "accounting/phase_record.h"

#include <algorithm>

#include "record/record.h"
#include "record/record.pb.h"

namespace nw {

namespace {
constexpr double kResolved = 0.5;  // a phase whose random uncertainty is a larger share of its energy is not resolved

void write_energies(const NodeEnergy& parts, Nanos duration, pb::Phase& out) {
  write_energy(parts.total, *out.mutable_energy());
  if (parts.node_estimate) write_energy(*parts.node_estimate, *out.mutable_node_estimate());
  for (const Component& component : parts.components) {
    auto& written = *out.add_components();
    write_component(component, duration, written);
    written.clear_max_power_uw();  // is the run's, not the phase's
  }
}
}  // namespace

bool is_resolved(const Energy& energy) {
  return energy.value && *energy.value > Joules{} &&
         1.96 * energy.uncertainty.random() <= kResolved * to_joules(*energy.value);
}

std::vector<PhaseRow> rows_of(const Phases& phases) {
  std::vector<PhaseRow> rows;
  for (const std::string& path : phases.order())
    if (path != Phases::kWhole) rows.push_back({path, phases.at(path)});
  return rows;
}

void add_rows(std::vector<PhaseRow>& rows, const std::vector<PhaseRow>& others) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) places.emplace(rows[i].path, i);
  for (const PhaseRow& other : others) {
    const auto found = places.find(other.path);
    if (found == places.end()) {
      rows.push_back(other);
      continue;
    }
    PhaseSum& sum = rows[found->second].sum;
    sum.count += other.sum.count;
    sum.duration += other.sum.duration;
    sum.given.lines.resize(std::max(sum.given.lines.size(), other.sum.given.lines.size()));
    sum.given.add(other.sum.given);
    for (const auto& [unit, count] : other.sum.work) sum.work[unit] += count;
    for (const auto& span : other.sum.spans)
      if (sum.spans.size() < PhaseSum::kMaxSpans) sum.spans.push_back(span);
  }
}

std::size_t write_phases(const std::vector<PhaseRow>& rows, Nanos begin, std::optional<Joules> whole,
                         const ComposePhase& compose, google::protobuf::RepeatedPtrField<pb::Phase>& out) {
  std::map<std::string, std::optional<Joules>> totals{{"", whole}};
  std::size_t unresolved = 0;
  for (const PhaseRow& row : rows) {
    pb::Phase& phase = *out.Add();
    phase.set_path(row.path);
    phase.set_count(row.sum.count);
    phase.set_duration_ns(row.sum.duration.count());
    write_work(row.sum.work, *phase.mutable_work());
    for (const auto& [from, until] : row.sum.spans) {
      auto* span = phase.add_spans();
      span->set_begin_ns((from - begin).count());
      span->set_end_ns((until - begin).count());
    }
    const NodeEnergy parts = compose(row.sum);
    const auto slash = row.path.rfind('/');
    const std::optional<Joules> parent = totals[slash == row.path.npos ? "" : row.path.substr(0, slash)];
    phase.set_resolved(is_resolved(parts.total) && parent && *parts.total.value <= *parent);
    totals[row.path] = phase.resolved() ? parts.total.value : parent;
    if (phase.resolved())
      write_energies(parts, row.sum.duration, phase);
    else
      ++unresolved;
  }
  return unresolved;
}

void write_work(const std::map<std::string, double>& work, google::protobuf::RepeatedPtrField<pb::Work>& out) {
  for (const auto& [unit, count] : work) {
    auto* entry = out.Add();
    entry->set_unit(unit);
    entry->set_count(count);
  }
}

void write_statements(const Phases& phases, pb::Record& record) {
  for (const auto& [name, value] : phases.figures()) {
    auto* figure = record.add_figures();
    figure->set_name(name);
    figure->set_value(value);
  }
  for (const auto& [key, value] : phases.settings()) {
    auto* setting = record.add_settings();
    setting->set_key(key);
    setting->set_value(value);
  }
}

}  // namespace nw
