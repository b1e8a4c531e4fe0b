// Ratio: two means compared: quotient and difference, each with its 95 % interval.
//
// Where both were measured by the same sensors of one node, their systematic terms affect both alike and cancel term by
// term: a gain completely in the quotient, an offset as far as both took the same time per joule. Across nodes nothing
// cancels: two sensors of one type may or may not err the same way, and no vendor states which. Random terms are
// independent. The coverage factor is Student's for the degrees of freedom by Welch and Satterthwaite (JCGM 100, G.4).
#pragma once

#include "study/repeats.h"

namespace nw {

struct Ratio {
  Amount quotient;     // a / b; unknown where either is, or b is not above zero
  Amount difference;   // a - b
  bool clear = false;  // neither the quotient's interval nor that of b / a contains 1
};

Ratio compute_ratio(const Mean& a, const Mean& b, bool same_sensors);

}  // namespace nw
