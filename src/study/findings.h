// Findings: computes the answers to three questions from several runs; report/findings*.cc has the words.
//
// Nothing is found that has no test behind it: the tests of all questions are judged together (pairwise.h), so that of
// runs that are all alike at most 5 of 100 such findings name a difference.
//
//   1. Runtime is not energy: what estimates from time and ratings would have given, and how wrong the mean power of
//      one node type is on another.
//   2. Idle accelerators: what idle ones took, and what the same work takes on a node without them.
//   3. Training is not inference: which placement (node type, accelerators used or idle) takes least in each.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/record_fwd.h"
#include "study/accelerators.h"
#include "study/comparison.h"
#include "study/estimates.h"

namespace nw {

// One estimating method, over all runs that it applies to.
struct MethodError {
  Method method = Method::tdp;
  std::size_t n = 0;                      // runs with a figure and a measurement
  std::optional<double> lowest, highest;  // errors; (estimate - measured) / measured
  std::optional<double> median_size;      // of the errors without their signs
  // Most of these errors are larger than what the sensors leave open, judged with the other methods.
  Verdict verdict = Verdict::unknown;
  std::string missing;  // why there is none
};

// The error of a run on `on` estimated by the mean power of `from`.
struct Misled {
  std::string from, on;  // placements
  double error = 0;      // (estimated - measured) / measured
  Amount watts_from, watts_on;
  std::size_t n_from = 0, n_on = 0;
  std::size_t from_at = 0, on_at = 0;  // in RuntimeFinding::powers
  Verdict verdict = Verdict::unknown;  // whether the two powers differ, judged with those of all placements
};

struct RuntimeFinding {
  std::vector<std::pair<const pb::Record*, std::vector<Estimate>>> runs;
  std::vector<MethodError> methods;
  std::vector<Misled> misled;  // those that are clear first, the largest first; each pair in both directions
  Pairwise powers;             // the placements' mean powers against each other
  std::size_t compared = 0;    // how many of them
};

struct UnusedFinding {
  struct Run {
    const pb::Record* record = nullptr;
    std::vector<Accelerator> accelerators;
    std::size_t idle = 0, unknown = 0;
    Amount joules;                   // of the idle ones
    Amount share;                    // of the run's energy
    bool is_offset_assumed = false;  // some idle one's sensor states no offset, which is its largest error when idle
  };
  std::vector<Run> runs;  // those whose node has accelerators
  // Placements of the same work without accelerators, against one with idle ones: what idle accelerators cost.
  struct Elsewhere {
    std::string idle_on, without;  // placements
    Comparison comparison;         // of the two; its base is the one without
    // The variant with idle accelerators, against the one without any; null where the two cannot be ranked.
    const Side* idle_side() const;
  };
  std::vector<Elsewhere> elsewhere;
};

struct PhaseFinding {
  // One application in training or in inference, over the placements.
  struct Part {
    std::string application;
    bool training = false;
    std::string phase;  // its path; empty: whole runs
    Comparison comparison;
  };
  std::vector<Part> parts;
};

struct Findings {
  RuntimeFinding runtime;
  UnusedFinding unused;
  PhaseFinding phases;
  std::size_t tests = 0;  // of all pairs, judged together
};

Findings compute_findings(std::span<const pb::Record* const> records);

// The application of a run, without the word that names its phase: a label "application" (or one that ends so), else
// its name without "train" or "infer" at the end.
std::string application_of(const pb::Record& record);
// Whether a phase of this name is training or inference; nothing where the name shows neither.
std::optional<bool> is_training(std::string_view phase);

}  // namespace nw
