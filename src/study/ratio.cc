#include "study/ratio.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace nw {

namespace {

constexpr double kManyFreedoms = 1e7;
constexpr double kMostChance = 0.1;  // above it no verdict needs to know the chance any better

// The systematic terms of a - b, each mean times its own scale.
Uncertainty compute_shared(const Mean& a, double scale_a, const Mean& b, double scale_b, Likeness likeness) {
  Uncertainty shared;
  for (Term term : a.shared.terms()) term.joules *= scale_a, shared.add(std::move(term));
  for (Term term : b.shared.terms()) {
    term.joules *= likeness.same_sensors ? -scale_b : scale_b;
    if (!likeness.same_sensors) term.name += " of the other";  // a separate term: in quadrature
    shared.add(std::move(term));
  }
  if (likeness.same_sensors)
    shared.add({"gain by load", kGainByLoad * likeness.load_difference * std::abs(*b.value) * scale_b, true, false});
  return shared;
}

// What is random in one side, times its scale.
struct Random {
  double u = 0, freedom = 0;
};

// Degrees of freedom of the sum of both, by Welch and Satterthwaite.
double compute_freedom(Random a, Random b) {
  const double va = a.u * a.u, vb = b.u * b.u, spent = va * va / a.freedom + vb * vb / b.freedom;
  return spent > 0 ? (va + vb) * (va + vb) / spent : std::numeric_limits<double>::infinity();
}

// Half the 95 % interval from what differs between the runs, and what they share.
double expanded(Random a, Random b, const Uncertainty& shared) {
  return std::hypot(student(compute_freedom(a, b)) * std::hypot(a.u, b.u), shared.expanded());
}

// The continued fraction of the incomplete beta function, evaluated from its front (Lentz's method).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300, kPrecise = 1e-14;
  const auto not_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), value = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double step = 1;
    for (const double part : {even, odd}) {
      d = 1 / not_zero(1 + part * d);
      c = not_zero(1 + part / c);
      step = c * d;
      value *= step;
    }
    if (std::abs(step - 1) < kPrecise) break;
  }
  return value;
}

// The regularized incomplete beta function.
double beta_share(double x, double a, double b) {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(x, a, b) / a;
  return 1 - front * beta_fraction(1 - x, b, a) / b;
}

// Where the standard normal distribution has this two-sided tail: Newton's method from above, on the logarithm, which
// is concave there.
double normal_at_tail(double tail) {
  double z = tail > 0.5 ? 0.7 : std::sqrt(std::max(-2 * std::log(tail), 0.0));
  for (int i = 0; i < 20; ++i) {
    const double at = std::erfc(z / std::numbers::sqrt2);
    const double slope = 2 * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    const double step = at * std::log(at / tail) / slope;
    z += step;
    if (!(std::abs(step) > 1e-9 * z)) break;
  }
  return z;
}

// The chance at which the interval of what is random and what is shared just reaches `distance`: both half-widths grow
// as the chance becomes smaller.
double chance_of(double distance, double random, double freedom, double shared) {
  double low = 0, high = distance / random;
  const double least = student_tail(high, freedom);
  if (!(shared > 0) || least > kMostChance) return least;  // more uncertainty makes it only larger
  for (int i = 0; i < 30; ++i) {
    const double t = (low + high) / 2, tail = student_tail(t, freedom);
    const double z = tail < 1 ? normal_at_tail(std::max(tail, 1e-300)) : 0;
    (std::hypot(t * random, z * shared) < distance ? low : high) = t;
  }
  return student_tail(low, freedom);
}

}  // namespace

double student_tail(double t, double freedom) {
  t = std::abs(t);
  if (!(freedom < kManyFreedoms)) return std::erfc(t / std::sqrt(2.0));
  return beta_share(freedom / (freedom + t * t), freedom / 2, 0.5);
}

Ratio compute_ratio(const Mean& a, const Mean& b, Likeness likeness) {
  Ratio ratio;
  if (!a.value || !b.value) return ratio;
  ratio.is_of_these_runs = a.n < 2 || b.n < 2;
  const bool is_uncertain = a.is_uncertain && b.is_uncertain;
  ratio.difference.value = *a.value - *b.value;
  if (is_uncertain)
    ratio.difference.uncertainty =
        expanded({a.random, a.freedom}, {b.random, b.freedom}, compute_shared(a, 1, b, 1, likeness));
  if (!(*a.value > 0 && *b.value > 0)) return ratio;
  const double quotient = *a.value / *b.value, of_a = 1 / *b.value, of_b = quotient / *b.value;
  ratio.quotient.value = quotient;
  if (likeness.same_sensors) ratio.gain_by_load = kGainByLoad * likeness.load_difference * quotient;
  if (is_uncertain)
    ratio.quotient.uncertainty = expanded({a.random * of_a, a.freedom}, {b.random * of_b, b.freedom},
                                          compute_shared(a, of_a, b, of_b, likeness));
  return ratio;
}

std::optional<double> compute_chance(const Mean& a, const Mean& b, Likeness likeness) {
  if (a.n < 2 || b.n < 2 || !a.value || !b.value || !(*a.value > 0 && *b.value > 0)) return std::nullopt;
  const double quotient = *a.value / *b.value, of_a = 1 / *b.value, of_b = quotient / *b.value;
  const double fixed = likeness.same_sensors ? compute_shared(a, of_a, b, of_b, likeness).combined()
                                             : std::hypot(a.shared.combined() * of_a, b.shared.combined() * of_b);
  const Random random_a{a.scatter_u * of_a, static_cast<double>(a.n - 1)};
  const Random random_b{b.scatter_u * of_b, static_cast<double>(b.n - 1)};
  const double random = std::hypot(random_a.u, random_b.u);
  if (!(random > 0)) return std::nullopt;  // runs that neither scatter nor say how far they may
  // The smaller distance from 1 of the quotient and of its inverse, so that the answer does not depend on the base.
  const double distance = std::abs(quotient - 1) * std::min(1.0, quotient);
  return chance_of(distance, random, compute_freedom(random_a, random_b), fixed);
}

void test_pair(Pairwise& pairs, std::size_t a, std::size_t b, const Mean& of_a, const Mean& of_b, Likeness likeness) {
  if (const auto chance = compute_chance(of_a, of_b, likeness))
    pairs.set(a, b, *chance);
  else if (of_a.value && of_b.value && (of_a.n < 2 || of_b.n < 2))
    pairs.set(a, b, Verdict::one_run);
}

}  // namespace nw
