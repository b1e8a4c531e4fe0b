#include "study/findings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "base/parse.h"
#include "record/record.pb.h"
#include "study/likeness.h"

namespace nw {

namespace {

using Pointers = std::vector<const pb::Record*>;

constexpr std::array<std::string_view, 4> kTraining{"train", "training", "fit", "finetune"};
constexpr std::array<std::string_view, 6> kInference{"infer",      "inference", "predict",
                                                     "prediction", "generate",  "serve"};

bool is_measured(const pb::Record& record) {
  return record.energy().kind() != pb::KIND_ESTIMATED && energy_j(record.energy()).has_value();
}

// Variants by placement: the label and its runs.
std::vector<RunGroup> placements(const Pointers& records) { return make_run_groups(records, GroupBy::placement); }

std::string application_and_kind(const pb::Record& record) { return application_of(record) + "\n" + record.name(); }

// ---- 1. Runtime

// The probability that a right estimate is this far from the measurement: the sensors' uncertainty alone is between
// them.
std::optional<double> compute_chance(const pb::Record& record, const Estimate& one) {
  const auto measured = energy_j(record.energy()), half = uncertainty_j(record.energy());
  if (!one.joules || !measured || !half || !(*half > 0)) return std::nullopt;
  return student_tail(1.96 * (*one.joules - *measured) / *half, std::numeric_limits<double>::infinity());
}

MethodError summarise_method(Method method, const RuntimeFinding& finding) {
  MethodError out;
  out.method = method;
  std::vector<double> sizes;
  for (const auto& [record, estimates] : finding.runs) {
    const Estimate& one = estimates[static_cast<std::size_t>(method)];
    if (!one.error) {
      if (out.missing.empty()) out.missing = one.missing.empty() ? "a measured energy" : one.missing;
      continue;
    }
    out.lowest = std::min(out.lowest.value_or(*one.error), *one.error);
    out.highest = std::max(out.highest.value_or(*one.error), *one.error);
    sizes.push_back(std::abs(*one.error));
  }
  out.n = sizes.size();
  if (sizes.empty()) return out;
  out.missing.clear();
  out.median_size = compute_median(std::move(sizes));
  return out;
}

// Mean powers of measured runs, to compare each run with those of other applications on such a node: what a site knows
// of the node before this one ran.
class Powers {
 public:
  void add(const pb::Record& record, const std::string& type) {
    const auto watts = mean_power_w(record.energy(), record.duration_ns());
    if (!watts || !is_measured(record)) return;
    for (Sum* sum : {&by_type_[type], &by_application_[{type, application_and_kind(record)}]})
      sum->watts += *watts, ++sum->n;
  }

  std::optional<double> of_others(const pb::Record& record, const std::string& type) const {
    const Sum all = find(by_type_, type), own = find(by_application_, {type, application_and_kind(record)});
    if (all.n == own.n) return std::nullopt;
    return (all.watts - own.watts) / static_cast<double>(all.n - own.n);
  }

 private:
  struct Sum {
    double watts = 0;
    std::size_t n = 0;
  };
  template <class Key>
  static Sum find(const std::map<Key, Sum>& sums, const Key& key) {
    const auto found = sums.find(key);
    return found == sums.end() ? Sum{} : found->second;
  }

