// Ratio: two means set against each other: quotient and difference, each with its 95 % interval.
//
// Where both were measured by the same sensors of one node, their systematic terms move both sides alike and cancel
// term by term: a gain wholly in the quotient, an offset as far as both took the same time per joule. Across nodes
// nothing cancels: two sensors of one type may err the same way or not, and nobody states which. Random terms are
// independent. The factor is Student's for the degrees of freedom by Welch and Satterthwaite (JCGM 100, G.4).
#pragma once

#include "study/repeats.h"

namespace nw {

struct Ratio {
  Amount quotient;     // a / b; unknown where either is, or b is not above zero
  Amount difference;   // a - b
  bool clear = false;  // the quotient's interval does not hold 1, nor does that of b / a
};

Ratio compute_ratio(const Mean& a, const Mean& b, bool same_sensors);

}  // namespace nw
