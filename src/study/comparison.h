// Comparison: variants compared with each other, with everything that a table, a picture or a ranking of them needs.
// Only like is ranked with like: the same work, the same scope, and energies that were measured nearly all of the time.
// What differs is listed in `refusals`; the figures are still shown side by side. With `allow_mixed`, energies of
// different scope are compared by the parts that all variants have (where there are none, they stay refused), and other
// variants are ranked although they were refused.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "study/pairwise.h"
#include "study/ratio.h"
#include "study/run_group.h"

namespace nw {

struct ComparisonOptions {
  GroupBy by = GroupBy::group;
  std::string key = {};    // of GroupBy::label
  std::string phase = {};  // the figures are this phase's, not the runs'
  std::string per = {};    // unit of work to rank by; empty: the first that all variants share
  std::string base = {};  // reference of the ratios: a variant's label, or the beginning of its first run's uid; empty:
                          // the variant with the least
  bool allow_mixed = false;
};

struct Incomparable {
  enum class Why : unsigned char {
    scope,      // the energies include different things
    nothing,    // and no part of them is in all variants, so that nothing can be allowed
    coverage,   // too little of it was measured
    kind,       // one is an estimate, another is measured
    played,     // one is from a simulated machine, another is real
    work,       // they did different work, by name and amount
    unit,       // no unit of work that all of them share, though some report work
    wanted,     // the unit that was asked for is missing somewhere
    failed,     // none of a variant's runs ended well
    restarted,  // its energy includes failed attempts
  };
  Why why = Why::scope;
  std::size_t side = 0, other = 0;  // which variants differ; equal where one alone is meant, or is mixed in itself
};

struct Side {
  RunGroup who;
  Mean seconds, joules, watts;     // of the run, or of the variant's phase
  std::vector<Mean> per_unit;      // one for each of Comparison::works
  Mean figure, pace, product;      // what is ranked: energy, time, and their product, by the unit where there is one
  std::optional<double> amount;    // mean work in the unit that is ranked by
  std::optional<double> coverage;  // the lowest of the runs
  pb::Kind kind{};
  Scope scope;

  // Against the base.
  Ratio energy, time, delay;
  Verdict verdict = Verdict::unknown;  // of its energy against the base's, judged with all other pairs (pairwise.h)
  bool same_sensors = false;           // as the base: the common error cancels
  // Ranks by energy, time and energy-delay product, from 1; 0: unknown, or nothing is ranked.
  std::size_t energy_place = 0, time_place = 0, product_place = 0;
  Verdict above_least = Verdict::unknown;  // whether it is clearly above the variant with the least energy
  bool on_front = false;                   // no other variant takes both less energy and less time
};

struct Comparison {
  std::vector<Side> sides;
  std::vector<SharedWork> works;  // that all variants have done, at most kMostWorks
  std::optional<SharedWork> per;  // by which it is ranked; nothing: by whole runs
  bool counts_work = false;       // some variant reports its work
  bool same_amount = false;       // the amounts of work agree to 1 %
  bool is_ranked = false;
  std::optional<std::size_t> base;
  std::optional<std::size_t> least;  // the variant with the smallest figure
  std::size_t compared = 0;          // variants whose figure is known
  Pairwise pairs;                    // every pair of them, where they are ranked
  // The least of several noisy figures is below its own true value more often than above it. By how much in the mean,
  // relative to it, if those that are not clearly above it are in truth as good; unknown where their scatter is.
  std::optional<double> least_is_low_by;
  std::vector<Incomparable> incomparables;
  std::vector<Difference> differences;
  std::vector<std::string> common;    // domains to which energies were reduced
  std::vector<std::string> left_out;  // what some variants have measured beside them
  static constexpr std::size_t kMostWorks = 6;
  static constexpr double kLeastCoverage = 0.95;
};

// Judges the pairs of several comparisons as one family, with `others` beside them, so that of all of them together at
// most 5 of 100 call a difference clear that is none.
void judge_together(std::span<Comparison* const> all, std::span<Pairwise* const> others = {});

// The error says which base or key is not there.
Result<Comparison> compare(std::span<const pb::Record* const> records, const ComparisonOptions& options = {});

}  // namespace nw
