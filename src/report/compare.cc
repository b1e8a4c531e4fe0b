// `nodewatt compare`: two or more runs, or groups of repeats, side by side. Refuses to rank what was not measured at
// the same boundary and calls no difference one that the doubt could explain.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/contender.h"
#include "report/escape.h"
#include "report/report.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostUnits = 6;
constexpr int kHang = 14;

class Comparison {
 public:
  Comparison(Records records, const TextStyle& style)
      : style_(style),
        numbers_{style.units, style.utf8, style.precise},
        all_(make_contenders(records)),
        work_(shared_work(all_)) {
    style_.width = std::max(40, style.width);
    if (work_.size() > kMostUnits) work_.resize(kMostUnits);
    for (const Contender& one : all_) figures_.push_back(deciding_figure(one));
    find_least();
  }

  std::string print() {
    if (all_.empty()) return "nothing to compare\n";
    const std::string refusal = compute_refusal();
    std::vector<Line> lines = common_lines();
    if (refusal.empty() && least_ && all_.size() > 1) add_relative(lines);
    put_blocks(lines);
    out_ += '\n';
    for (const std::string& difference : differences(all_)) key("Differs in", difference);
    if (!refusal.empty())
      key("Verdict", refusal, Paint::bad);
    else
      verdicts();
    return style_.utf8 ? out_ : ascii(out_);
  }

 private:
  // A row of the table: what it is called and one cell for each contender.
  struct Line {
    std::string name;
    std::vector<std::string> cells;
  };

  template <class Text>
  Line line(std::string name, Text text) const {
    Line out{std::move(name), {}};
    for (std::size_t i = 0; i < all_.size(); ++i) out.cells.push_back(text(i));
    return out;
  }

  std::vector<Line> common_lines() const {
    NumberStyle energies = numbers_;
    std::optional<double> most;
    for (const Contender& one : all_)
      if (const Mean mean = compute_energy(excerpts(one, "")); mean.value)
        most = std::max(most.value_or(0), *mean.value);
    energies.units = energy_unit(most, style_.units);
    std::vector<Line> lines;
    lines.push_back(
        line("run (n runs)", [&](std::size_t i) { return fmt::format("{} ({})", all_[i].id, all_[i].runs.size()); }));
    lines.push_back(
        line("duration", [&](std::size_t i) { return duration_text(compute_duration(excerpts(all_[i], "")).value); }));
    lines.push_back(line("energy", [&](std::size_t i) {
      return energy_pair_text(compute_energy(excerpts(all_[i], "")).amount(), energies);
    }));
    lines.push_back(
        line("mean power", [&](std::size_t i) { return power_text(compute_power(excerpts(all_[i], "")).amount()); }));
    for (const SharedWork& work : work_)
      lines.push_back(line(work_words(work), [&](std::size_t i) {
        return per_item_text(compute_per_unit(excerpts(all_[i], work.phase), work.unit).amount(), "", numbers_);
      }));
    lines.push_back(line("kind", [&](std::size_t i) {
      const std::string_view kind = kind_name(worst_kind(excerpts(all_[i], "")));
      return std::string(kind.empty() ? kUnknown : kind);
    }));
    return lines;
  }

  static std::string work_words(const SharedWork& work) {
    const std::string unit = "per " + cut_middle(clean(work.unit), 16);
    return work.phase.empty() ? unit : unit + ", " + cut_middle(clean(work.phase), 16);
  }

  // What the ranking is about: the energy of the first shared unit of work, else of the run.
  Mean deciding_figure(const Contender& one) const {
    return work_.empty() ? compute_energy(excerpts(one, ""))
                         : compute_per_unit(excerpts(one, work_[0].phase), work_[0].unit);
  }

