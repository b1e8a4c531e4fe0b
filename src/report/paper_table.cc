// The columns of a table of runs: those with content, in the unit that suits the largest figure.
#include <algorithm>
#include <cmath>

#include "report/paper.h"
#include "report/words.h"

namespace nw {

namespace {

// "67.9 %" without its sign.
Digits percent_digits(Amount fraction) {
  const std::string text = percent_text(fraction);
  return {text.substr(0, text.find(' ')), ""};
}

class Columns {
 public:
  explicit Columns(const std::vector<PaperRow>& rows) : rows_(rows) {
    for (const PaperRow& row : rows) {
      if (row.energy.value) most_ = std::max(most_.value_or(0), std::abs(*row.energy.value));
      if (row.seconds.value) longest_ = std::max(longest_.value_or(0), *row.seconds.value);
    }
  }

  std::vector<PaperColumn> make() {
    words("Run", [](const PaperRow& row) { return row.label; });
    if (any([](const PaperRow& row) { return !row.phase.empty(); }))
      words("Phase", [](const PaperRow& row) { return row.phase.empty() ? "whole run" : row.phase; });
    if (differ([](const PaperRow& row) { return row.node; }))
      words("Node type", [](const PaperRow& row) { return row.node; });
    numbers("n", "", [](const PaperRow& row) { return Digits{std::to_string(row.n), ""}; });
    add_time_and_energy();
    add_work();
    if (any([](const PaperRow& row) { return row.gpu_share.value.has_value(); }))
      numbers("GPUs", "%", [](const PaperRow& row) { return percent_digits(row.gpu_share); });
    if (any([](const PaperRow& row) { return row.relative.value.has_value(); }))
      numbers("Relative", "", [](const PaperRow& row) { return bare_digits(row.relative, 1); });
    words("How known", [](const PaperRow& row) { return std::string(kind_mark(row.kind)); });
    if (differ([](const PaperRow& row) { return row.boundary; }))
      words("Boundary", [](const PaperRow& row) { return row.boundary; });
    return std::move(columns_);
  }

 private:
  void add_time_and_energy() {
    const TimeUnit time = time_unit(longest_);
    numbers("Time", time.name, [time](const PaperRow& row) { return bare_digits(row.seconds.amount(), time.seconds); });
    const Units energy = energy_unit(most_, Units::automatic);
    numbers("Energy", energy_name(energy),
            [energy](const PaperRow& row) { return bare_digits(row.energy.amount(), energy_size(energy)); });
  }

  // Energy of one unit of work, always in J. The unit is in the heading where all rows share it, else in a column of
  // its own.
  void add_work() {
    std::vector<std::string> units;
    for (const PaperRow& row : rows_)
      if (!row.unit.empty() && std::find(units.begin(), units.end(), row.unit) == units.end())
        units.push_back(row.unit);
    if (units.empty()) return;
    numbers("Per unit", "J", [](const PaperRow& row) { return bare_digits(row.per_unit.amount(), 1); });
    if (units.size() == 1)
      columns_.back().per = units[0];
    else
      words("Unit", [](const PaperRow& row) { return row.unit; });
  }

  template <class Test>
  bool any(Test test) const {
    return std::any_of(rows_.begin(), rows_.end(), test);
  }
  template <class Word>
  bool differ(Word word) const {
    return any([&](const PaperRow& row) { return word(row) != word(rows_[0]); });
  }
  template <class Word>
  void words(std::string_view name, Word word) {
    PaperColumn column{std::string(name), "", "", {}, {}};
    for (const PaperRow& row : rows_) {
      const std::string text(word(row));
      column.words.push_back(text.empty() ? std::string(kUnknown) : text);
    }
    columns_.push_back(std::move(column));
  }
  template <class Number>
  void numbers(std::string_view name, std::string_view unit, Number number) {
    PaperColumn column{std::string(name), std::string(unit), "", {}, {}};
    for (const PaperRow& row : rows_) column.numbers.push_back(number(row));
    columns_.push_back(std::move(column));
  }

  const std::vector<PaperRow>& rows_;
  std::optional<double> most_, longest_;
  std::vector<PaperColumn> columns_;
};

}  // namespace

std::string rows_boundary(const std::vector<PaperRow>& rows) {
  for (const PaperRow& row : rows)
    if (row.boundary != rows[0].boundary) return "what the last column says";
  return rows.empty() ? "" : rows[0].boundary;
}

std::vector<PaperColumn> make_paper_columns(const std::vector<PaperRow>& rows) { return Columns(rows).make(); }

}  // namespace nw
