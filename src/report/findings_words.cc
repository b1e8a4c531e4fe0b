#include "report/findings_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/compare_words.h"
#include "report/escape.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostPairs = 6, kMostRuns = 3;

std::string place(std::string_view label) { return clean(label); }

std::string signed_percent(double fraction) {
  const double percent = 100 * fraction;
  if (std::abs(percent) < 0.95) return fmt::format("{:+.1f} %", percent);
  return fmt::format("{:+.0f} %", percent);
}

std::string range(const MethodError& one) {
  if (one.n == 1 || signed_percent(*one.lowest) == signed_percent(*one.highest)) return signed_percent(*one.lowest);
  const std::string low = signed_percent(*one.lowest), high = signed_percent(*one.highest);
  return low.substr(0, low.size() - 2) + " to " + high;
}

std::string runs_text(std::size_t n) { return fmt::format("{} run{}", n, n == 1 ? "" : "s"); }

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// ---- 1

FindingWords runtime_words(const RuntimeFinding& finding) {
  FindingWords out{"runtime", "Runtime is not energy", "", false, {"Method", "Error", "Median size", "Runs"}, {}, {},
                   ""};
  const MethodError* worst = nullptr;
  std::string unknown;
  for (const MethodError& one : finding.methods) {
    const std::string method(name(one.method));
    if (one.n == 0) {
      unknown += fmt::format("{}{} (lacks {})", unknown.empty() ? "" : ", ", method, one.missing);
      continue;
    }
    out.rows.push_back({method, range(one), percent_text({one.median_size, {}}), std::to_string(one.n)});
    if (worst == nullptr || *one.median_size > *worst->median_size) worst = &one;
    out.notes.push_back(fmt::format("{}: {} ({})", method, formula(one.method), origin(one.method)));
  }
  for (std::size_t i = 0; i < finding.misled.size() && i < kMostPairs; ++i) {
    const Misled& one = finding.misled[i];
    out.notes.push_back(fmt::format("the {} of {}, taken for {} ({}), would be off by {}", power_text(one.watts_from),
                                    place(one.from), place(one.on), power_text(one.watts_on),
                                    signed_percent(one.error)));
  }
  if (!unknown.empty()) out.notes.push_back("not known: " + unknown);
  out.is_known = worst != nullptr || !finding.misled.empty();
  if (worst != nullptr)
    out.sentence =
        fmt::format("Estimates that need no sensor are off by up to {} in the median over {} ({}: {}).",
                    percent_text({worst->median_size, {}}), runs_text(worst->n), name(worst->method), range(*worst));
  if (!finding.misled.empty())
    out.sentence += fmt::format("{}A kilowatt-hour per hour of {} says nothing of {}: it is off by {}.",
                                out.sentence.empty() ? "" : " ", place(finding.misled[0].from),
                                place(finding.misled[0].on), signed_percent(finding.misled[0].error));
  if (!out.is_known)
    out.sentence = "Nothing can be said: none of these runs was measured, or nothing is known to estimate it from.";
  out.change =
      "The errors are those of these runs: another load on the same node moves the estimates and the measurement "
      "differently. An error is against what the run's sensors take in; where that is less than the node, the "
      "estimate of the node is larger by right.";
  return out;
}

// ---- 2

std::string use_words(const Accelerator& one) {
  std::string text = one.use == Accelerator::Use::idle   ? "idle"
                     : one.use == Accelerator::Use::busy ? "worked"
                                                         : "not known";
  if (one.basis == Accelerator::Basis::driver) text += ", by its driver";
  if (one.basis == Accelerator::Basis::power) text += ", by its power";
  if (one.no_process) text += "; allocated, and no process was on it";
  if (one.of_peers) text += fmt::format("; {} of its peers' power", percent_text({one.of_peers, {}}));
  return text;
}

ColumnUnits units_of_devices(const UnusedFinding& finding) {
  ColumnUnits units;
  for (const UnusedFinding::Run& run : finding.runs)
    for (const Accelerator& one : run.accelerators) units.add(energy_amount(one.part->energy()), {one.watts, {}});
  return units;
}

void add_devices(const UnusedFinding::Run& run, const ColumnUnits& units, const NumberStyle& style, FindingWords& out) {
  for (const Accelerator& one : run.accelerators) {
    const Amount joules = energy_amount(one.part->energy());
    const auto whole = energy_j(run.record->energy());
    out.rows.push_back({fmt::format("{} {}", short_id(*run.record), title(*run.record)), part_label(*one.part),
                        use_words(one), energy_pair_text(joules, units.energy(style)),
                        power_text({one.watts, {}}, units.power()), percent_text(ratio({joules.value, {}}, whole))});
  }
}

