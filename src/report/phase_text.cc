#include "report/phase_text.h"

#include <algorithm>

#include "report/table.h"
#include "report/words.h"

namespace nw {

std::string make_phase_text(const std::vector<PhaseLine>& phases, const TextStyle& style) {
  Table table;
  table.columns = {{"Phase", false, 0, 10}, {"Count", true, 4},     {"Duration", true, 1},
                   {"Mean power", true, 3}, {"Energy", true},       {std::string(plus_minus(style.utf8)), true},
                   {"Work", true, 5},       {"Per unit", false, 2}, {"Known"}};
  for (const PhaseLine& line : phases) {
    Row row{{{line.path},
             {line.count},
             {line.duration},
             {line.mean},
             {line.energy},
             {line.uncertainty},
             {line.work.empty() ? std::string(kUnknown) : line.work[0]},
             {line.per_unit.empty() ? std::string(kUnknown) : line.per_unit[0]},
             {std::string(kind_mark(line.kind))}},
            -1,
            ""};
    if (!line.resolved) row.note_at = 3, row.note = kUnresolved;
    table.rows.push_back(std::move(row));
    for (std::size_t i = 1; i < line.per_unit.size(); ++i) {
      Row more{std::vector<Cell>(table.columns.size()), -1, ""};
      more.cells[6].text = line.work[i];
      more.cells[7].text = line.per_unit[i];
      table.rows.push_back(std::move(more));
    }
  }
  if (std::none_of(phases.begin(), phases.end(), [](const auto& line) { return !line.work.empty(); }))
    for (table.columns.erase(table.columns.begin() + 6); Row & row : table.rows) row.cells.erase(row.cells.begin() + 6);
  return make_table(table, 2, style.width, style.colour);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace nw
