#include "report/parallel.h"

#include <fmt/format.h>

#include "record/record.pb.h"
#include "report/attempts.h"
#include "report/column_units.h"
#include "report/json_values.h"
#include "report/words.h"

namespace nw {

namespace {
using json::Json, json::number, json::text;

bool is_parallel(const pb::Record& record) {
  return !record.job_key().empty() || record.has_ranks() || record.has_world_size() || !record.attempts().empty();
}

// A member as a record of its own, for functions that take records.
pb::Record as_record(const pb::Member& member, const pb::Record& whole) {
  pb::Record record;
  record.set_uid(member.uid());
  record.set_start_unix_ns(member.start_unix_ns());
  record.set_utc_offset_s(whole.utc_offset_s());
  return record;
}
}  // namespace

std::vector<MemberLine> make_member_lines(const pb::Record& record, const NumberStyle& style) {
  ColumnUnits units;
  for (const pb::Member& member : record.members())
    units.add(energy_amount(member.energy()), power_amount(member.energy(), member.duration_ns()));
  const NumberStyle same = units.energy(style);
  std::vector<MemberLine> lines;
  for (const pb::Member& member : record.members()) {
    const pb::Record own = as_record(member, record);
    MemberLine line;
    line.host = member.host().empty() ? std::string(kUnknown) : clean(member.host());
    line.id = short_id(own);
    line.start = start_words(own);
    line.duration = duration_text(duration_s(member.duration_ns()));
    line.attempt = member.has_attempt() ? fmt::format("{}", member.attempt()) : "";
    line.ranks = member.has_ranks() ? fmt::format("{}", member.ranks()) : std::string(kUnknown);
    line.energy = energy_text(energy_amount(member.energy()), same);
    line.uncertainty = energy_uncertainty_text(energy_amount(member.energy()), same);
    line.mean = power_text(power_amount(member.energy(), member.duration_ns()), units.power());
    line.coverage = coverage_text(coverage(member.energy()));
    line.kind = known_kind(member.energy());
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string compute_ranks_words(const pb::Record& record) {
  if (!is_parallel(record)) return "";
  std::string words = record.has_ranks() ? fmt::format("{}", record.ranks()) : "unknown";
  if (record.has_world_size()) words += fmt::format(" (of {})", record.world_size());
  if (record.ranks_failed() > 0) words += fmt::format(", {} failed", record.ranks_failed());
  if (!record.job_key().empty()) words += ", job " + clean(record.job_key());
  if (record.requeue() > 0) words += fmt::format(", requeued {} x", record.requeue());
  if (record.attempt() > 0) words += fmt::format(", restarted {} x", record.attempt());
  return words;
}

nlohmann::ordered_json make_parallel_json(const pb::Record& record) {
  if (!is_parallel(record)) return nullptr;
  const auto count = [](bool has, std::uint32_t value) { return has ? Json(value) : Json(nullptr); };
  return {{"job_key", text(record.job_key())},
          {"ranks", count(record.has_ranks(), record.ranks())},
          {"world_size", count(record.has_world_size(), record.world_size())},
          {"rank_first", count(record.has_rank_first(), record.rank_first())},
          {"node_rank", count(record.has_node_rank(), record.node_rank())},
          {"ranks_failed", count(record.has_ranks_failed(), record.ranks_failed())},
          {"start_spread_s",
           record.has_start_spread_ns() ? Json(static_cast<double>(record.start_spread_ns()) / 1e9) : Json(nullptr)},
          {"attempt", count(record.has_attempt(), record.attempt())},
          {"requeue", count(record.has_requeue(), record.requeue())},
          {"restart_key", text(record.restart_key())},
          {"attempts", make_attempts_json(record)},
          {"failed_attempts", make_failed_attempts_json(record)}};
}

nlohmann::ordered_json make_members_json(const pb::Record& record) {
  Json all = Json::array();
  for (const pb::Member& member : record.members()) {
    const pb::Energy& energy = member.energy();
    all.push_back({{"uid", text(member.uid())},
                   {"host", text(member.host())},
                   {"start_time", text(start_rfc3339(as_record(member, record)))},
                   {"duration_s", number(duration_s(member.duration_ns()))},
                   {"attempt", member.has_attempt() ? Json(member.attempt()) : Json(nullptr)},
                   {"ranks", member.has_ranks() ? Json(member.ranks()) : Json(nullptr)},
                   {"energy_j", number(energy_j(energy))},
                   {"uncertainty_j", number(uncertainty_j(energy))},
                   {"coverage", number(coverage(energy))},
                   {"kind", text(kind_name(known_kind(energy)))},
                   {"boundary", text(boundary_name(known_boundary(energy)))},
                   {"mean_power_w", number(mean_power_w(energy, member.duration_ns()))}});
  }
  return all;
}

}  // namespace nw
