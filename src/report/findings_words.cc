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

std::string tests_words(std::size_t tests) {
  return fmt::format("clear is judged over all {} tests of these findings together", tests);
}

// What the mean power of one placement says of another; only what a test found.
std::string powers_sentence(const RuntimeFinding& finding) {
  if (finding.compared < 2) return "";
  if (finding.powers.tests() == 0)
    return "Whether the mean powers of these placements differ is not known: it takes two runs and more on each.";
  const Misled& first = finding.misled[0];
  if (first.verdict != Verdict::clear)
    return fmt::format("The mean powers of these {} placements do not clearly differ.", finding.compared);
  return fmt::format("A kilowatt-hour per hour of {} says nothing of {}: it is off by {} (n={} and {}).",
                     place(first.from), place(first.on), signed_percent(first.error), first.n_from, first.n_on);
}

FindingWords runtime_words(const RuntimeFinding& finding, std::size_t tests) {
  FindingWords out{"runtime", "Runtime is not energy", "", false, {"Method", "Error", "Median size", "Runs"}, {}, {},
                   ""};
  const MethodError* worst = nullptr;
  bool is_tried = false;
  std::string unknown;
  for (const MethodError& one : finding.methods) {
    const std::string method(name(one.method));
    if (one.n == 0) {
      unknown += fmt::format("{}{} (lacks {})", unknown.empty() ? "" : ", ", method, one.missing);
      continue;
    }
    out.rows.push_back({method, range(one), percent_text({one.median_size, {}}), std::to_string(one.n)});
    is_tried |= one.verdict != Verdict::unknown;
    if (one.verdict == Verdict::clear && (worst == nullptr || *one.median_size > *worst->median_size)) worst = &one;
    out.notes.push_back(fmt::format("{}: {} ({})", method, formula(one.method), origin(one.method)));
  }
  for (std::size_t i = 0; i < finding.misled.size() && i < kMostPairs; ++i) {
    const Misled& one = finding.misled[i];
    if (one.verdict != Verdict::clear) break;  // the clear ones come first
    out.notes.push_back(fmt::format("the {} of {}, taken for {} ({}), would be off by {}", power_text(one.watts_from),
                                    place(one.from), place(one.on), power_text(one.watts_on),
                                    signed_percent(one.error)));
  }
  if (finding.powers.tests() > 0 && tests > 1)
    out.notes.push_back(fmt::format("{} mean powers compared; {}", finding.compared, tests_words(tests)));
  if (!unknown.empty()) out.notes.push_back("not known: " + unknown);
  out.is_known = is_tried || finding.powers.tests() > 0;
  if (worst != nullptr)
    out.sentence =
        fmt::format("Estimates that need no sensor are off by up to {} in the median over {} ({}: {}).",
                    percent_text({worst->median_size, {}}), runs_text(worst->n), name(worst->method), range(*worst));
  else if (is_tried)
    out.sentence = "No estimate that needs no sensor is clearly off: the sensors' own uncertainty is as large.";
  if (const std::string powers = powers_sentence(finding); !powers.empty())
    out.sentence += (out.sentence.empty() ? "" : " ") + powers;
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
    for (const Accelerator& one : run.accelerators) units.add(one.joules, one.power);
  return units;
}

// "54.0 +- 5.9 W"
std::string pair_text(Amount watts, PowerUnit unit, const NumberStyle& style) {
  if (!watts.value || !watts.uncertainty) return power_text(watts, unit);
  const bool is_kw = unit == PowerUnit::kW;
  const Digits digits = bare_digits(watts, is_kw ? 1000 : 1, style.precise);
  return fmt::format("{} {} {} {}", digits.value, plus_minus(style.utf8), digits.uncertainty, is_kw ? "kW" : "W");
}

// "12.1 +- 1.4 %"
std::string share_pair(Amount share, const NumberStyle& style) {
  if (!share.value || !share.uncertainty) return percent_text(share);
  const Digits digits = bare_digits(share, 0.01, style.precise);
  return fmt::format("{} {} {} %", digits.value, plus_minus(style.utf8), digits.uncertainty);
}

void add_devices(const UnusedFinding::Run& run, const ColumnUnits& units, const NumberStyle& style, FindingWords& out) {
  for (const Accelerator& one : run.accelerators) {
    const auto whole = energy_j(run.record->energy());
    out.rows.push_back({fmt::format("{} {}", short_id(*run.record), title(*run.record)), part_label(*one.part),
                        use_words(one), energy_pair_text(one.joules, units.energy(style)),
                        pair_text(one.power, units.power(), style), share_pair(ratio(one.joules, whole), style)});
  }
}

