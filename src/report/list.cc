// `nodewatt runs`: one line for each record.
#include <algorithm>
#include <cmath>
#include <set>

#include "report/escape.h"
#include "report/report.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kShortest = 5;

// So many characters that no two of these records share their short id.
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

Row make_row(const pb::Record& record, std::size_t id_length, const NumberStyle& style) {
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
           {power_text(power_amount(energy, record.duration_ns()))},
           {std::string(kind_mark(energy.kind())), energy.kind() == pb::KIND_ESTIMATED ? Paint::warn : Paint::plain},
           {exit_words(record)},
           {host.empty() ? std::string(kUnknown) : host}},
          -1,
          ""};
}

}  // namespace

std::string make_list(Records records, const TextStyle& style) {
  if (records.empty()) return "no runs\n";
  Table table;
  table.columns = {
      {"Run"},          {"Name", false, 0, 8}, {"Repeat", true, 5}, {"Start", false, 3},    {"Duration", true},
      {"Energy", true}, {"Mean", true, 1},     {"Known"},           {"State", false, 2, 8}, {"Node", false, 4, 6}};
  const std::size_t length = telling_length(records);
  for (const pb::Record* record : records)
    table.rows.push_back(make_row(*record, length, {style.units, style.utf8, style.precise}));
  const std::string out = make_table(table, 0, std::max(40, style.width), style.colour);
  return style.utf8 ? out : ascii(out);
}

}  // namespace nw
