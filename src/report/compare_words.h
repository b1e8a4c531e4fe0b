// The printed text of a comparison, the same for every format: a line a figure, a cell a variant, and the sentences
// below.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/number.h"
#include "study/comparison.h"

namespace nw {

struct CompareLine {
  std::string name;
  std::vector<std::string> cells;  // one a variant
};

struct CompareWords {
  std::vector<std::string> labels;  // one a variant; clean
  std::vector<CompareLine> lines;
  std::vector<std::string> differences;  // "batch_size: 512 / 256"
  std::string comparable;                // whether the variants may be ranked, and by what
  bool is_refused = false;
  std::vector<std::string> verdicts;
};

CompareWords make_compare_words(const Comparison& comparison, const NumberStyle& style);

// "8 variants compared, 28 pairs tested together"; empty where two alone were compared.
std::string family_words(std::size_t compared, std::size_t tests, std::string_view what);
// "as the least of 4 that do not differ clearly, it is probably too low, by some 1.2 %"; empty where it is no matter.
std::string least_bias_words(const Comparison& comparison);

// "the whole node, at the wall (AC)"; "Memory, CPU packages and all GPUs".
std::string scope_words(const Scope& scope);
// The same, or the parts to which the energies were reduced.
std::string boundary_words(const Comparison& all, const Side& side);
// "per sample, train"
std::string work_words(const SharedWork& work);

}  // namespace nw
