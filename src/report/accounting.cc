#include "report/accounting.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "accounting/stored_words.h"
#include "base/parse.h"
#include "base/units.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/job.h"
#include "report/table.h"
#include "report/words.h"
#include "study/jobs.h"

namespace nw {

namespace {
// The subject of a row: a job, or one step of it.
struct Subject {
  const pb::Record& record;
  const pb::Step* step;  // null: the job

  const pb::Job& job() const { return record.job(); }
  const pb::Energy& energy() const { return step != nullptr ? step->energy() : record.energy(); }
  const auto& components() const { return step != nullptr ? step->components() : record.components(); }
  std::int64_t begin_ns() const {
    return saturate(Int128{record.start_unix_ns()} + (step != nullptr ? step->begin_ns() : 0));
  }
  std::int64_t duration_ns() const { return step != nullptr ? step->duration_ns() : record.duration_ns(); }
  bool is_running() const { return step != nullptr ? step->running() : record.state() == "running"; }
};

std::string with_step(const std::string& id, const Subject& of) {
  return of.step == nullptr ? id : id + "." + (of.step->id().empty() ? "rest" : strip(of.step->id()));
}

std::string time_cell(std::int64_t unix_ns) {
  constexpr std::int64_t kMost = 9'000'000'000;
  const std::int64_t seconds = unix_ns / kNanosPerSecond;
  if (seconds <= 0 || seconds > kMost) return "";
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

// "[D-]HH:MM:SS", as sacct prints it.
std::string elapsed_cell(std::int64_t duration_ns) {
  if (duration_ns <= 0) return "";
  const std::int64_t all = duration_ns / kNanosPerSecond, days = all / 86400, rest = all % 86400;
  return fmt::format("{}{:02}:{:02}:{:02}", days > 0 ? fmt::format("{}-", days) : "", rest / 3600, rest / 60 % 60,
                     rest % 60);
}

std::string joules_cell(std::optional<double> joules) { return joules ? fmt::format("{:.3f}", *joules) : ""; }

// For all parts of these domains that are not nested in each other; unknown where one is.
std::string parts_cell(const Subject& of, std::initializer_list<std::string_view> domains) {
  double sum = 0;
  bool any = false;
  std::optional<std::uint32_t> inside;
  for (const pb::Component& one : of.components()) {
    if (inside && one.depth() > *inside) continue;
    inside.reset();
    if (std::find(domains.begin(), domains.end(), one.domain()) == domains.end()) continue;
    const auto joules = energy_j(one.energy());
    if (!joules) return "";
    sum += *joules, any = true, inside = one.depth();
  }
  return any ? joules_cell(sum) : "";
}

std::string other_policy_cell(const Subject& of) {
  if (of.step != nullptr || of.job().others().empty()) return "";
  return joules_cell(energy_j(of.job().others(0).energy()));
}

std::string number_cell(std::optional<double> value) { return value ? fmt::format("{:.4g}", *value) : ""; }

}  // namespace

struct AccountingField {
  std::string_view name, about;
  std::string (*cell)(const Subject& of);
  bool usual = true;
  bool right = false;
};

namespace {
constexpr std::array kFields{
    AccountingField{"Cluster", "the cluster's name", [](const Subject& of) { return strip(of.job().cluster()); }},
    AccountingField{"JobID", "as people call it: 4711, 4700_3, 4700+1, with .STEP behind a step's",
                    [](const Subject& of) { return with_step(job_id(of.job()), of); }},
    AccountingField{"JobIDRaw", "the number alone, with .STEP behind a step's",
                    [](const Subject& of) { return with_step(strip(of.job().id()), of); }},
    AccountingField{"Step", "0, batch, interactive, extern; rest: what ran outside steps; empty: the job",
                    [](const Subject& of) { return with_step("", of).substr(of.step != nullptr ? 1 : 0); }},
    AccountingField{"SLUID", "Slurm's lasting name of the job",
                    [](const Subject& of) { return strip(of.job().sluid()); }},
    AccountingField{"Submit", "when it was submitted, UTC",
                    [](const Subject& of) {
                      return of.job().has_submit_unix_s()
                                 ? time_cell(saturate(Int128{of.job().submit_unix_s()} * kNanosPerSecond))
                                 : "";
                    }},
    AccountingField{"Start", "UTC", [](const Subject& of) { return time_cell(of.begin_ns()); }},
    AccountingField{"End", "UTC; empty while it runs",
                    [](const Subject& of) {
                      return of.is_running() ? "" : time_cell(saturate(Int128{of.begin_ns()} + of.duration_ns()));
                    }},
    AccountingField{"Elapsed", "[DAYS-]HH:MM:SS", [](const Subject& of) { return elapsed_cell(of.duration_ns()); },
                    true, true},
    AccountingField{"State", "running, ended, lost",
                    [](const Subject& of) {
                      return of.step == nullptr ? strip(of.record.state()) : of.is_running() ? "running" : "ended";
                    }},
    AccountingField{"NNodes", "nodes that were measured",
                    [](const Subject& of) { return fmt::format("{}", measured_nodes(of.record)); }, true, true},
    AccountingField{"AllocNodes", "nodes allocated to the job; empty: not known",
                    [](const Subject& of) { return of.job().has_nodes() ? fmt::format("{}", of.job().nodes()) : ""; },
                    false, true},
    AccountingField{"Energy_J", "the energy by the policy that is named beside it",
                    [](const Subject& of) { return joules_cell(energy_j(of.energy())); }, true, true},
    AccountingField{"Uncertainty_J", "half-width of its 95 % interval",
                    [](const Subject& of) { return joules_cell(uncertainty_j(of.energy())); }, true, true},
    AccountingField{"GPU_J", "of it in accelerators", [](const Subject& of) { return parts_cell(of, {"gpu"}); }, true,
                    true},
    AccountingField{"CPU_J", "in processors",
                    [](const Subject& of) {
                      return parts_cell(of, {"package", "cpu", "module"});
                    },
                    true, true},
    AccountingField{"Memory_J", "in memory outside processors",
                    [](const Subject& of) {
                      return parts_cell(of, {"dram", "memory"});
                    },
                    true, true},
    AccountingField{"Rest_J", "in the rest of the node", [](const Subject& of) { return parts_cell(of, {"other"}); },
                    true, true},
    AccountingField{"IdleGPU_J", "in idle accelerators, on which no process was seen",
                    [](const Subject& of) {
                      return of.step == nullptr && of.job().has_unused_gpu_uj()
                                 ? joules_cell(static_cast<double>(of.job().unused_gpu_uj()) / 1e6)
                                 : "";
                    },
                    false, true},
    AccountingField{"Allocation_J", "the energy by the second policy", other_policy_cell, false, true},
    AccountingField{"Mean_W", "mean power",
                    [](const Subject& of) { return number_cell(mean_power_w(of.energy(), of.duration_ns())); }, false,
                    true},
    AccountingField{"Kind", "how known: measured, derived, attributed, estimated",
                    [](const Subject& of) { return std::string(kind_name(known_kind(of.energy()))); }},
    AccountingField{"Boundary", "on_chip, board, node_dc, wall",
                    [](const Subject& of) { return std::string(boundary_name(known_boundary(of.energy()))); }, false},
    AccountingField{"Policy", "by which the energy is the job's",
                    [](const Subject& of) { return strip(current_words(of.job().policy())); }},
    AccountingField{"Coverage", "share of the time, and of the nodes, that was measured",
                    [](const Subject& of) { return number_cell(coverage(of.energy())); }, true, true},
    AccountingField{"User", "whose", [](const Subject& of) { return strip(of.job().user()); }, false},
    AccountingField{"UID", "whose, as a number",
                    [](const Subject& of) { return of.job().has_uid() ? fmt::format("{}", of.job().uid()) : ""; },
                    false, true},
    AccountingField{"Account", "on which account", [](const Subject& of) { return strip(of.job().account()); }, false},
    AccountingField{"Partition", "in which partition", [](const Subject& of) { return strip(of.job().partition()); },
                    false},
    AccountingField{"JobName", "its name",
                    [](const Subject& of) { return strip(of.step == nullptr ? of.record.name() : of.step->phase()); },
                    false}};

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

Result<const AccountingField*> find_field(std::string_view word) {
  for (const AccountingField& field : kFields)
    if (same_word(field.name, word)) return &field;
  return fail(ErrorKind::malformed, fmt::format("--fields: {} is no field; --helpformat lists them", quote(word)));
}

// A cell of the '|' separated form must not contain '|'.
std::string plain(std::string text) {
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

void add_parsable(std::string& out, const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? "|" : "") + plain(cells[i]);
  out += '\n';
}

std::string make_columns(const std::vector<std::vector<std::string>>& rows, const AccountingFields& fields,
                         bool header) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::size_t widest = header ? fields[i]->name.size() : 1;
    for (const auto& row : rows) widest = std::max(widest, display_width(row[i]));
    widths.push_back(widest);
  }
  std::string out;
  const auto add = [&](auto cell) {
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i)
      line += (i > 0 ? "  " : "") + padded(cell(i), static_cast<int>(widths[i]), fields[i]->right);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  };
  if (header) add([&](std::size_t i) { return std::string(fields[i]->name); });
  for (const auto& row : rows) add([&](std::size_t i) { return row[i]; });
  return out;
}
}  // namespace

