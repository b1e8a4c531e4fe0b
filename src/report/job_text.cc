// The page of one job in a terminal, and its line for mails and epilogs.
//
// Laid out for the question "what did my job take": the sum, its energy by component as bars, by node where there were
// several, by step. A note that the sum is less than the whole job, or not the job's alone, comes before the sum.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/phase_text.h"
#include "report/provenance.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {
constexpr int kNarrowest = 40, kWidest = 160, kHang = 12;
constexpr int kBar = 33;
constexpr std::size_t kHashDigits = 12;

std::string seconds_ago(const pb::Record& record, std::int64_t now_unix_ns) {
  const std::int64_t at = saturate(Int128{record.start_unix_ns()} + record.duration_ns());
  if (now_unix_ns <= 0 || at <= 0 || now_unix_ns < at) return "";
  return "as of " + duration_text(std::round(static_cast<double>(now_unix_ns - at) / 1e9)) + " ago";
}

class JobPage {
 public:
  JobPage(const pb::Record& record, const TextStyle& style, std::string_view slurm_state)
      : record_(record),
        style_(style),
        slurm_state_(clean(slurm_state)),
        summary_(make_summary(record, {style.units, style.utf8, style.precise})) {
    style_.width = std::clamp(style.width, kNarrowest, kWidest);
  }

  std::string print() {
    header();
    energy();
    bars();
    out_ += make_attempts_table(summary_.attempts, style_);
    members();
    steps();
    devices();
    phases();
    quality();
    return style_.utf8 ? out_ : ascii(out_);  // the only ESC now is our own colour
  }

 private:
  const JobWords& job() const { return *summary_.job; }
  bool is_running() const { return record_.state() == "running"; }

  void key(std::string_view name, std::string_view text, Paint paint = Paint::plain) {
    if (text.empty()) return;
    const std::string folded = fold(padded("  " + std::string(name), kHang), text, style_.width);
    out_ +=
        paint == Paint::plain ? folded : folded.substr(0, kHang) + painted(folded.substr(kHang), paint, style_.colour);
    out_ += '\n';
  }

  void header() {
    const std::string when = start_words(record_);
    out_ += painted(fold_items({"Job " + job().id, state(), summary_.name, job().owner, job().where}, 2, style_.width),
                    Paint::bold, style_.colour) +
            '\n';
    out_ += fold_items({summary_.duration, is_running() ? seconds_ago(record_, style_.now_unix_ns) : "",
                        when == kUnknown ? "" : "since " + when, summary_.node},
                       2, style_.width) +
            "\n\n";
  }

  void energy() {
    for (const std::string& warning : summary_.warnings)
      out_ += painted(fold("  ", warning, style_.width), Paint::warn, style_.colour) + "\n\n";
    key("Nodes", job().nodes,
        record_.job().nodes() > 1 && job().nodes.find(" of ") != std::string::npos ? Paint::warn : Paint::plain);
    key("Allocated", job().share);
    key("Energy",
        summary_.energy == kUnknown ? "unknown"
                                    : summary_.energy + ", " + summary_.kind + (is_running() ? ", running" : ""),
        Paint::bold);
    key("Power", summary_.power);
    key("Boundary", summary_.boundary);
    key("Scope", summary_.scope);
    key("Policy", job().policies);
    if (!job().unused.empty()) key("Idle", "accelerators: " + job().unused, Paint::warn);
  }

  void bars() {
    Table table;
    table.columns = {{"Component", false, 0, 12},
                     {"", false, 4},
                     {"Share", true, 3},
                     {"Energy", true},
                     {std::string(plus_minus(style_.utf8)), true},
                     {"Mean", true, 1},
                     {"Known"}};
    for (const DomainLine& line : job().domains) {
      const bool is_total = &line == job().domains.data();
      table.rows.push_back({{{(is_total ? "" : "  ") + line.label},
                             {is_total ? "" : bar_of(line)},
                             {line.share},
                             {line.energy},
                             {line.uncertainty},
                             {line.mean},
                             {std::string(kind_mark(line.kind))}},
                            -1,
                            ""});
    }
    out_ += '\n' + make_table(table, 2, style_.width, style_.colour);
    if (summary_.whole_node.empty()) return;
    out_ += '\n' + fold("  ", "With what is modelled: " + summary_.whole_node + "  E", style_.width) + '\n';
  }

  static std::string bar_of(const DomainLine& line) {
    if (!line.fraction) return "";
    const int full = static_cast<int>(std::lround(std::clamp(*line.fraction, 0.0, 1.0) * kBar));
    return std::string(static_cast<std::size_t>(full), '#') + std::string(static_cast<std::size_t>(kBar - full), '.');
  }

