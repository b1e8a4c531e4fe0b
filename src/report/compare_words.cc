#include "report/compare_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "energy/containment.h"
#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/escape.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr double kLeastPercent = 0.001;  // least printed uncertainty of a difference: a tenth of a per cent

std::string number_of(const std::string& percent) { return percent.substr(0, percent.find(' ')); }

std::string domain_words(const std::vector<std::string>& domains) {
  std::string text;
  for (const std::string& domain : domains) {
    const PartWords& words = part_words(domain);
    text += (text.empty() ? "" : ", ") + (words.domain.empty() ? clean(domain) : std::string(words.many));
  }
  return text;
}

class Wording {
 public:
  Wording(const Comparison& all, const NumberStyle& style) : all_(all), style_(style) {}

  CompareWords words() {
    for (const Side& side : all_.sides) out_.labels.push_back(clean(side.who.label));
    add_figures();
    if (all_.is_ranked && all_.base) add_ranks();
    for (const Difference& one : all_.differences) out_.differences.push_back(difference_words(one));
    add_refusals();
    if (!out_.is_refused) add_verdicts();
    return std::move(out_);
  }

 private:
  template <class Text>
  void line(std::string name, Text text) {
    CompareLine one{std::move(name), {}};
    for (const Side& side : all_.sides) one.cells.push_back(text(side));
    out_.lines.push_back(std::move(one));
  }

  void add_figures() {
    ColumnUnits units;
    for (const Side& side : all_.sides) {
      units.add(side.joules.amount(), side.watts.amount());
      for (std::size_t i = 0; i < all_.works.size(); ++i) units.add_item(std::to_string(i), side.per_unit[i].amount());
    }
    const NumberStyle energies = units.energy(style_);
    line("run (n runs)",
         [](const Side& side) { return fmt::format("{} ({})", short_id(side.who.first()), side.who.runs.size()); });
    line("duration", [](const Side& side) { return duration_text(side.seconds.value); });
    line(all_.common.empty() ? "energy" : "energy, common part",
         [&](const Side& side) { return energy_pair_text(side.joules.amount(), energies); });
    line("mean power", [&](const Side& side) { return power_text(side.watts.amount(), units.power()); });
    for (std::size_t i = 0; i < all_.works.size(); ++i)
      line(work_words(all_.works[i]), [&](const Side& side) {
        return per_item_text(side.per_unit[i].amount(), "", style_, units.item(std::to_string(i), style_));
      });
    line("how known", [](const Side& side) {
      const std::string_view kind = kind_name(side.kind);
      return std::string(kind.empty() ? kUnknown : kind);
    });
    line("coverage", [](const Side& side) { return coverage_text(side.coverage); });
    if (std::any_of(all_.sides.begin(), all_.sides.end(), [](const Side& side) { return side.who.failed > 0; }))
      line("failed, left out", [](const Side& side) { return std::to_string(side.who.failed); });
    const auto played = [](const Side& side) { return !side.who.first().node().played().empty(); };
    if (std::any_of(all_.sides.begin(), all_.sides.end(), played))
      line("node", [&](const Side& side) { return std::string(played(side) ? "simulated" : "real"); });
  }

  std::string per() const { return all_.per ? ", " + work_words(*all_.per) : ""; }

  std::string ratio(const Side& side, const Ratio& ratio) const {
    return &side == &all_.sides[*all_.base] ? "1" : ratio_text(ratio.quotient, style_);
  }

  void add_ranks() {
    const auto place = [](std::size_t one) { return one == 0 ? std::string(kUnknown) : std::to_string(one); };
    line("relative energy" + per() + (is_one_run_each() ? ", of these runs" : ""),
         [&](const Side& side) { return ratio(side, side.energy); });
    line("relative time" + per(), [&](const Side& side) { return ratio(side, side.time); });
    line("relative energy x time", [&](const Side& side) { return ratio(side, side.delay); });
    line("rank by energy, time, product", [&](const Side& side) {
      return fmt::format("{}, {}, {}{}", place(side.energy_place), place(side.time_place), place(side.product_place),
                         side.on_front ? "  *" : "");
    });
  }

  static std::string difference_words(const Difference& one) {
    std::string text = clean(one.what) + ": ";
    for (std::size_t i = 0; i < one.values.size(); ++i) {
      const std::string value = clean(one.values[i]);
      text += (i == 0 ? "" : " / ") + (value.empty() ? std::string(kUnknown) : value);
    }
    return text;
  }

