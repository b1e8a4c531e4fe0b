// The report of one run in a terminal, as `nodewatt run` prints it on stderr.
#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "report/chart.h"
#include "report/escape.h"
#include "report/job.h"
#include "report/phase_text.h"
#include "report/provenance.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr int kNarrowest = 40;
constexpr int kWidest = 160;
constexpr std::size_t kHashDigits = 12;
constexpr int kHang = 12;  // column where the text after a key begins

class Page {
 public:
  Page(const pb::Record& record, const TextStyle& style)
      : record_(record), style_(style), summary_(make_summary(record, {style.units, style.utf8, style.precise})) {
    style_.width = std::clamp(style.width, kNarrowest, kWidest);
  }

  std::string print() {
    header();
    energy();
    parts();
    out_ += make_attempts_table(summary_.attempts, style_);
    members();
    devices();
    const std::string chart = make_chart(record_, style_.width, style_.utf8);
    if (!chart.empty()) out_ += '\n' + chart;
    phases();
    work();
    footprint();
    quality();
    provenance();
    next();
    return style_.utf8 ? out_ : ascii(out_);  // the only ESC now is our own colour
  }

 private:
  void key(std::string_view name, std::string_view text, Paint paint = Paint::plain) {
    if (text.empty()) return;
    const std::string folded = fold(padded("  " + std::string(name), kHang), text, style_.width);
    out_ +=
        paint == Paint::plain ? folded : folded.substr(0, kHang) + painted(folded.substr(kHang), paint, style_.colour);
    out_ += '\n';
  }

  void header() {
    const std::string run = "nodewatt run " + summary_.id + (summary_.name.empty() ? "" : " " + summary_.name);
    out_ += painted(fold_items({run, summary_.node, summary_.duration, summary_.exit}, 2, style_.width), Paint::bold,
                    style_.colour) +
            "\n\n";
  }

  void energy() {
    for (const std::string& warning : summary_.warnings)
      out_ += painted(fold("  ", warning, style_.width), Paint::warn, style_.colour) + "\n\n";
    key("Energy", summary_.energy == kUnknown ? "unknown" : summary_.energy + ", " + summary_.kind, Paint::bold);
    key("Power", summary_.power);
    key("Boundary", summary_.boundary);
    key("Scope", summary_.scope);
    key("Ranks", summary_.ranks);
    key("Attempts", summary_.attempt_words);
    key("Command", record_.has_command() ? clean(record_.command()) : "");
  }

  static std::vector<Cell> cells(const PartLine& line) {
    const Paint mark = line.kind == pb::KIND_ESTIMATED ? Paint::warn : Paint::plain;
    return {{std::string(2 * static_cast<std::size_t>(line.indent), ' ') + line.label},
            {line.energy},
            {line.uncertainty},
            {line.share},
            {line.mean},
            {line.max},
            {line.source},
            {std::string(kind_mark(line.kind)), mark}};
  }

  void parts() {
    Table table;
    table.columns = {{"Component", false, 0, 12},
                     {"Energy", true},
                     {std::string(plus_minus(style_.utf8)), true},
                     {"Share", true, 2},
                     {"Mean power", true, 3},
                     {"Max power", true, 4},
                     {"Source", false, 6, 12},
                     {"Known"}};
    for (const PartLine& line : summary_.parts) table.rows.push_back({cells(line), -1, ""});
    if (summary_.idle) table.rows.push_back({cells(*summary_.idle), -1, ""});
    if (!summary_.modelled.empty()) {
      table.rows.push_back({std::vector<Cell>(table.columns.size()), -1, ""});
      table.rows.push_back({std::vector<Cell>(table.columns.size()), 0, "Not measured, estimated"});
    }
    for (PartLine line : summary_.modelled) {
      line.indent = 1;
      table.rows.push_back({cells(line), -1, ""});
    }
    out_ += '\n' + make_table(table, 2, style_.width, style_.colour);
    if (summary_.whole_node.empty()) return;
    out_ += '\n' + fold("  ", "Whole node, estimated: " + summary_.whole_node + "  E", style_.width) + '\n';
  }

