// `nodewatt runs`: one line for each record.
#include "report/list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/escape.h"
#include "report/report.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kShortest = 5;

// The shortest length at which no two of these records share their short id.
std::size_t telling_length(Records records) {
  for (std::size_t length = kShortest; length < kLongestName; ++length) {
    std::set<std::string> seen;
    const bool all = std::all_of(records.begin(), records.end(), [&](const pb::Record* record) {
      return seen.insert(short_id(*record, length)).second || record->uid().size() <= length;
    });
    if (all) return length;
  }
  return kLongestName;
}

Row make_row(const pb::Record& record, std::size_t id_length, const NumberStyle& style, PowerUnit mean) {
  const pb::Energy& energy = record.energy();
  const std::string repeat = record.warmup()       ? "warmup"
                             : record.repeat() > 0 ? std::to_string(record.repeat())
                                                   : std::string(kUnknown);
  const std::string host = clean(record.node().host());
  return {{{short_id(record, id_length)},
           {record.name().empty() && record.program().empty() ? std::string(kUnknown) : title(record)},
           {repeat},
           {start_words(record)},
           {duration_text(duration_s(record.duration_ns()))},
           {energy_text(energy_amount(energy), style)},
           {energy_uncertainty_text(energy_amount(energy), style)},
           {power_text(power_amount(energy, record.duration_ns()), mean)},
           {std::string(kind_mark(known_kind(energy))),
            known_kind(energy) == pb::KIND_ESTIMATED ? Paint::warn : Paint::plain},
           {exit_words(record)},
           {host.empty() ? std::string(kUnknown) : host}},
          -1,
          ""};
}

}  // namespace

std::string shown_words(std::size_t shown, std::size_t matched) {
  return shown < matched ? fmt::format("{} of {} shown; --limit 0 shows all", shown, matched) : std::string();
}

std::string make_list(Records records, const TextStyle& style) { return make_list(records, style, records.size()); }

std::string make_list(Records records, const TextStyle& style, std::size_t matched) {
  if (records.empty()) return "no runs\n";
  Table table;
  table.columns = {{"Run"},
                   {"Name", false, 0, 8},
                   {"Repeat", true, 6},
                   {"Start", false, 4},
                   {"Duration", true, 1},
                   {"Energy", true},
                   {std::string(plus_minus(style.utf8)), true},
                   {"Mean", true, 2},
                   {"Known"},
                   {"State", false, 3, 8},
                   {"Node", false, 5, 6}};
  const std::size_t length = telling_length(records);
  const ColumnUnits units = units_of(records);
  const NumberStyle numbers = units.energy({style.units, style.utf8, style.precise});
  for (const pb::Record* record : records) table.rows.push_back(make_row(*record, length, numbers, units.power()));
  std::string out = make_table(table, 0, std::max(40, style.width), style.colour);
  if (const std::string words = shown_words(records.size(), matched); !words.empty()) out += words + '\n';
  return style.utf8 ? out : ascii(out);
}

}  // namespace nw