// With many runs, one row for all of one name that used equally many accelerators; peculiarities of a single run are
// notes.
void add_runs(const UnusedFinding& finding, const NumberStyle& style, FindingWords& out) {
  struct Sum {
    std::vector<Amount> joules, watts, shares;

    // The repeats' scatter, and what the sensors' own error contributes to their mean.
    static Amount mean_of(const std::vector<Amount>& amounts) {
      std::vector<double> values, uncertainties;
      for (const Amount& one : amounts) {
        if (one.value) values.push_back(*one.value);
        if (one.value && one.uncertainty) uncertainties.push_back(*one.uncertainty);
      }
      const Amount mean = compute_plain(values).amount();
      if (uncertainties.size() < values.size()) return {mean.value, {}};
      const double own = compute_plain(uncertainties).value.value_or(0);
      return {mean.value, std::hypot(mean.uncertainty.value_or(0), own)};
    }
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const UnusedFinding::Run& run : finding.runs) {
    const std::string use = fmt::format("{} of {} idle{}", run.idle, run.accelerators.size(),
                                        run.unknown > 0 ? fmt::format(", {} not known", run.unknown) : "");
    Sum& sum = sums[{title(*run.record), use}];
    const auto seconds = duration_s(run.record->duration_ns());
    sum.joules.push_back(run.joules), sum.watts.push_back(ratio(run.joules, seconds)), sum.shares.push_back(run.share);
    for (const Accelerator& one : run.accelerators)
      if (one.no_process || one.of_peers)
        out.notes.push_back(fmt::format("{} {}: {} {}", short_id(*run.record), title(*run.record),
                                        part_label(*one.part), use_words(one)));
  }
  ColumnUnits units;
  for (const auto& [key, sum] : sums) units.add(Sum::mean_of(sum.joules), Sum::mean_of(sum.watts));
  for (const auto& [key, sum] : sums)
    out.rows.push_back(
        {key.first, "idle accelerators", key.second, energy_pair_text(Sum::mean_of(sum.joules), units.energy(style)),
         pair_text(Sum::mean_of(sum.watts), units.power(), style), share_pair(Sum::mean_of(sum.shares), style)});
}

std::string idle_sentence(const UnusedFinding& finding, const NumberStyle& style) {
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
                        title(*largest->record), largest->idle, share_pair(largest->share, style));
  return text + ".";
}

std::string elsewhere_words(const UnusedFinding::Elsewhere& one, const NumberStyle& style) {
  const std::string with = place(one.idle_on), without = place(one.without);
  const Side* idle = one.idle_side();
  if (idle == nullptr)
    return fmt::format("{} against {}: {}", with, without, make_compare_words(one.comparison, style).comparable);
  if (!idle->energy.quotient.value) return fmt::format("{} against {}: energy unknown", with, without);
  const auto& per = one.comparison.per;
  const std::string work = per ? ", per " + clean(per->unit) : ", if it was the same: none of it was counted";
  if (idle->verdict == Verdict::one_run)
    return fmt::format("{} against {}: one run on a side is not a verdict; of these runs the energies are as {} to 1{}",
                       with, without, ratio_text(idle->energy.quotient, style), work);
  if (idle->verdict != Verdict::clear)
    return fmt::format("no clear difference in energy between {} and {} for the same work{}", with, without, work);
  return fmt::format("The same work takes {} times the energy on {} that it takes on {}{}",
                     ratio_text(idle->energy.quotient, style), with, without, work);
}

bool is_any_use_known(const UnusedFinding& finding) {
  return std::any_of(finding.runs.begin(), finding.runs.end(),
                     [](const UnusedFinding::Run& run) { return run.unknown < run.accelerators.size(); });
}

FindingWords unused_words(const UnusedFinding& finding, const NumberStyle& style) {
  FindingWords out{"unused",
                   "Idle accelerators",
                   idle_sentence(finding, style),
                   is_any_use_known(finding),
                   {"Run", "Device", "Use", "Energy", "Mean", "Share"},
                   {},
                   {},
                   ""};
  if (finding.runs.size() > kMostRuns)
    add_runs(finding, style, out);
  else
    for (const UnusedFinding::Run& run : finding.runs) add_devices(run, units_of_devices(finding), style, out);
  bool is_said = false, is_tested = false;
  for (const UnusedFinding::Elsewhere& one : finding.elsewhere) {
    const std::string text = elsewhere_words(one, style);
    const Side* idle = one.idle_side();
    const Verdict verdict = idle != nullptr ? idle->verdict : Verdict::unknown;
    is_tested |= verdict == Verdict::clear || verdict == Verdict::unclear;
    if (verdict == Verdict::clear && !is_said) out.sentence += " " + text + ".", is_said = true;
    out.notes.push_back(text);
  }
  if (is_tested && !is_said) out.sentence += " The same work takes no clearly different energy without them.";
  if (std::any_of(finding.runs.begin(), finding.runs.end(), [](const auto& run) { return run.is_offset_assumed; }))
    out.notes.push_back(
        fmt::format("assumed: the idle accelerators' sensors read up to a constant {:g} W too much or too little "
                    "({:g} W on desktop boards), as a standard uncertainty; they state none",
                    Accelerator::kOffsetW, Accelerator::kDesktopOffsetW));
  if (finding.elsewhere.empty() && !finding.runs.empty())
    out.notes.emplace_back(
        "What the same work takes on a node without accelerators is not known: none of the runs is one.");
  out.change =
      "A job that needs no accelerator takes this away by asking for a node without one; only measuring it there "
      "says by how much.";
  return out;
}