  std::map<std::string, Sum> by_type_;
  std::map<std::pair<std::string, std::string>, Sum> by_application_;
};

// A method has as its chance the median of its runs': the sensors' error is mostly one for all of them, so that more
// runs prove no more.
void judge_methods(RuntimeFinding& finding) {
  std::vector<double> chances;
  std::vector<MethodError*> judged;
  for (MethodError& method : finding.methods) {
    std::vector<double> of_runs;
    for (const auto& [record, estimates] : finding.runs)
      if (const auto chance = compute_chance(*record, estimates[static_cast<std::size_t>(method.method)]))
        of_runs.push_back(*chance);
    if (const auto median = compute_median(std::move(of_runs))) chances.push_back(*median), judged.push_back(&method);
  }
  const std::vector<bool> clear = judge_chances(chances);
  for (std::size_t i = 0; i < judged.size(); ++i) judged[i]->verdict = clear[i] ? Verdict::clear : Verdict::unclear;
}

// The mean power of one placement.
struct Power {
  std::string label;
  Mean watts;
  Scope scope;
  bool is_played = false;
  Load load;
};

std::vector<Power> find_powers(const Pointers& records) {
  std::vector<Power> powers;
  for (const RunGroup& side : placements(records))
    if (Mean watts = compute_power(measurements(side, "")); watts.value && *watts.value > 0) {
      const Load load = make_load(side, watts.value);
      powers.push_back(
          {side.label, std::move(watts), compute_scope(side.first()), !side.first().node().played().empty(), load});
    }
  return powers;
}

Pairwise test_powers(const std::vector<Power>& powers) {
  Pairwise pairs(powers.size());
  for (std::size_t a = 0; a < powers.size(); ++a)
    for (std::size_t b = a + 1; b < powers.size(); ++b) {
      const Power &one = powers[a], &other = powers[b];
      if (one.scope != other.scope || one.is_played != other.is_played) continue;  // not the same quantity
      test_pair(pairs, a, b, one.watts, other.watts, compute_likeness(one.load, other.load));
    }
  return pairs;
}

void find_misled(const Pointers& records, RuntimeFinding& finding) {
  const std::vector<Power> powers = find_powers(records);
  finding.powers = test_powers(powers);
  finding.compared = powers.size();
  for (std::size_t from = 0; from < powers.size(); ++from)
    for (std::size_t on = 0; on < powers.size(); ++on) {
      if (from == on) continue;
      const Mean &a = powers[from].watts, &b = powers[on].watts;
      finding.misled.push_back({powers[from].label, powers[on].label, *a.value / *b.value - 1, a.amount(), b.amount(),
                                a.n, b.n, from, on, Verdict::unknown});
    }
}

RuntimeFinding find_runtime(const Pointers& records) {
  RuntimeFinding finding;
  std::map<const pb::Record*, std::string> types;
  Powers powers;
  for (const RunGroup& side : make_run_groups(records, GroupBy::node_type))
    for (const pb::Record* record : side.runs) types[record] = side.label, powers.add(*record, side.label);
  for (const pb::Record* record : records)
    if (const auto type = types.find(record); type != types.end())
      finding.runs.emplace_back(record, compute_estimates(*record, powers.of_others(*record, type->second)));
  for (const Method method : kMethods) finding.methods.push_back(summarise_method(method, finding));
  judge_methods(finding);
  Pointers measured;
  std::copy_if(records.begin(), records.end(), std::back_inserter(measured),
               [](const auto* one) { return is_measured(*one); });
  find_misled(measured, finding);
  return finding;
}

// ---- 2. Idle accelerators

UnusedFinding::Run judge_run(const pb::Record& record) {
  UnusedFinding::Run run;
  run.record = &record;
  run.accelerators = classify_accelerators(record);
  double joules = 0, uncertainty = 0;  // of one kind: their uncertainties add up
  for (const Accelerator& one : run.accelerators) {
    run.unknown += one.use == Accelerator::Use::unknown;
    if (one.use != Accelerator::Use::idle) continue;
    ++run.idle;
    joules += one.joules.value.value_or(0);
    uncertainty += one.joules.uncertainty.value_or(0);
    run.is_offset_assumed |= one.is_offset_assumed;
  }
  if (run.idle == 0) return run;
  run.joules = {joules, uncertainty};
  const auto whole = energy_j(record.energy());
  // The share's uncertainty is that of the GPUs' energy: they are a small part, so the node's uncertainty has little
  // effect.
  if (whole && *whole > 0 && is_measured(record)) run.share = ratio(run.joules, whole);
  return run;
}

// The same work by application and name: with idle accelerators, against every placement without any.
void find_elsewhere(const Pointers& records, UnusedFinding& finding) {
  std::map<std::string, Pointers> alike;
  for (const pb::Record* record : records)
    if (is_measured(*record)) alike[application_and_kind(*record)].push_back(record);
  for (const auto& [key, runs] : alike) {
    const auto sides = placements(runs);
    for (const RunGroup& with : sides) {
      if (placement(with.first()) != Placement::all_idle) continue;
      for (const RunGroup& without : sides) {
        if (placement(without.first()) != Placement::no_accelerators) continue;
        Pointers both = with.runs;
        both.insert(both.end(), without.runs.begin(), without.runs.end());
        auto found = compare(both, {.by = GroupBy::placement, .base = without.label});
        if (!found || found->sides.size() != 2) continue;
        finding.elsewhere.push_back({with.label, without.label, std::move(*found)});
      }
    }
  }
}

UnusedFinding find_unused(const Pointers& records) {
  UnusedFinding finding;
  for (const pb::Record* record : records)
    if (auto run = judge_run(*record); !run.accelerators.empty()) finding.runs.push_back(std::move(run));
  find_elsewhere(records, finding);
  return finding;
}

// ---- 3. Training and inference

// Which parts of a run are training or inference: its outermost phases by their names, else the run by its own name.
std::vector<std::pair<std::string, bool>> telling_parts(const pb::Record& record) {
  std::vector<std::pair<std::string, bool>> parts;
  for (const pb::Phase& phase : record.phases())
    if (phase.path().find('/') == std::string::npos)
      if (const auto training = is_training(phase.path())) parts.emplace_back(phase.path(), *training);
  if (!parts.empty()) return parts;
  const std::string_view name = record.name();
  if (const auto training = is_training(name.substr(name.rfind(' ') + 1))) parts.emplace_back("", *training);
  return parts;
}

PhaseFinding find_phases(const Pointers& records) {
  struct Key {
    std::string application;
    bool inference = false;
    std::string phase;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Pointers> parts;
  for (const pb::Record* record : records)
    for (const auto& [phase, training] : telling_parts(*record))
      parts[{application_of(*record), !training, phase}].push_back(record);
  PhaseFinding finding;
  for (const auto& [key, runs] : parts) {
    ComparisonOptions options;
    options.by = GroupBy::placement;
    options.phase = key.phase;
    if (auto found = compare(runs, options))
      finding.parts.push_back({key.application, !key.inference, key.phase, std::move(*found)});
  }
  return finding;
}

// All tests are one family.
void judge_all(Findings& found) {
  std::vector<Comparison*> comparisons;
  for (auto& one : found.unused.elsewhere) comparisons.push_back(&one.comparison);
  for (auto& one : found.phases.parts) comparisons.push_back(&one.comparison);
  Pairwise* const powers[] = {&found.runtime.powers};
  judge_together(comparisons, powers);
  found.tests = found.runtime.powers.tests();
  for (const Comparison* one : comparisons) found.tests += one->pairs.tests();
  auto& misled = found.runtime.misled;
  for (Misled& one : misled) one.verdict = found.runtime.powers.of(one.from_at, one.on_at);
  std::stable_sort(misled.begin(), misled.end(), [](const Misled& a, const Misled& b) {
    const bool is_clear = a.verdict == Verdict::clear;
    if (is_clear != (b.verdict == Verdict::clear)) return is_clear;
    return std::abs(a.error) > std::abs(b.error);
  });
}

}  // namespace

const Side* UnusedFinding::Elsewhere::idle_side() const {
  for (const Side& side : comparison.sides)
    if (comparison.is_ranked && side.who.label == idle_on) return &side;
  return nullptr;
}

Findings compute_findings(std::span<const pb::Record* const> records) {
  Pointers all;
  for (const pb::Record* record : records)
    if (!record->warmup()) all.push_back(record);
  Findings found{find_runtime(all), find_unused(all), find_phases(all), 0};
  judge_all(found);
  return found;
}

std::string application_of(const pb::Record& record) {
  for (const pb::Label& label : record.labels())
    if (label.key() == "application" || label.key().ends_with(".application")) return label.value();
  const std::string& name = record.name().empty() ? record.program() : record.name();
  const auto space = name.rfind(' ');
  return space != name.npos && is_training(std::string_view(name).substr(space + 1)) ? name.substr(0, space) : name;
}

std::optional<bool> is_training(std::string_view phase) {
  const auto names = [&](const auto& words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return phase == word; });
  };
  if (names(kTraining)) return true;
  return names(kInference) ? std::optional(false) : std::nullopt;
}

}  // namespace nw
