// Ratio: two means compared: quotient and difference, each with its 95 % interval, and how likely chance alone makes
// such a difference.
//
// Where both were measured by the same sensors of one node, their systematic terms affect both alike and cancel term by
// term: a gain in the quotient, an offset as far as both took the same time per joule. A gain does not cancel wholly:
// it moves with the load. By the public data of Yang et al. (SC24) an A100 reads 0.926 of the truth when idle and 0.947
// under load, an RTX 4090 0.74 and 0.99. So a standard uncertainty of 1 % of the quotient stays for two loads that are
// the sensor's whole range apart, and less in proportion; consumer boards may do worse. Across nodes nothing cancels:
// two sensors of one type may or may not err the same way, and no vendor states which. Random terms are independent.
//
// What is random has Student's factor for the degrees of freedom by Welch and Satterthwaite (JCGM 100, G.4); what the
// runs share, whose uncertainty does not come from few runs, has the normal one; the two half-widths are added in
// quadrature. One formula of Satterthwaite over both would give two runs more degrees of freedom the more uncertain the
// sensors are, and a narrower interval for a larger error.
#pragma once

#include <optional>

#include "study/likeness.h"
#include "study/pairwise.h"
#include "study/repeats.h"

namespace nw {

struct Ratio {
  Amount quotient;          // a / b; unknown where either is, or b is not above zero
  Amount difference;        // a - b
  double gain_by_load = 0;  // standard uncertainty that a gain which moves with the load leaves in the quotient
  // Each side is one run, or one is: how far further runs would scatter is not known, and the intervals are of these
  // runs alone.
  bool is_of_these_runs = false;
};

Ratio compute_ratio(const Mean& a, const Mean& b, Likeness likeness);

// The probability that two equal means differ by this much or more: two-sided, by Welch's test, whichever is the base.
// Nothing where either side has fewer than two runs, or the runs neither scatter nor say how far they may.
std::optional<double> compute_chance(const Mean& a, const Mean& b, Likeness likeness);

// Tests one pair of a family: enters its chance, or why there is none.
void test_pair(Pairwise& pairs, std::size_t a, std::size_t b, const Mean& of_a, const Mean& of_b, Likeness likeness);

// The two-sided tail of Student's distribution beyond |t|; normal where `freedom` is infinite.
double student_tail(double t, double freedom);

}  // namespace nw
