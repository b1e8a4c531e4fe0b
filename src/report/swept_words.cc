// The table of a sweep and the sentences below it.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/compare_words.h"
#include "report/escape.h"
#include "report/summary.h"
#include "report/swept.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostNamed = 12;

class Words {
 public:
  Words(const Swept& swept, const NumberStyle& style)
      : swept_(swept), all_(swept.comparison), style_(style), energies_(style) {
    for (const Side& side : all_.sides) {
      units_.add(side.joules.amount(), side.watts.amount());
      units_.add_item("", side.figure.amount());
    }
    energies_ = units_.energy(style);
  }

  Table table() const {
    Table table;
    for (const std::string& name : swept_.dimensions) table.columns.push_back({clean(name), false, 0, 6});
    if (swept_.dimensions.empty()) table.columns.push_back({"configuration", false, 0, 6});
    if (all_.per) table.columns.push_back({"energy " + work_words(*all_.per), true});
    table.columns.push_back({"energy of a run", true, all_.per ? 4 : 0});
    table.columns.push_back({all_.per ? "time " + work_words({"", all_.per->unit}) : "time", true, 2});
    if (all_.is_ranked) {
      table.columns.push_back({"rel. energy", true, 1});
      table.columns.push_back({"rel. time", true, 3});
      table.columns.push_back({"rel. E x t", true, 5});
    }
    table.columns.push_back({"power", true, 7});
    table.columns.push_back({"n", true, 6});
    table.columns.push_back({"known"});
    if (all_.is_ranked) table.columns.push_back({"least?"});
    for (const std::size_t point : order()) table.rows.push_back(row(swept_.points[point], table));
    return table;
  }

  std::vector<std::string> sentences() const {
    std::vector<std::string> out;
    if (is_estimated()) out.push_back(std::string(kNoSensor) + ".");
    const auto least = find_least(swept_);
    if (least) add_winner(*least, out);
    out.push_back(all_.sides.size() < 2 ? "Nothing is ranked: fewer than two configurations have figures."
                                        : "Comparable? " + make_compare_words(all_, style_).comparable + ".");
    add_differences(out);
    for (const SweptPoint& point : swept_.points)
      if (!point.failure.empty()) out.push_back(fmt::format("Failed: {}: {}.", label(point), clean(point.failure)));
    for (const std::string& remark : swept_.remarks) out.push_back(clean(remark));
    return out;
  }

 private:
  std::string label(const SweptPoint& point) const { return clean(point.label); }

  bool is_estimated() const {
    return std::any_of(all_.sides.begin(), all_.sides.end(),
                       [](const Side& side) { return side.kind == pb::KIND_ESTIMATED; });
  }