  std::string refusal_words(const Incomparable& one) const {
    const Side &side = all_.sides[one.side], &other = all_.sides[one.other];
    const std::string &mine = out_.labels[one.side], &its = out_.labels[one.other];
    switch (one.why) {
      case Incomparable::Why::scope:
        if (one.side == one.other)
          return fmt::format("the runs of {} do not take in the same parts of their nodes", mine);
        return fmt::format("{} is {}, {} is {}", its, scope_words(other.scope), mine, scope_words(side.scope));
      case Incomparable::Why::nothing:
        return "no part was measured in all variants, and --allow-mixed has nothing to compare";
      case Incomparable::Why::coverage:
        return fmt::format("of {} only {} was measured", mine, coverage_text(side.coverage));
      case Incomparable::Why::kind: {
        const bool mine_is = side.kind == pb::KIND_ESTIMATED;
        return fmt::format("{} is an estimate, {} is not", mine_is ? mine : its, mine_is ? its : mine);
      }
      case Incomparable::Why::played: {
        if (one.side == one.other) return fmt::format("of {} some runs were simulated, some are real", mine);
        const bool mine_is = !side.who.first().node().played().empty();
        return fmt::format("{} was simulated, {} is real", mine_is ? mine : its, mine_is ? its : mine);
      }
      case Incomparable::Why::work:
        return fmt::format("{} and {} did different work ({} and {} {})", its, mine, count_words(other),
                           count_words(side), clean(all_.per->unit));
      case Incomparable::Why::unit: return fmt::format("{} and {} share no unit of work", its, mine);
      case Incomparable::Why::failed: return fmt::format("no run of {} ended well", mine);
      case Incomparable::Why::restarted: return fmt::format("{} includes attempts that failed", mine);
      case Incomparable::Why::wanted: return "not all variants count that unit of work";
    }
    return "";
  }

  static std::string count_words(const Side& side) {
    return side.amount ? count_text(*side.amount) : std::string(kUnknown);
  }

  void add_refusals() {
    std::string reasons;
    for (const Incomparable& one : all_.incomparables) reasons += (reasons.empty() ? "" : "; ") + refusal_words(one);
    out_.is_refused = !all_.incomparables.empty() && !all_.is_ranked;
    if (all_.sides.size() < 2)
      out_.comparable = "one variant alone: nothing to compare with";
    else if (out_.is_refused)
      out_.comparable = "cannot rank: " + reasons;
    else
      out_.comparable = accepted_words(reasons);
  }

  std::string accepted_words(const std::string& reasons) const {
    std::string scope = "Boundary: " + boundary_words(all_, all_.sides[0]);
    if (!all_.common.empty() && !all_.left_out.empty()) scope += "; left out: " + domain_words(all_.left_out);
    if (!reasons.empty()) return fmt::format("mixed, as asked for: {}. {}", reasons, scope);
    if (!all_.per)
      return fmt::format("only if they did the same work: {}. {}",
                         all_.counts_work ? "they share no unit of it" : "none of them counts any", scope);
    if (!all_.same_amount) return fmt::format("yes, {}; the amounts of work differ. {}", work_words(*all_.per), scope);
    return fmt::format("yes, {}: the same work ({} {}). {}", work_words(*all_.per), count_words(all_.sides[0]),
                       clean(all_.per->unit), scope);
  }

  void add_verdicts() {
    if (all_.sides.size() < 2) return;
    if (!all_.base) return out_.verdicts.push_back("unknown: no energy is known"), void();
    if (all_.is_ranked) out_.verdicts.push_back(winner_words());
    for (std::size_t i = 0; i < all_.sides.size(); ++i)
      if (i != *all_.base) out_.verdicts.push_back(verdict(i));
    if (!all_.is_ranked) return;
    if (const std::string family = family_words(all_.compared, all_.pairs.tests(), "variants"); !family.empty())
      out_.verdicts.push_back(family);
    if (const std::string bias = least_bias_words(all_); !bias.empty())
      out_.verdicts.push_back(out_.labels[*all_.least] + ": " + bias);
  }

  std::string winner_words() const {
    const Side& least = all_.sides[*all_.least];
    std::string label = out_.labels[*all_.least];
    label += is_one_run_each() ? " took least energy in these runs" : " takes least energy";
    if (!all_.common.empty()) label += " in the parts that all have measured";
    if (const std::string near = unclear_words(); !near.empty() && !is_one_run_each())
      label += ", not clearly less than " + near;
    if (least.time_place == 1) return label + (is_one_run_each() ? " and was fastest" : " and is fastest");
    const auto fastest =
        std::find_if(all_.sides.begin(), all_.sides.end(), [](const Side& side) { return side.time_place == 1; });
    if (fastest == all_.sides.end()) return label;
    return fmt::format("{}; {} {} fastest", label, out_.labels[static_cast<std::size_t>(fastest - all_.sides.begin())],
                       is_one_run_each() ? "was" : "is");
  }

  bool is_one_run_each() const {
    return std::all_of(all_.sides.begin(), all_.sides.end(), [](const Side& side) { return side.figure.n < 2; });
  }