  void members() {
    if (summary_.members.empty()) return;
    Table table;
    table.columns = {
        {"Node", false, 0, 8}, {"Duration", true, 3}, {"Energy", true}, {std::string(plus_minus(style_.utf8)), true},
        {"Mean", true, 4},     {"Coverage", true, 1}, {"Known"}};
    for (const MemberLine& line : summary_.members)
      table.rows.push_back({{{line.host},
                             {line.duration},
                             {line.energy},
                             {line.uncertainty},
                             {line.mean},
                             {line.coverage},
                             {std::string(kind_mark(line.kind))}},
                            -1,
                            ""});
    out_ += '\n' + make_table(table, 2, style_.width, style_.colour);
  }

  void steps() {
    if (job().steps.empty()) return;
    Table table;
    table.columns = {{"Step", false, 0, 8},
                     {"Phase", false, 5, 6},
                     {"Duration", true, 3},
                     {"CPU time", true, 6},
                     {"Mean", true, 4},
                     {"Energy", true},
                     {std::string(plus_minus(style_.utf8)), true},
                     {"Share", true, 1},
                     {"Known"}};
    for (const StepLine& line : job().steps)
      table.rows.push_back({{{line.id},
                             {line.phase},
                             {line.duration},
                             {line.cpu},
                             {line.mean},
                             {line.energy},
                             {line.uncertainty},
                             {line.share},
                             {std::string(kind_mark(line.kind))}},
                            -1,
                            ""});
    out_ += '\n' + make_table(table, 2, style_.width, style_.colour);
  }

  void devices() {
    if (summary_.devices.empty()) return;
    out_ += "\n  Devices\n" + make_device_text(summary_.devices, style_.width);
  }

  // The phases that the job's own programs reported to the daemon.
  void phases() {
    if (!summary_.phases.empty()) out_ += '\n' + make_phase_text(summary_.phases, style_);
    if (summary_.per_unit.empty() && summary_.figures.empty()) return;
    out_ += '\n';
    key("Per unit", joined(summary_.per_unit));
    key("Figures", joined(summary_.figures));
  }

  void quality() {
    out_ += '\n';
    key("Carbon", summary_.carbon);
    key("Cost", summary_.cost);
    key("Quality", summary_.coverage + summary_.no_anomalies);
    for (const AnomalyLine& anomaly_line : summary_.anomaly_lines) {
      const Paint paint = anomaly_line.severity == Severity::wrong  ? Paint::bad
                          : anomaly_line.severity == Severity::loss ? Paint::warn
                                                                    : Paint::plain;
      key("",
          fmt::format("{}: {} {}: {}", name(anomaly_line.severity), anomaly_line.count, anomaly_line.name,
                      anomaly_line.text),
          paint);
    }
    std::string edges = job().edges;
    if (!job().unmeasured.empty()) edges += (edges.empty() ? "" : "; ") + job().unmeasured;
    if (!edges.empty()) key("", "start and end detection: " + edges);
    if (!summary_.uncertainties.empty()) key("", "largest uncertainties: " + summary_.uncertainties);
    key("", summary_.legend, Paint::dim);
    key("", fmt::format("{} half the 95 % interval  {}", plus_minus(style_.utf8), kCoverageMeans), Paint::dim);
    const pb::Record* one[] = {&record_};
    const std::string version = clean(record_.version());
    key("Data", fmt::format("nodewatt {}, sha256:{}", version.empty() ? "(unknown version)" : version,
                            data_sha256(one).substr(0, kHashDigits)));
  }

  // The state from Slurm where it was queried; else the record's `ended`, with the exit code from the epilog.
  std::string state() const {
    if (slurm_state_.empty()) return job().state;
    const auto comma = job().state.find(',');
    return slurm_state_ + (comma == std::string::npos ? "" : job().state.substr(comma));
  }

  const pb::Record& record_;
  TextStyle style_;
  std::string slurm_state_;
  Summary summary_;
  std::string out_;
};

}  // namespace

std::string make_job_text(const pb::Record& record, const TextStyle& style, std::string_view slurm_state) {
  return JobPage(record, style, slurm_state).print();
}

std::string make_job_line(const pb::Record& record) {
  const NumberStyle style{Units::automatic, false, false};
  const auto words = make_job_words(record, style).value_or(JobWords());
  const auto gpus = gpu_share(record);
  std::string line = fmt::format("{}: {}", words.id, energy_pair_text(energy_amount(record.energy()), style));
  if (gpus) line += fmt::format(" (GPU {:.0f} %)", *gpus * 100);
  line += fmt::format(", mean {}, {}", power_text(power_amount(record.energy(), record.duration_ns())),
                      duration_text(duration_s(record.duration_ns())));
  for (const std::string& word :
       {words.nodes, words.share, std::string(kind_name(known_kind(record.energy()))),
        record.state() == "running" ? std::string("running") : std::string(), words.unmeasured})
    if (!word.empty()) line += ", " + word;
  return ascii(line + ", " + boundary_words(record)) + '\n';
}

}  // namespace nw
