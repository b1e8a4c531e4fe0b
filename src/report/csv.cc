// Records as a table for spreadsheets and scripts: one row for each record, scope and component. Numbers are the JSON's
// to the digit; a cell is empty where the figure is unknown. Text that a spreadsheet would evaluate is disarmed
// (escape.h).
#include <fmt/format.h>

#include "report/escape.h"
#include "report/provenance.h"
#include "report/report.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr const char* kHeader =
    "uid,name,host,start_time,scope,phase,phase_count,duration_s,domain,device,label,energy_j,uncertainty_j,coverage,"
    "kind,boundary,"
    "source,sensor,depth,counted,mean_power_w,max_power_w,version,data_sha256\n";

// The shortest digits that read back as the same number.
std::string number(std::optional<double> value) { return value ? fmt::format("{}", *value) : ""; }

// The cells in front of a component, which record and which part of it, and behind it, out of which data.
struct Scope {
  std::string cells;
  std::int64_t duration_ns;
  std::string tail;
};

Scope run_scope(const pb::Record& record, const std::string& head, const std::string& tail) {
  return {fmt::format("{},run,,,{}", head, number(duration_s(record.duration_ns()))), record.duration_ns(), tail};
}

Scope phase_scope(const pb::Phase& phase, const std::string& head, const std::string& tail) {
  return {fmt::format("{},phase,{},{},{}", head, for_csv(phase.path()), phase.count(),
                      number(duration_s(phase.duration_ns()))),
          phase.duration_ns(), tail};
}

std::string energy_cells(const pb::Energy& energy) {
  return fmt::format("{},{},{},{},{}", number(energy_j(energy)), number(uncertainty_j(energy)),
                     number(coverage(energy)), kind_name(energy.kind()), boundary_name(energy.boundary()));
}

std::string total_row(const Scope& scope, std::string_view domain, const pb::Energy& energy) {
  return fmt::format("{},{},,,{},,,,,{},,{}\n", scope.cells, domain, energy_cells(energy),
                     number(mean_power_w(energy, scope.duration_ns)), scope.tail);
}

std::string component_row(const Scope& scope, const pb::Component& one) {
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", scope.cells, for_csv(one.domain()), for_csv(one.device()),
                     for_csv(one.label()), energy_cells(one.energy()), for_csv(one.source()), for_csv(one.sensor()),
                     one.depth(), one.counted() ? "yes" : "no", number(mean_power_w(one.energy(), scope.duration_ns)),
                     number(max_power_w(one)), scope.tail);
}

std::string rows_of(const pb::Record& record) {
  const std::string head = fmt::format("{},{},{},{}", for_csv(record.uid()), for_csv(record.name()),
                                       for_csv(record.node().host()), start_rfc3339(record));
  const pb::Record* data[] = {&record};
  const std::string tail = for_csv(record.version()) + "," + data_sha256(data);
  const Scope run = run_scope(record, head, tail);
  std::string out = total_row(run, "total", record.energy());
  if (record.has_node_estimate()) out += total_row(run, "node_estimate", record.node_estimate());
  for (const pb::Component& one : record.components()) out += component_row(run, one);
  for (const pb::Phase& phase : record.phases()) {
    const Scope scope = phase_scope(phase, head, tail);
    out += total_row(scope, "total", phase.resolved() ? phase.energy() : pb::Energy::default_instance());
    if (phase.resolved() && phase.has_node_estimate()) out += total_row(scope, "node_estimate", phase.node_estimate());
    if (!phase.resolved()) continue;
    for (const pb::Component& one : phase.components()) out += component_row(scope, one);
  }
  return out;
}

}  // namespace

std::string make_csv(Records records) {
  std::string out = kHeader;
  for (const pb::Record* record : records) out += rows_of(*record);
  return out;
}

}  // namespace nw
