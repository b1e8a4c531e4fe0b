#include "study/ratio.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nw {

namespace {

// The systematic terms of a - b, each mean times its own scale.
Uncertainty compute_shared(const Mean& a, double scale_a, const Mean& b, double scale_b, bool same_sensors) {
  Uncertainty shared;
  for (Term term : a.shared.terms()) term.joules *= scale_a, shared.add(std::move(term));
  for (Term term : b.shared.terms()) {
    term.joules *= same_sensors ? -scale_b : scale_b;
    if (!same_sensors) term.name += " of the other";  // a separate term: in quadrature
    shared.add(std::move(term));
  }
  return shared;
}

// Half the 95 % interval from what differs between the runs, and what they share.
double expanded(double random_a, double freedom_a, double random_b, double freedom_b, Uncertainty uncertainty) {
  const double a = random_a * random_a, b = random_b * random_b;
  const double whole = a + b + uncertainty.combined() * uncertainty.combined();
  if (whole <= 0) return 0;
  const double spent = a * a / freedom_a + b * b / freedom_b;
  const double freedom = spent > 0 ? whole * whole / spent : std::numeric_limits<double>::infinity();
  uncertainty.add({"random", std::sqrt(a + b), false, false});
  return uncertainty.expanded() * student(freedom) / 1.96;
}

}  // namespace

Ratio compute_ratio(const Mean& a, const Mean& b, bool same_sensors) {
  Ratio ratio;
  if (!a.value || !b.value) return ratio;
  const bool is_uncertain = a.is_uncertain && b.is_uncertain;
  ratio.difference.value = *a.value - *b.value;
  if (is_uncertain)
    ratio.difference.uncertainty =
        expanded(a.random, a.freedom, b.random, b.freedom, compute_shared(a, 1, b, 1, same_sensors));
  if (!(*a.value > 0 && *b.value > 0)) return ratio;
  const double quotient = *a.value / *b.value, of_a = 1 / *b.value, of_b = quotient / *b.value;
  ratio.quotient.value = quotient;
  if (!is_uncertain) return ratio;
  ratio.quotient.uncertainty =
      expanded(a.random * of_a, a.freedom, b.random * of_b, b.freedom, compute_shared(a, of_a, b, of_b, same_sensors));
  ratio.clear = std::abs(quotient - 1) * std::min(1.0, quotient) > *ratio.quotient.uncertainty;
  return ratio;
}

}  // namespace nw
