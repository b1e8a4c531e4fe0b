// Records as a table for spreadsheets and scripts: one row for each record, scope and component, and for each node and
// attempt of a merged one; an attempt's number is the row's device, how it ended its label. Numbers have exactly the
// JSON's digits; a cell is empty where the figure is unknown. Text that a spreadsheet would evaluate is made harmless
// (escape.h).
#include <fmt/format.h>

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "report/attempts.h"
#include "report/escape.h"
#include "report/provenance.h"
#include "report/report.h"
#include "report/words.h"
#include "study/attempts.h"
#include "study/idle.h"

namespace nw {

namespace {

constexpr const char* kHeader =
    "uid,name,host,start_time,scope,phase,phase_count,duration_s,domain,device,label,energy_j,uncertainty_j,coverage,"
    "kind,boundary,"
    "source,sensor,depth,counted,mean_power_w,max_power_w,node_type,cpu_busy,child_cpu_s,idle_energy_j,idle_"
    "uncertainty_j,busy,busiest,"
    "processes,power_limit_w,allocated,version,data_sha256,simulated_by\n";

// The shortest digits that read back as the same number.
std::string number(std::optional<double> value) { return value ? fmt::format("{}", *value) : ""; }

// The cells in front of a component: which record, and which part of it.
struct RowScope {
  std::string cells;
  std::int64_t duration_ns;
};

RowScope run_scope(const pb::Record& record, const std::string& head) {
  return {fmt::format("{},run,,,{}", head, number(duration_s(record.duration_ns()))), record.duration_ns()};
}

RowScope phase_scope(const pb::Phase& phase, const std::string& head) {
  return {fmt::format("{},phase,{},{},{}", head, for_csv(phase.path()), phase.count(),
                      number(duration_s(phase.duration_ns()))),
          phase.duration_ns()};
}

std::string energy_cells(const pb::Energy& energy) {
  return fmt::format("{},{},{},{},{}", number(energy_j(energy)), number(uncertainty_j(energy)),
                     number(coverage(energy)), kind_name(known_kind(energy)), boundary_name(known_boundary(energy)));
}

constexpr const char* kNoRun = ",,,,,";     // where a row is not about the whole run
constexpr const char* kNoDevice = ",,,,,";  // where it is about no device

// What is known of the whole run beside its energy: five cells, each with the comma before it.
std::string run_cells(const pb::Record& record) {
  const auto idle = compute_idle(record);
  return fmt::format(",{},{},{},{},{}", for_csv(record.node_type()), number(cpu_busy(record)),
                     number(child_cpu_s(record)), number(idle ? idle->joules.value : std::nullopt),
                     number(idle ? idle->joules.uncertainty : std::nullopt));
}

// And of a component's device.
std::string device_cells(const pb::Record& record, const pb::Component& part) {
  for (const pb::Device& one : record.devices())
    if (one.domain() == part.domain() && one.device() == part.device())
      return fmt::format(",{},{},{},{},{}", number(busy(one)), number(busiest(one)),
                         one.has_processes() ? std::to_string(one.processes()) : "", number(power_limit_w(one)),
                         !one.has_allocated() ? ""
                         : one.allocated()    ? "yes"
                                              : "no");
  return kNoDevice;
}

std::string total_row(const RowScope& scope, std::string_view domain, const pb::Energy& energy,
                      const std::string& about, std::string_view device = "", std::string_view label = "") {
  return fmt::format("{},{},{},{},{},,,,,{},{}{}\n", scope.cells, domain, device, label, energy_cells(energy),
                     number(mean_power_w(energy, scope.duration_ns)), about, kNoDevice);
}

std::string component_row(const RowScope& scope, const pb::Component& one, const std::string& about) {
  const auto mean = mean_power_w(one.energy(), scope.duration_ns);
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{}{}{}\n", scope.cells, for_csv(one.domain()),
                     for_csv(one.device()), for_csv(current_words(one.label())), energy_cells(one.energy()),
                     for_csv(current_words(one.source())), for_csv(one.sensor()), one.depth(),
                     one.counted() ? "yes" : "no", number(mean), number(max_power_w(one, mean)), kNoRun, about);
}

// Appends the provenance of the data to the rows of one record. No cell contains a line break.
std::string with_provenance(const std::string& rows, const pb::Record& record) {
  const pb::Record* data[] = {&record};
  const std::string tail =
      "," + for_csv(record.version()) + "," + data_sha256(data) + "," + for_csv(clean(record.node().played())) + "\n";
  std::string out;
  for (const char c : rows) c == '\n' ? out += tail : out += c;
  return out;
}

// One node of a merged record: under its own host, by its own clock.
std::string member_row(const pb::Member& member, const pb::Record& record) {
  pb::Record own;
  own.set_start_unix_ns(member.start_unix_ns());
  own.set_utc_offset_s(record.utc_offset_s());
  const RowScope scope{
      fmt::format("{},{},{},{},member,,,{}", for_csv(record.uid()), for_csv(record.name()), for_csv(member.host()),
                  start_rfc3339(own), number(duration_s(member.duration_ns()))),
      member.duration_ns()};
  return total_row(scope, "total", member.energy(), kNoRun,
                   member.has_attempt() ? std::to_string(member.attempt()) : "");
}

std::string attempt_row(const pb::Attempt& attempt, const pb::Record& record) {
  pb::Record own;
  own.set_start_unix_ns(attempt.start_unix_ns());
  own.set_utc_offset_s(record.utc_offset_s());
  const RowScope scope{
      fmt::format("{},{},{},{},attempt,,,{}", for_csv(record.uid()), for_csv(record.name()),
                  for_csv(record.node().host()), start_rfc3339(own), number(duration_s(attempt.duration_ns()))),
      attempt.duration_ns()};
  return total_row(scope, "total", attempt.energy(), kNoRun, std::to_string(attempt.number()), outcome_word(attempt));
}

std::string rows_of(const pb::Record& record) {
  const std::string head = fmt::format("{},{},{},{}", for_csv(record.uid()), for_csv(record.name()),
                                       for_csv(record.node().host()), start_rfc3339(record));
  const RowScope run = run_scope(record, head);
  std::string out = total_row(run, "total", record.energy(), run_cells(record));
  if (record.has_node_estimate()) out += total_row(run, "node_estimate", record.node_estimate(), kNoRun);
  for (const pb::Component& one : record.components()) out += component_row(run, one, device_cells(record, one));
  for (const pb::Phase& phase : record.phases()) {
    const RowScope scope = phase_scope(phase, head);
    out += total_row(scope, "total", phase.resolved() ? phase.energy() : pb::Energy::default_instance(), kNoRun);
    if (phase.resolved() && phase.has_node_estimate())
      out += total_row(scope, "node_estimate", phase.node_estimate(), kNoRun);
    if (!phase.resolved()) continue;
    for (const pb::Component& one : phase.components()) out += component_row(scope, one, kNoDevice);
  }
  for (const pb::Attempt& attempt : record.attempts()) out += attempt_row(attempt, record);
  for (const pb::Member& member : record.members()) out += member_row(member, record);
  return out;
}

}  // namespace

std::string make_csv(Records records) {
  std::string out = kHeader;
  for (const pb::Record* record : records) out += with_provenance(rows_of(*record), *record);
  return out;
}

}  // namespace nw