  // The variants that are not clearly above the least.
  std::string unclear_words() const {
    std::string text;
    for (std::size_t i = 0; i < all_.sides.size(); ++i)
      if (i != *all_.least && all_.sides[i].figure.value && all_.sides[i].above_least != Verdict::clear)
        text += (text.empty() ? "" : " and ") + out_.labels[i];
    return text;
  }

  std::string verdict(std::size_t i) const {
    const Side &side = all_.sides[i], &base = all_.sides[*all_.base];
    const std::string &mine = out_.labels[i], &its = out_.labels[*all_.base];
    if (!side.energy.quotient.value) return mine + ": energy unknown";
    if (side.verdict == Verdict::one_run) return one_run_words(i);
    if (side.verdict != Verdict::clear)
      return fmt::format("{} and {}: no clear difference (n={} and {}{})", its, mine, base.figure.n, side.figure.n,
                         side.energy.quotient.uncertainty ? "" : ", uncertainty unknown");
    return fmt::format("{} takes {} than {}: clear, {}{}", mine, more_words(side.energy), its,
                       difference_words(side.energy.difference), sensors_words(side));
  }

  // What was measured of these runs is said all the same: how far they were apart, not what it means.
  std::string one_run_words(std::size_t i) const {
    const Side &side = all_.sides[i], &base = all_.sides[*all_.base];
    const std::string &mine = out_.labels[i], &its = out_.labels[*all_.base];
    const std::string runs = side.figure.n < 2 && base.figure.n < 2 ? "one run a side"
                             : side.figure.n < 2                    ? "one run of " + mine
                                                                    : "one run of " + its;
    const std::string measured = side.energy.quotient.uncertainty
                                     ? fmt::format("; in these runs {} took {}", mine, more_words(side.energy))
                                     : ", uncertainty unknown";
    return fmt::format("{} and {}: {}: not a verdict{}", its, mine, runs, measured);
  }

  // "2.0 +- 0.1 % more"
  std::string more_words(const Ratio& energy) const {
    Amount more = energy.quotient;
    *more.value -= 1;
    more.uncertainty = std::max(more.uncertainty.value_or(0), kLeastPercent);
    const bool is_less = *more.value < 0;
    more.value = std::abs(*more.value);
    return fmt::format("{} {} {} {}", number_of(percent_text(more)), plus_minus(style_.utf8),
                       percent_text({more.uncertainty, more.uncertainty}), is_less ? "less" : "more");
  }

  // What of the sensors' error is left where both are read by the same ones.
  static std::string sensors_words(const Side& side) {
    if (!side.same_sensors) return "";
    const double left = 1.96 * side.energy.gain_by_load;
    if (left < kLeastPercent) return " (same sensors: their common error cancels)";
    return fmt::format(" (same sensors: their common error cancels but for {}, the loads differ)",
                       percent_text({left, {}}));
  }

  std::string difference_words(Amount difference) const {
    difference.value = std::abs(*difference.value);
    return all_.per ? per_item_text(difference, clean(all_.per->unit), style_) : energy_pair_text(difference, style_);
  }

  const Comparison& all_;
  NumberStyle style_;
  CompareWords out_;
};

}  // namespace

std::string family_words(std::size_t compared, std::size_t tests, std::string_view what) {
  if (compared < 3 || tests == 0) return "";
  return fmt::format("{} {} compared: clear is judged over all {} pairs together", compared, what, tests);
}

std::string least_bias_words(const Comparison& comparison) {
  std::size_t near = 0;
  for (const Side& side : comparison.sides) near += side.figure.value && side.above_least != Verdict::clear;
  if (!comparison.least_is_low_by || comparison.compared < 3 || near < 2) return "";
  return fmt::format("as the least of {} that do not clearly differ it is probably too low, by up to {} in the mean",
                     near, percent_text({*comparison.least_is_low_by, {}}));
}

std::string scope_words(const Scope& scope) {
  if (scope.boundary == pb::BOUNDARY_WALL) return kNodeAtWall;
  if (scope.boundary == pb::BOUNDARY_NODE_DC) return kNodeDc;
  std::string text;
  for (const std::string& domain : scope.domains) {
    const PartWords& words = part_words(domain);
    text += (text.empty() ? "" : ", ") + (words.domain.empty() ? clean(domain) : std::string(words.many));
  }
  if (text.empty()) return "of unknown boundary";
  return text + (scope.gpus == Scope::Gpus::missing ? " without the GPUs" : " and all GPUs");
}

std::string boundary_words(const Comparison& all, const Side& side) {
  return all.common.empty() ? scope_words(side.scope) : "what all have measured, " + domain_words(all.common);
}

std::string work_words(const SharedWork& work) {
  const std::string unit = "per " + clean(work.unit);
  return work.phase.empty() ? unit : unit + ", " + clean(work.phase);
}

CompareWords make_compare_words(const Comparison& comparison, const NumberStyle& style) {
  return Wording(comparison, style).words();
}

}  // namespace nw