// With many runs, one row for all of one name that used equally many accelerators; peculiarities of a single run are
// notes.
void add_runs(const UnusedFinding& finding, const NumberStyle& style, FindingWords& out) {
  struct Sum {
    std::vector<double> joules, uncertainties, watts, shares;

    // The repeats' scatter, and what the sensors' own error contributes to their mean.
    Amount energy() const {
      Amount mean = compute_plain(joules).amount();
      if (uncertainties.size() < joules.size()) return {mean.value, {}};
      const double own = compute_plain(uncertainties).value.value_or(0);
      return {mean.value, std::hypot(mean.uncertainty.value_or(0), own)};
    }
    Amount power() const { return {compute_plain(watts).value, {}}; }
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const UnusedFinding::Run& run : finding.runs) {
    const std::string use = fmt::format("{} of {} idle{}", run.idle, run.accelerators.size(),
                                        run.unknown > 0 ? fmt::format(", {} not known", run.unknown) : "");
    Sum& sum = sums[{title(*run.record), use}];
    const auto seconds = duration_s(run.record->duration_ns());
    if (run.joules.value) sum.joules.push_back(*run.joules.value);
    if (run.joules.value && run.joules.uncertainty) sum.uncertainties.push_back(*run.joules.uncertainty);
    if (run.joules.value && seconds) sum.watts.push_back(*run.joules.value / *seconds);
    if (run.share.value) sum.shares.push_back(*run.share.value);
    for (const Accelerator& one : run.accelerators)
      if (one.no_process || one.of_peers)
        out.notes.push_back(fmt::format("{} {}: {} {}", short_id(*run.record), title(*run.record),
                                        part_label(*one.part), use_words(one)));
  }
  ColumnUnits units;
  for (const auto& [key, sum] : sums) units.add(sum.energy(), sum.power());
  for (const auto& [key, sum] : sums)
    out.rows.push_back({key.first, "idle accelerators", key.second, energy_pair_text(sum.energy(), units.energy(style)),
                        power_text(sum.power(), units.power()), percent_text({compute_plain(sum.shares).value, {}})});
}

std::string idle_sentence(const UnusedFinding& finding) {
  std::size_t runs = 0, unknown = 0;
  const UnusedFinding::Run* largest = nullptr;
  for (const UnusedFinding::Run& run : finding.runs) {
    runs += run.idle > 0, unknown += run.unknown > 0;
    if (run.share.value && (largest == nullptr || *run.share.value > *largest->share.value)) largest = &run;
  }
  if (finding.runs.empty()) return "No accelerator with an energy of its own was on these runs' nodes.";
  if (runs == 0)
    return unknown > 0 ? "Whether the accelerators worked is not known of " + runs_text(unknown) + "."
                       : "Every accelerator worked in " + runs_text(finding.runs.size()) + ".";
  std::string text = fmt::format("Idle accelerators took energy in {} of {}", runs, runs_text(finding.runs.size()));
  if (largest != nullptr)
    text += fmt::format(": in {} {}, {} of them took {} of the run's energy", short_id(*largest->record),
                        title(*largest->record), largest->idle, percent_text(largest->share));
  return text + ".";
}

std::string elsewhere_words(const UnusedFinding::Elsewhere& one, const NumberStyle& style) {
  const std::string with = place(one.idle_on), without = place(one.without);
  const Ratio ratio = one.ratio();
  if (!one.comparison.is_ranked)
    return fmt::format("{} against {}: {}", with, without, make_compare_words(one.comparison, style).comparable);
  if (!ratio.quotient.value) return fmt::format("{} against {}: energy unknown", with, without);
  const auto& per = one.comparison.per;
  return fmt::format("The same work takes {} times the energy on {} that it takes on {}{}{}",
                     ratio_text(ratio.quotient, style), with, without,
                     per ? ", per " + clean(per->unit) : ", if it was the same: none of it was counted",
                     ratio.clear ? "" : " (no clear difference)");
}

bool is_any_use_known(const UnusedFinding& finding) {
  return std::any_of(finding.runs.begin(), finding.runs.end(),
                     [](const UnusedFinding::Run& run) { return run.unknown < run.accelerators.size(); });
}

