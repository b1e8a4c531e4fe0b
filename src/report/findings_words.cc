#include "report/findings_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/compare_words.h"
#include "report/escape.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostPairs = 6;

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
  return {runtime_words(findings.runtime, findings.tests), make_unused_words(findings.unused, style),
          phases_words(findings.phases, findings.tests, style)};
}

}  // namespace nw
