// Finding 2 in words: what idle accelerators took, each figure with its interval, and what the same work takes without
// them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/compare_words.h"
#include "report/escape.h"
#include "report/findings_words.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostRuns = 3;

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

// Whether what they took is more than their sensors' error.
bool took_energy(const UnusedFinding::Run& run) {
  return run.joules.value && run.joules.uncertainty.value_or(0) > 0 && *run.joules.value > *run.joules.uncertainty;
}

std::string idle_sentence(const UnusedFinding& finding, const NumberStyle& style) {
  std::size_t runs = 0, took = 0, unknown = 0;
  const UnusedFinding::Run* largest = nullptr;
  for (const UnusedFinding::Run& run : finding.runs) {
    runs += run.idle > 0, unknown += run.unknown > 0, took += took_energy(run);
    if (took_energy(run) && run.share.value && (largest == nullptr || *run.share.value > *largest->share.value))
      largest = &run;
  }
  if (finding.runs.empty()) return "No accelerator with an energy of its own was on these runs' nodes.";
  if (runs == 0)
    return unknown > 0 ? "Whether the accelerators worked is not known of " + runs_text(unknown) + "."
                       : "Every accelerator worked in " + runs_text(finding.runs.size()) + ".";
  if (took == 0)
    return fmt::format("Accelerators were idle in {} of {}; what they took is not more than their sensors' error.",
                       runs, runs_text(finding.runs.size()));
  std::string text = fmt::format("Idle accelerators took energy in {} of {}", took, runs_text(finding.runs.size()));
  if (largest != nullptr)
    text += fmt::format(": in {} {}, {} of them took {} of the run's energy", short_id(*largest->record),
                        title(*largest->record), largest->idle, share_pair(largest->share, style));
  return text + ".";
}

std::string elsewhere_words(const UnusedFinding::Elsewhere& one, const NumberStyle& style) {
  const std::string with = clean(one.idle_on), without = clean(one.without);
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

}  // namespace

FindingWords make_unused_words(const UnusedFinding& finding, const NumberStyle& style) {
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

}  // namespace nw