  void devices() {
    if (summary_.devices.empty()) return;
    out_ += "\n  Devices\n" + make_device_text(summary_.devices, style_.width);
  }

  void members() {
    if (summary_.members.empty()) return;
    Table table;
    table.columns = {
        {"Node", false, 0, 8},   {"Attempt", true},     {"Run", false, 5}, {"Start", false, 7},
        {"Duration", true, 4},   {"Ranks", true, 6},    {"Energy", true},  {std::string(plus_minus(style_.utf8)), true},
        {"Mean power", true, 3}, {"Coverage", true, 1}, {"Known"}};
    for (const MemberLine& line : summary_.members)
      table.rows.push_back({{{line.host},
                             {line.attempt},
                             {line.id},
                             {line.start},
                             {line.duration},
                             {line.ranks},
                             {line.energy},
                             {line.uncertainty},
                             {line.mean},
                             {line.coverage},
                             {std::string(kind_mark(line.kind))}},
                            -1,
                            ""});
    if (summary_.attempts.empty())
      for (table.columns.erase(table.columns.begin() + 1); Row & row : table.rows)
        row.cells.erase(row.cells.begin() + 1);
    out_ += '\n' + make_table(table, 2, style_.width, style_.colour);
  }

  void phases() {
    if (!summary_.phases.empty()) out_ += '\n' + make_phase_text(summary_.phases, style_);
  }

  void work() {
    if (summary_.per_unit.empty() && summary_.figures.empty()) return;
    out_ += '\n';
    key("Per unit", joined(summary_.per_unit));
    key("Figures", joined(summary_.figures));
  }

  void footprint() {
    if (summary_.carbon.empty() && summary_.cost.empty()) return;
    out_ += '\n';
    key("Carbon", summary_.carbon);
    key("Cost", summary_.cost);
  }

  void quality() {
    out_ += '\n';
    std::string words = summary_.coverage;
    if (!summary_.monitor.empty()) words += ", nodewatt itself used " + summary_.monitor;
    key("Quality", words + summary_.no_anomalies);
    for (const AnomalyLine& anomaly_line : summary_.anomaly_lines) {
      const Paint paint = anomaly_line.severity == Severity::wrong  ? Paint::bad
                          : anomaly_line.severity == Severity::loss ? Paint::warn
                                                                    : Paint::plain;
      key("",
          fmt::format("{}: {} {}: {}", name(anomaly_line.severity), anomaly_line.count, anomaly_line.name,
                      anomaly_line.text),
          paint);
    }
    if (!summary_.uncertainties.empty()) key("", "largest uncertainties: " + summary_.uncertainties);
    key("", summary_.legend, Paint::dim);
    key("", fmt::format("{} half the 95 % interval  {}", plus_minus(style_.utf8), kCoverageMeans), Paint::dim);
  }

  // So that what was read here can be matched with a table in a paper, which has the whole hash.
  void provenance() {
    const pb::Record* one[] = {&record_};
    const std::string version = clean(record_.version());
    key("Data", fmt::format("nodewatt {}, sha256:{}", version.empty() ? "(unknown version)" : version,
                            data_sha256(one).substr(0, kHashDigits)));
  }

  void next() { key("Next", fmt::format("nodewatt report {0} --format html | nodewatt compare {0} ID", summary_.id)); }

  const pb::Record& record_;
  TextStyle style_;
  Summary summary_;
  std::string out_;
};

}  // namespace

std::string make_text(const pb::Record& record, const TextStyle& style) {
  return record.has_job() ? make_job_text(record, style) : Page(record, style).print();
}

std::string make_short(const pb::Record& record) {
  const Amount energy = energy_amount(record.energy());
  const std::string_view boundary = boundary_name(known_boundary(record.energy()));
  return fmt::format("{}  {}  {}  {}  {}  {}{}\n", energy_pair_text(energy, {}), joules_text(energy),
                     seconds_text({duration_s(record.duration_ns()), {}}),
                     power_text(power_amount(record.energy(), record.duration_ns())),
                     boundary.empty() ? kUnknown : boundary, kind_mark(known_kind(record.energy())),
                     record.node().played().empty() ? "" : "  simulated");
}

}  // namespace nw
