// Swept: the result of a sweep, ready to be printed: its configurations, the comparison of those that have figures, and
// the sentences about them. Figures come from the comparison (study/comparison.h) alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/report.h"
#include "report/table.h"
#include "study/comparison.h"

namespace nw {

struct SweptPoint {
  std::string label;                 // "threads=4, batch_size=32"; foreign text
  std::vector<std::string> values;   // one a dimension
  std::size_t done = 0, wanted = 0;  // measured runs
  std::string failure;               // "run 2: exit 3"; empty: none
  std::optional<std::size_t> side;   // variant of the comparison; a point that failed or has no run yet has none
};

struct Swept {
  std::string id, command, host;
  std::uint64_t seed = 0;
  std::vector<std::string> dimensions;
  std::vector<SweptPoint> points;
  std::vector<std::string> order;    // "threads=4, batch_size=32 run 1"
  Comparison comparison;             // against the variant with the least energy; its variants have the points' labels
  std::vector<std::string> remarks;  // how the sweep went: unfinished, not cooled down
};

// Points whose energy is not clearly above the least, as indices into `points`; nothing where nothing is ranked.
std::vector<std::size_t> compute_unclear(const Swept& swept);
// The point with the least energy; nothing where none is known, or the points cannot be ranked.
std::optional<std::size_t> find_least(const Swept& swept);

// One line a point, best first, and the remarks below: the same for every format.
Table make_swept_table(const Swept& swept, const NumberStyle& style);
std::vector<std::string> swept_sentences(const Swept& swept, const NumberStyle& style);

std::string make_swept_text(const Swept& swept, const TextStyle& style);
std::string make_swept_markdown(const Swept& swept);
std::string make_swept_html(const Swept& swept);
std::string make_swept_csv(const Swept& swept);
std::string make_swept_json(const Swept& swept);

}  // namespace nw
