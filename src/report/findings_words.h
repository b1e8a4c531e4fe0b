// The text of the three findings: for each one plain sentence, the figures behind it, and what would change it. Every
// format prints these.
#pragma once

#include <string>
#include <vector>

#include "report/number.h"
#include "study/findings.h"

namespace nw {

struct FindingWords {
  std::string key;                             // "runtime"
  std::string title;                           // "Runtime is not energy"
  std::string sentence;                        // clean; what was found, or that nothing can be said
  bool is_known = false;                       // else the page has only the sentence
  std::vector<std::string> head;               // headings of the figures; empty where there are none
  std::vector<std::vector<std::string>> rows;  // a cell a column
  std::vector<std::string> notes;
  std::string change;  // what would change it
};

inline std::string runs_text(std::size_t n) { return std::to_string(n) + (n == 1 ? " run" : " runs"); }

FindingWords make_unused_words(const UnusedFinding& finding, const NumberStyle& style);

std::vector<FindingWords> make_findings_words(const Findings& findings, const NumberStyle& style);

}  // namespace nw