// ---- 3

std::string verdict_sentence(const PhaseFinding::Part& verdict, const NumberStyle& style) {
  const Comparison& all = verdict.comparison;
  const std::string what =
      fmt::format("{} of {}", verdict.training ? "training" : "inference", clean(verdict.application));
  if (all.sides.size() < 2) return what + " ran on one placement alone";
  if (!all.is_ranked) return what + ": " + make_compare_words(all, style).comparable;
  if (!all.least) return what + ": no energy is known";
  std::string clear, unclear, single;
  for (std::size_t i = 0; i < all.sides.size(); ++i) {
    if (i == *all.base) continue;
    const Side& side = all.sides[i];
    if (!side.energy.quotient.value) continue;  // its energy is unknown
    std::string& list = side.verdict == Verdict::one_run ? single : unclear;
    if (side.verdict != Verdict::clear)
      list += (list.empty() ? "" : " and ") + place(side.who.label);
    else
      clear += fmt::format("{}{} takes {} times as much", clear.empty() ? "" : ", ", place(side.who.label),
                           ratio_text(side.energy.quotient, style));
  }
  const std::string least = place(all.sides[*all.base].who.label);
  if (clear.empty() && unclear.empty() && single.empty()) return fmt::format("{}: known on {} alone", what, least);
  std::string text;
  if (clear.empty() && unclear.empty())
    return fmt::format("{}: one run on a side is not a verdict ({} and {})", what, least, single);
  if (clear.empty())
    text = fmt::format("in {} no placement takes clearly more energy than {} ({})", what, least, unclear);
  else if (unclear.empty())
    text = fmt::format("in {} {} takes least energy; {}", what, least, clear);
  else
    text = fmt::format("in {} {} and {} take least energy, without a clear difference; {} as {}", what, least, unclear,
                       clear, least);
  if (!single.empty()) text += "; one run is not a verdict on " + single;
  if (!all.per && !all.counts_work) text += " (if they did the same work: none of them counts any)";
  return text;
}

ColumnUnits units_of_verdicts(const PhaseFinding& finding) {
  ColumnUnits units;
  for (const PhaseFinding::Part& verdict : finding.parts)
    for (const Side& side : verdict.comparison.sides) {
      units.add(side.joules.amount());
      if (verdict.comparison.per) units.add_item(clean(verdict.comparison.per->unit), side.figure.amount());
    }
  return units;
}

void add_verdict(const PhaseFinding::Part& verdict, const ColumnUnits& units, const NumberStyle& style,
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

FindingWords phases_words(const PhaseFinding& finding, std::size_t tests, const NumberStyle& style) {
  FindingWords out{"phases",
                   "Training is not inference",
                   "",
                   false,
                   {"Application", "Phase", "Node type", "Runtime", "Energy", "Per unit", "Relative", "n"},
                   {},
                   {},
                   ""};
  const ColumnUnits units = units_of_verdicts(finding);
  std::size_t own = 0;
  for (const PhaseFinding::Part& one : finding.parts) {
    own += one.comparison.pairs.tests();
    add_verdict(one, units, style, out);
    out.sentence += (out.sentence.empty() ? "" : ". ") + capitalised(verdict_sentence(one, style));
    out.is_known |= one.comparison.is_ranked && one.comparison.sides.size() > 1;
  }
  if (own > 0 && tests > 1)
    out.notes.push_back(fmt::format("{} pairs of placements compared; {}", own, tests_words(tests)));
  if (finding.parts.empty()) out.sentence = "No phase or run of these is called training or inference";
  out.sentence += ".";
  out.change =
      "Batch size, precision and the length of a phase move these figures; the verdict holds for the settings "
      "that were run. More repeats narrow the intervals.";
  return out;
}

}  // namespace

std::vector<FindingWords> make_findings_words(const Findings& findings, const NumberStyle& style) {
  return {runtime_words(findings.runtime, findings.tests), unused_words(findings.unused, style),
          phases_words(findings.phases, findings.tests, style)};
}

}  // namespace nw