Result<AccountingFields> choose_fields(std::string_view words) {
  AccountingFields chosen;
  const bool changes = words.empty() || words.front() == '+' || words.front() == '-';
  for (const AccountingField& field : kFields)
    if (changes && field.usual) chosen.push_back(&field);
  if (words.empty()) return chosen;
  for (std::string_view word : split(words, ',')) {
    const bool takes = word.starts_with('-');
    if (takes || word.starts_with('+')) word.remove_prefix(1);
    const AccountingField* field = NW_TRY(find_field(word));
    std::erase(chosen, field);
    if (!takes) chosen.push_back(field);
  }
  if (chosen.empty()) return fail(ErrorKind::malformed, "--fields: none is left");
  return chosen;
}

std::string make_fields_help() {
  std::string out;
  for (const AccountingField& field : kFields)
    out += padded(field.name, 15) + std::string(field.about) + (field.usual ? "" : " (by --fields)") + '\n';
  return out;
}

std::string make_accounting(Records records, const AccountingFields& fields, const AccountingStyle& style) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const Subject& of) {
    auto& row = rows.emplace_back();
    for (const AccountingField* field : fields) {
      const std::string cell = field->cell(of);
      row.push_back(style.parsable ? cell : clean(cell));
    }
  };
  for (const pb::Record* record : records) {
    add({*record, nullptr});
    for (const pb::Step& step : record->job().steps()) add({*record, &step});
  }
  if (!style.parsable) return make_columns(rows, fields, style.header);
  std::string out;
  if (style.header) {
    std::vector<std::string> names;
    for (const AccountingField* field : fields) names.emplace_back(field->name);
    add_parsable(out, names);
  }
  for (const auto& row : rows) add_parsable(out, row);
  return out;
}

}  // namespace nw
