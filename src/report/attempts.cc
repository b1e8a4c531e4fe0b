#include "report/attempts.h"

#include <fmt/format.h>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/json_values.h"
#include "report/table.h"
#include "report/words.h"
#include "study/attempts.h"

namespace nw {

namespace {
using json::Json, json::number, json::text;

// An attempt as a record of its own, for functions that take records.
pb::Record as_record(const pb::Attempt& attempt, const pb::Record& whole) {
  pb::Record record;
  record.set_start_unix_ns(attempt.start_unix_ns());
  record.set_utc_offset_s(whole.utc_offset_s());
  return record;
}

std::string end_words(const pb::Attempt& attempt) {
  const std::string_view outcome = outcome_word(attempt);
  if (attempt.has_signal()) return fmt::format("failed, signal {}", attempt.signal());
  if (attempt.exit_code() != 0) return fmt::format("failed, exit {}", attempt.exit_code());
  return std::string(outcome.empty() ? kUnknown : outcome);
}

std::string ranks_words(const pb::Attempt& attempt) {
  if (!attempt.has_ranks()) return std::string(kUnknown);
  const bool is_whole = !attempt.has_world_size() || attempt.world_size() == attempt.ranks();
  return is_whole ? fmt::format("{}", attempt.ranks()) : fmt::format("{} of {}", attempt.ranks(), attempt.world_size());
}

std::optional<double> fraction(const pb::Attempt& attempt, const pb::Record& whole) {
  const auto part = energy_j(attempt.energy()), all = energy_j(whole.energy());
  return part && all && *all > 0 ? std::optional(*part / *all) : std::nullopt;
}

std::string percent(std::optional<double> share) {
  return share ? fmt::format("{:.1f} %", *share * 100) : std::string(kUnknown);
}

Json count(bool has, std::uint32_t value) { return has ? Json(value) : Json(nullptr); }
}  // namespace

std::string_view outcome_word(const pb::Attempt& attempt) {
  if (!attempt.has_failed()) return "";
  return attempt.failed() ? "failed" : "ended well";
}

std::vector<AttemptLine> make_attempt_lines(const pb::Record& record, const NumberStyle& style) {
  ColumnUnits units;
  for (const pb::Attempt& one : record.attempts())
    units.add(energy_amount(one.energy()), power_amount(one.energy(), one.duration_ns()));
  const NumberStyle same = units.energy(style);
  std::vector<AttemptLine> lines;
  for (const pb::Attempt& one : record.attempts()) {
    AttemptLine line;
    line.number = fmt::format("{}", one.number());
    line.end = end_words(one);
    line.start = start_words(as_record(one, record));
    line.duration = duration_text(duration_s(one.duration_ns()));
    line.nodes = fmt::format("{}", one.nodes());
    line.ranks = ranks_words(one);
    line.energy = energy_text(energy_amount(one.energy()), same);
    line.uncertainty = energy_uncertainty_text(energy_amount(one.energy()), same);
    line.share = percent(fraction(one, record));
    line.mean = power_text(power_amount(one.energy(), one.duration_ns()), units.power());
    line.coverage = coverage_text(coverage(one.energy()));
    line.kind = known_kind(one.energy());
    line.is_failed = one.failed();
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string compute_attempts_words(const pb::Record& record, const NumberStyle& style) {
  if (record.attempts().empty()) return "";
  const FailedAttempts failed = compute_failed_attempts(record);
  std::string words = fmt::format("{}, {} failed", record.attempts_size(), failed.count);
  if (failed.count > 0) {
    words += failed.joules ? ": " + energy_full_text({failed.joules, failed.uncertainty}, style)
                           : std::string(", what they took is unknown");
    if (failed.fraction) words += fmt::format(", {} of the job's energy", percent(failed.fraction));
  }
  const pb::Attempt& last = *record.attempts().rbegin();
  if (!last.has_failed()) return words + fmt::format("; how attempt {} ended is unknown", last.number());
  if (last.failed()) return words + "; the last one too";
  return words + fmt::format("; attempt {} ended well: {}", last.number(),
                             last.energy().has_energy_uj() ? energy_full_text(energy_amount(last.energy()), style)
                                                           : "its energy is unknown");
}

std::string make_attempts_table(const std::vector<AttemptLine>& lines, const TextStyle& style) {
  if (lines.empty()) return "";
  Table table;
  table.columns = {
      {"Attempt", true},  {"End", false, 0, 16},   {"Start", false, 8},   {"Duration", true, 4},
      {"Nodes", true, 6}, {"Ranks", true, 7},      {"Energy", true},      {std::string(plus_minus(style.utf8)), true},
      {"Share", true, 2}, {"Mean power", true, 5}, {"Coverage", true, 3}, {"Known"}};
  for (const AttemptLine& line : lines)
    table.rows.push_back({{{line.number},
                           {line.end, line.is_failed ? Paint::bad : Paint::plain},
                           {line.start},
                           {line.duration},
                           {line.nodes},
                           {line.ranks},
                           {line.energy},
                           {line.uncertainty},
                           {line.share},
                           {line.mean},
                           {line.coverage},
                           {std::string(kind_mark(line.kind))}},
                          -1,
                          ""});
  return '\n' + make_table(table, 2, style.width, style.colour);
}

nlohmann::ordered_json make_attempts_json(const pb::Record& record) {
  Json all = Json::array();
  for (const pb::Attempt& one : record.attempts())
    all.push_back({{"attempt", one.number()},
                   {"failed", one.has_failed() ? Json(one.failed()) : Json(nullptr)},
                   {"exit_code", one.has_exit_code() ? Json(one.exit_code()) : Json(nullptr)},
                   {"signal", one.has_signal() ? Json(one.signal()) : Json(nullptr)},
                   {"start_time", text(start_rfc3339(as_record(one, record)))},
                   {"duration_s", number(duration_s(one.duration_ns()))},
                   {"nodes", one.nodes()},
                   {"ranks", count(one.has_ranks(), one.ranks())},
                   {"world_size", count(one.has_world_size(), one.world_size())},
                   {"energy_j", number(energy_j(one.energy()))},
                   {"uncertainty_j", number(uncertainty_j(one.energy()))},
                   {"fraction", number(fraction(one, record))},
                   {"coverage", number(coverage(one.energy()))},
                   {"kind", text(kind_name(known_kind(one.energy())))},
                   {"mean_power_w", number(mean_power_w(one.energy(), one.duration_ns()))}});
  return all;
}

nlohmann::ordered_json make_failed_attempts_json(const pb::Record& record) {
  if (record.attempts().empty()) return nullptr;
  const FailedAttempts failed = compute_failed_attempts(record);
  return {{"count", failed.count},
          {"energy_j", number(failed.joules)},
          {"uncertainty_j", number(failed.uncertainty)},
          {"fraction", number(failed.fraction)}};
}

}  // namespace nw