FindingWords unused_words(const UnusedFinding& finding, const NumberStyle& style) {
  FindingWords out{"unused",
                   "Idle accelerators",
                   idle_sentence(finding),
                   is_any_use_known(finding),
                   {"Run", "Device", "Use", "Energy", "Mean", "Share"},
                   {},
                   {},
                   ""};
  if (finding.runs.size() > kMostRuns)
    add_runs(finding, style, out);
  else
    for (const UnusedFinding::Run& run : finding.runs) add_devices(run, units_of_devices(finding), style, out);
  bool is_said = false;
  for (const UnusedFinding::Elsewhere& one : finding.elsewhere) {
    const std::string text = elsewhere_words(one, style);
    if (one.ratio().quotient.value && !is_said) out.sentence += " " + text + ".", is_said = true;
    out.notes.push_back(text);
  }
  if (finding.elsewhere.empty() && !finding.runs.empty())
    out.notes.emplace_back(
        "What the same work takes on a node without accelerators is not known: none of the runs is one.");
  out.change =
      "A job that needs no accelerator takes this away by asking for a node without one; only measuring it there "
      "says by how much.";
  return out;
}

// ---- 3

std::string verdict_sentence(const PhaseFinding::Verdict& verdict, const NumberStyle& style) {
  const Comparison& all = verdict.comparison;
  const std::string what =
      fmt::format("{} of {}", verdict.training ? "training" : "inference", clean(verdict.application));
  if (all.sides.size() < 2) return what + " ran on one placement alone";
  if (!all.is_ranked) return what + ": " + make_compare_words(all, style).comparable;
  if (!all.least) return what + ": no energy is known";
  std::string clear, unclear;
  for (std::size_t i = 0; i < all.sides.size(); ++i) {
    if (i == *all.base) continue;
    const Ratio& energy = all.sides[i].energy;
    if (!energy.quotient.value) continue;  // its energy is unknown
    if (!energy.clear)
      unclear += (unclear.empty() ? "" : " and ") + place(all.sides[i].who.label);
    else
      clear += fmt::format("{}{} takes {} times as much", clear.empty() ? "" : ", ", place(all.sides[i].who.label),
                           ratio_text(energy.quotient, style));
  }
  std::string text = fmt::format("in {} {} takes least energy", what, place(all.sides[*all.base].who.label));
  if (!clear.empty()) text += "; " + clear;
  if (!unclear.empty()) text += "; no clear difference to " + unclear;
  if (!all.per && !all.counts_work) text += " (if they did the same work: none of them counts any)";
  return text;
}

ColumnUnits units_of_verdicts(const PhaseFinding& finding) {
  ColumnUnits units;
  for (const PhaseFinding::Verdict& verdict : finding.verdicts)
    for (const Side& side : verdict.comparison.sides) {
      units.add(side.joules.amount());
      if (verdict.comparison.per) units.add_item(clean(verdict.comparison.per->unit), side.figure.amount());
    }
  return units;
}

void add_verdict(const PhaseFinding::Verdict& verdict, const ColumnUnits& units, const NumberStyle& style,
                 FindingWords& out) {
  const Comparison& all = verdict.comparison;
  const std::string item = all.per ? clean(all.per->unit) : "";
  for (const Side& side : all.sides)
    out.rows.push_back(
        {clean(verdict.application), verdict.training ? "training" : "inference", place(side.who.label),
         duration_text(side.seconds.value), energy_pair_text(side.joules.amount(), units.energy(style)),
         all.per ? per_item_text(side.figure.amount(), item, style, units.item(item, style)) : std::string(kUnknown),
         all.is_ranked ? ratio_text(side.energy.quotient, style) : std::string(kUnknown),
         std::to_string(side.joules.n)});
}

FindingWords phases_words(const PhaseFinding& finding, const NumberStyle& style) {
  FindingWords out{"phases",
                   "Training is not inference",
                   "",
                   false,
                   {"Application", "Phase", "Node type", "Runtime", "Energy", "Per unit", "Relative", "n"},
                   {},
                   {},
                   ""};
  const ColumnUnits units = units_of_verdicts(finding);
  for (const PhaseFinding::Verdict& one : finding.verdicts) {
    add_verdict(one, units, style, out);
    out.sentence += (out.sentence.empty() ? "" : ". ") + capitalised(verdict_sentence(one, style));
    out.is_known |= one.comparison.is_ranked && one.comparison.sides.size() > 1;
  }
  if (finding.verdicts.empty()) out.sentence = "No phase or run of these is called training or inference";
  out.sentence += ".";
  out.change =
      "Batch size, precision and the length of a phase move these figures; the verdict holds for the settings "
      "that were run. More repeats narrow the intervals.";
  return out;
}

}  // namespace

std::vector<FindingWords> make_findings_words(const Findings& findings, const NumberStyle& style) {
  return {runtime_words(findings.runtime), unused_words(findings.unused, style), phases_words(findings.phases, style)};
}

}  // namespace nw
