// The table of `nodewatt bench`: the energy of each application in training and in inference, on each configuration,
// over its repeats.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "record/record.pb.h"
#include "report/bench_row.h"
#include "report/column_units.h"
#include "report/escape.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

// The first figure of the runs, as its mean: "dice 0.731".
std::string compute_quality(const BenchRow& row) {
  if (row.repeats.empty() || row.repeats[0]->figures().empty()) return "";
  const std::string& name = row.repeats[0]->figures(0).name();
  std::vector<double> values;
  for (const pb::Record* run : row.repeats)
    for (const pb::Figure& one : run->figures())
      if (one.name() == name && finite(one.value())) values.push_back(one.value());
  return values.empty() ? "" : clean(name) + " " + plain_text(compute_plain(values).value);
}

// Energy of one item of the first unit of work that all repeats have done.
struct PerItem {
  std::string item;
  Amount joules;
};

PerItem compute_per_item(const Measurements& runs) {
  if (runs.empty() || runs[0].work == nullptr) return {};
  for (const pb::Work& work : *runs[0].work)
    if (const Mean mean = compute_per_unit(runs, work.unit()); mean.n == runs.size())
      return {clean(work.unit()), mean.amount()};
  return {};
}

Measurements runs_of(const BenchRow& row) {
  Measurements runs;
  for (const pb::Record* run : row.repeats) runs.push_back(measurement(*run, row.phase));
  return runs;
}

ColumnUnits units_of(std::span<const BenchRow> rows) {
  ColumnUnits units;
  for (const BenchRow& row : rows) {
    const Measurements runs = runs_of(row);
    const PerItem item = compute_per_item(runs);
    units.add(compute_energy(runs).amount(), compute_power(runs).amount());
    units.add_item(item.item, item.joules);
  }
  return units;
}

BenchLine make_line(const BenchRow& row, const ColumnUnits& units, const NumberStyle& style) {
  const Measurements runs = runs_of(row);
  const PerItem item = compute_per_item(runs);
  BenchLine line;
  line.application = clean(row.application);
  line.phase = row.phase.empty() ? "run" : clean(row.phase);
  line.configuration = clean(row.configuration);
  line.joules = compute_energy(runs);
  line.runtime = duration_text(compute_duration(runs).value);
  line.power = power_text(compute_power(runs).amount(), units.power());
  line.energy = energy_pair_text(line.joules.amount(), units.energy(style));
  line.per_unit = per_item_text(item.joules, item.item, style, units.item(item.item, style));
  line.quality = compute_quality(row);
  line.runs = fmt::format("{}", row.repeats.size());
  line.kind = worst_kind(runs);
  for (const pb::Record* run : row.repeats) {
    const std::string boundary = boundary_words(*run);
    line.boundary = line.boundary.empty() || line.boundary == boundary ? boundary : "different";
  }
  if (line.joules.value && line.joules.interval && *line.joules.value > 0) {
    const double relative = *line.joules.interval / *line.joules.value;
    line.uncertainty = percent_text({relative, relative});
  } else {
    line.uncertainty = kUnknown;
  }
  return line;
}

Table make_rows(const std::vector<BenchLine>& lines) {
  Table table;
  table.columns = {{"Application", false, 0, 6},
                   {"Phase", false, 0, 5},
                   {"Configuration", false, 0, 6},
                   {"Runtime", true, 1},
                   {"Mean", true, 4},
                   {"Energy", true},
                   {"Per unit", false, 2},
                   {"Quality", false, 3},
                   {"n", true, 5},
                   {"Kind"},
                   {"U", true, 6}};
  for (const BenchLine& line : lines) {
    const Paint mark = line.kind == pb::KIND_ESTIMATED ? Paint::warn : Paint::plain;
    table.rows.push_back({{{line.application},
                           {line.phase},
                           {line.configuration},
                           {line.runtime},
                           {line.power},
                           {line.energy},
                           {line.per_unit},
                           {line.quality.empty() ? std::string(kUnknown) : line.quality},
                           {line.runs},
                           {std::string(kind_mark(line.kind)), mark},
                           {line.uncertainty}},
                          -1,
                          ""});
  }
  return table;
}

}  // namespace

std::vector<BenchLine> make_bench_lines(std::span<const BenchRow> rows, const NumberStyle& style) {
  const ColumnUnits units = units_of(rows);
  std::vector<BenchLine> lines;
  for (const BenchRow& row : rows) lines.push_back(make_line(row, units, style));
  return lines;
}

std::string bench_note(const std::vector<BenchLine>& lines) {
  std::string note =
      "Energy is that of everything on the node while the phase ran, mean of n repeats; +- and U are half the 95 % "
      "interval, from the "
      "repeats' scatter and the sensors' own error. M measured, D derived, A attributed, E estimated.";
  std::set<std::string> boundaries;
  for (const BenchLine& line : lines)
    if (!line.boundary.empty()) boundaries.insert(line.boundary);
  if (boundaries.size() == 1) note += " Boundary: " + *boundaries.begin() + ".";
  if (boundaries.size() > 1) note += " The boundaries differ, so rows of different boundaries cannot be compared:";
  for (auto at = boundaries.begin(); boundaries.size() > 1 && at != boundaries.end(); ++at)
    note += (at == boundaries.begin() ? " " : "; ") + *at;
  if (boundaries.size() > 1) note += ".";
  const bool estimated =
      std::any_of(lines.begin(), lines.end(), [](const BenchLine& line) { return line.kind == pb::KIND_ESTIMATED; });
  return estimated ? note + " No sensor could be read for the figures marked E (nodewatt doctor says why)." : note;
}

std::string make_bench_table(std::span<const BenchRow> rows, const TextStyle& style) {
  const std::vector<BenchLine> lines = make_bench_lines(rows, {style.units, style.utf8, style.precise});
  const int width = std::max(40, style.width);
  const std::string out =
      make_table(make_rows(lines), 0, width, style.colour) + '\n' + fold("", bench_note(lines), width) + '\n';
  return style.utf8 ? out : ascii(out);
}

std::string make_bench_markdown(std::span<const BenchRow> rows) {
  const std::vector<BenchLine> lines = make_bench_lines(rows, {Units::automatic, true, false});
  const Table table = make_rows(lines);
  std::string out, rule;
  for (const Column& column : table.columns) out += "| " + column.title + " ", rule += column.right ? "|---:" : "|:---";
  out += "|\n" + rule + "|\n";
  for (const Row& row : table.rows) {
    for (const Cell& cell : row.cells) out += "| " + for_markdown(cell.text) + " ";
    out += "|\n";
  }
  return out + '\n' + for_markdown(bench_note(lines)) + '\n';
}

}  // namespace nw