  void find_least() {
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (!figures_[i].value || *figures_[i].value <= 0) continue;
      if (!least_ || *figures_[i].value < *figures_[*least_].value) least_ = i;
    }
  }

  void add_relative(std::vector<Line>& lines) const {
    lines.push_back(line(work_.empty() ? "relative energy" : "relative, " + work_words(work_[0]), [&](std::size_t i) {
      return i == *least_ ? std::string("1") : ratio_text(relative(i), numbers_);
    }));
    std::optional<double> fastest;
    const auto seconds = [&](std::size_t i) { return compute_duration(excerpts(all_[i], "")).value; };
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (seconds(i)) fastest = std::min(fastest.value_or(*seconds(i)), *seconds(i));
    lines.push_back(line("relative time", [&](std::size_t i) {
      return fastest && seconds(i) ? fmt::format("{:.2f}", *seconds(i) / *fastest) : std::string(kUnknown);
    }));
  }

  // The half-widths that count in a comparison of i with the least.
  std::pair<std::optional<double>, std::optional<double>> half_widths(std::size_t i) const {
    const bool same = same_sensors(all_[i], all_[*least_]);
    const Mean &mine = figures_[i], &least = figures_[*least_];
    return same ? std::pair(mine.scatter, least.scatter) : std::pair(mine.interval, least.interval);
  }

  Amount relative(std::size_t i) const {
    if (!figures_[i].value) return {};
    const double mine = *figures_[i].value, least = *figures_[*least_].value;
    const auto [u, u_least] = half_widths(i);
    if (!u || !u_least) return {mine / least, {}};
    const double a = *u / least, b = mine * *u_least / (least * least);
    return {mine / least, std::sqrt(a * a + b * b)};
  }

  std::string compute_refusal() const {
    for (const Contender& one : all_)
      if (one.reach != all_[0].reach)
        return fmt::format("cannot rank: {} is {}, {} is {}", all_[0].label, all_[0].reach, one.label, one.reach);
    return "";
  }

  // Two contenders share a column count that fits; the rest goes below.
  void put_blocks(const std::vector<Line>& lines) {
    std::size_t widest = 0, names = 0;
    for (const Line& one : lines) {
      names = std::max(names, display_width(one.name));
      for (const std::string& cell : one.cells) widest = std::max(widest, display_width(cell));
    }
    for (const Contender& one : all_) widest = std::max(widest, std::min<std::size_t>(24, display_width(one.label)));
    const std::size_t room =
        static_cast<std::size_t>(style_.width) - std::min(names, static_cast<std::size_t>(style_.width) - 20);
    const std::size_t at_once = std::max<std::size_t>(1, room / (widest + 2));
    for (std::size_t first = 0; first < all_.size(); first += at_once) {
      Table table;
      table.columns.push_back({"", false, 0, 12});
      const std::size_t last = std::min(all_.size(), first + at_once);
      for (std::size_t i = first; i < last; ++i) table.columns.push_back({cut_middle(all_[i].label, widest)});
      for (const Line& one : lines) {
        Row row{{{one.name}}, -1, ""};
        for (std::size_t i = first; i < last; ++i) row.cells.push_back({one.cells[i]});
        table.rows.push_back(std::move(row));
      }
      if (first > 0) out_ += '\n';
      out_ += make_table(table, 0, style_.width, style_.colour);
    }
  }

  void key(std::string_view name, std::string_view text, Paint paint = Paint::plain) {
    const std::string folded = fold(padded(name, kHang), text, style_.width);
    out_ += folded.substr(0, kHang) + painted(folded.substr(kHang), paint, style_.colour) + '\n';
  }

  void verdicts() {
    if (all_.size() < 2 || !least_)
      return key("Verdict", all_.size() < 2 ? "one run alone: nothing to compare with" : "unknown: no energy is known");
    const std::string reach = all_[0].reach == "unknown" ? "of unknown boundary" : all_[0].reach;
    if (work_.empty())
      key("Comparable?", "only if they did the same work: they share no unit of it. Boundary: " + reach);
    else
      key("Comparable?", "yes, " + work_words(work_[0]) + ". Boundary: " + reach);
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (i != *least_) key("Verdict", verdict(i));
  }

  static std::string number_of(const std::string& percent) { return percent.substr(0, percent.find(' ')); }

  std::string verdict(std::size_t i) const {
    const std::string &mine = all_[i].label, &best = all_[*least_].label;
    if (!figures_[i].value) return mine + ": energy unknown";
    const auto [u, u_least] = half_widths(i);
    const bool clear = u && u_least && *figures_[i].value - *u > *figures_[*least_].value + *u_least;
    if (!clear)
      return fmt::format("{} and {}: no clear difference (n={} and {}{})", best, mine, figures_[*least_].n,
                         figures_[i].n, u && u_least ? "" : ", uncertainty unknown");
    Amount more = relative(i);
    *more.value -= 1;
    const std::string common =
        same_sensors(all_[i], all_[*least_]) ? " (same sensors: their common error cancels)" : "";
    if (more.uncertainty) *more.uncertainty = std::max(*more.uncertainty, 0.001);
    const std::string by = more.uncertainty
                               ? fmt::format("{} {} {}", number_of(percent_text(more)), plus_minus(style_.utf8),
                                             percent_text({more.uncertainty, more.uncertainty}))
                               : percent_text(more);
    return fmt::format("{} takes {} more than {}: clear{}", mine, by, best, common);
  }

  TextStyle style_;
  NumberStyle numbers_;
  std::vector<Contender> all_;
  std::vector<SharedWork> work_;
  std::vector<Mean> figures_;  // what is ranked, one for each contender
  std::optional<std::size_t> least_;
  std::string out_;
};

}  // namespace

std::string make_compare(Records records, const TextStyle& style) { return Comparison(records, style).print(); }

}  // namespace nw