  // Best first if there is a best; those without figures last, in the grid's order.
  std::vector<std::size_t> order() const {
    std::vector<std::size_t> order(swept_.points.size());
    std::iota(order.begin(), order.end(), 0);
    const auto place = [&](std::size_t point) {
      const auto side = swept_.points[point].side;
      if (!side) return all_.sides.size() + 2;
      const std::size_t at = all_.sides[*side].energy_place;
      return at == 0 ? all_.sides.size() + 1 : at;
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
    return order;
  }

  Row row(const SweptPoint& point, const Table& table) const {
    Row row;
    for (const std::string& value : point.values) row.cells.push_back({clean(value)});
    if (swept_.dimensions.empty()) row.cells.push_back({"-"});
    if (!point.side) {
      row.note_at = static_cast<int>(row.cells.size());
      row.note = point.failure.empty() ? "not run yet" : "failed: " + clean(point.failure);
      row.cells.resize(table.columns.size());
      return row;
    }
    const Side& side = all_.sides[*point.side];
    if (all_.per) row.cells.push_back({per_item_text(side.figure.amount(), "", style_, units_.item("", style_))});
    row.cells.push_back({energy_pair_text(side.joules.amount(), energies_)});
    row.cells.push_back({seconds_text(side.pace.amount())});
    if (all_.is_ranked)
      for (const Ratio* ratio : {&side.energy, &side.time, &side.delay})
        row.cells.push_back({is_base(side) ? "1" : ratio_text(ratio->quotient, style_)});
    row.cells.push_back({power_text(side.watts.amount(), units_.power())});
    row.cells.push_back({fmt::format("{}", side.who.runs.size())});
    row.cells.push_back(
        {std::string(kind_mark(side.kind)), side.kind == pb::KIND_ESTIMATED ? Paint::warn : Paint::plain});
    if (all_.is_ranked) row.cells.push_back({verdict(side), is_base(side) ? Paint::bold : Paint::plain});
    return row;
  }

  bool is_base(const Side& side) const { return all_.base && &side == &all_.sides[*all_.base]; }

  std::string verdict(const Side& side) const {
    const std::string front = side.on_front ? " *" : "";
    if (is_base(side)) return "least" + front;
    if (!side.energy.quotient.value) return std::string(kUnknown);
    if (side.above_least == Verdict::one_run) return "one run" + front;
    return (side.above_least == Verdict::clear ? "more" : "not clear") + front;
  }

  std::string figure(const Side& side) const {
    return all_.per ? per_item_text(side.figure.amount(), clean(all_.per->unit), style_)
                    : energy_pair_text(side.joules.amount(), energies_) + " a run";
  }

  void add_winner(std::size_t least, std::vector<std::string>& out) const {
    const SweptPoint& best = swept_.points[least];
    const Side& side = all_.sides[*best.side];
    out.push_back(fmt::format("Least energy: {}: {} (n={}).", label(best), figure(side), side.figure.n));
    const auto unclear = compute_unclear(swept_);
    std::string text;
    for (std::size_t i = 0; i < unclear.size() && i < kMostNamed; ++i)
      text += (i == 0 ? "" : "; ") + label(swept_.points[unclear[i]]);
    if (unclear.size() > kMostNamed) text += fmt::format("; and {} more", unclear.size() - kMostNamed);
    if (all_.compared < 2)
      out.emplace_back("No other configuration has a figure.");
    else if (all_.pairs.tests() == 0)
      out.emplace_back(
          "One run a configuration: not a verdict. The intervals are of these runs; repeat them (--repeat).");
    else if (unclear.empty())
      out.emplace_back("Every other configuration takes clearly more.");
    else
      out.push_back("Not clearly more: " + text + ".");
    add_family(out);
    const auto first = [&](std::size_t Side::*place) {
      for (const SweptPoint& point : swept_.points)
        if (point.side && all_.sides[*point.side].*place == 1) return label(point);
      return std::string(kUnknown);
    };
    out.push_back(
        fmt::format("Fastest: {}. Least energy x time: {}.", first(&Side::time_place), first(&Side::product_place)));
    out.emplace_back("* no other configuration takes both less energy and less time.");
  }

  void add_family(std::vector<std::string>& out) const {
    if (std::string family = family_words(all_.compared, all_.pairs.tests(), "configurations"); !family.empty())
      out.push_back(family + ".");
    if (const std::string bias = least_bias_words(all_); !bias.empty())
      out.push_back("The least energy: " + bias + ".");
  }

  bool is_varied(const Difference& one) const {
    const auto& names = swept_.dimensions;
    const std::string_view name = one.what == "GPU power limit" ? "power_limit" : std::string_view(one.what);
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  // Differences beside the varied settings.
  void add_differences(std::vector<std::string>& out) const {
    std::string text;
    for (const Difference& one : all_.differences) {
      if (!is_varied(one)) text += (text.empty() ? "" : ", ") + clean(one.what);
    }
    if (!text.empty()) out.push_back("Differs too, and may be a cause: " + text + ".");
  }

  const Swept& swept_;
  const Comparison& all_;
  NumberStyle style_, energies_;
  ColumnUnits units_;
};

}  // namespace

std::optional<std::size_t> find_least(const Swept& swept) {
  if (!swept.comparison.is_ranked || !swept.comparison.least) return std::nullopt;
  for (std::size_t i = 0; i < swept.points.size(); ++i)
    if (swept.points[i].side == swept.comparison.least) return i;
  return std::nullopt;
}

std::vector<std::size_t> compute_unclear(const Swept& swept) {
  std::vector<std::size_t> unclear;
  const auto least = find_least(swept);
  for (std::size_t i = 0; least && i < swept.points.size(); ++i) {
    if (i == *least || !swept.points[i].side) continue;
    const Side& side = swept.comparison.sides[*swept.points[i].side];
    if (side.energy.quotient.value && side.above_least != Verdict::clear) unclear.push_back(i);
  }
  return unclear;
}

Table make_swept_table(const Swept& swept, const NumberStyle& style) { return Words(swept, style).table(); }

std::vector<std::string> swept_sentences(const Swept& swept, const NumberStyle& style) {
  return Words(swept, style).sentences();
}

std::string make_swept_text(const Swept& swept, const TextStyle& style) {
  const NumberStyle numbers{style.units, style.utf8, style.precise};
  const int width = std::max(40, style.width);
  std::string out = make_table(make_swept_table(swept, numbers), 0, width, style.colour) + '\n';
  for (const std::string& sentence : swept_sentences(swept, numbers)) out += fold("", sentence, width) + '\n';
  return style.utf8 ? out : ascii(out);
}

}  // namespace nw
