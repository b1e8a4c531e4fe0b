#include "study/pairwise.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace nw {

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::one_run: return "one_run";
    case Verdict::unclear: return "unclear";
    case Verdict::clear: return "clear";
    case Verdict::unknown: break;
  }
  return "";
}

Pairwise::Pairwise(std::size_t count) : count_(count), pairs_(count < 2 ? 0 : count * (count - 1) / 2) {}

std::size_t Pairwise::index(std::size_t a, std::size_t b) const {
  const std::size_t low = std::min(a, b), high = std::max(a, b);
  return low * count_ - low * (low + 1) / 2 + (high - low - 1);
}

void Pairwise::set(std::size_t a, std::size_t b, Verdict untested) { pairs_[index(a, b)] = {std::nullopt, untested}; }

void Pairwise::set(std::size_t a, std::size_t b, double chance) { pairs_[index(a, b)] = {chance, Verdict::unclear}; }

Verdict Pairwise::of(std::size_t a, std::size_t b) const {
  return a == b || std::max(a, b) >= count_ ? Verdict::unknown : pairs_[index(a, b)].verdict;
}

std::size_t Pairwise::tests() const {
  return static_cast<std::size_t>(
      std::count_if(pairs_.begin(), pairs_.end(), [](const Pair& pair) { return pair.chance.has_value(); }));
}

void judge(std::span<Pairwise* const> family) {
  std::vector<double> chances;
  std::vector<Verdict*> verdicts;
  for (Pairwise* one : family)
    for (Pairwise::Pair& pair : one->pairs_)
      if (pair.chance) chances.push_back(*pair.chance), verdicts.push_back(&pair.verdict);
  const std::vector<bool> clear = judge_chances(chances);
  for (std::size_t i = 0; i < clear.size(); ++i) *verdicts[i] = clear[i] ? Verdict::clear : Verdict::unclear;
}

std::vector<bool> judge_chances(std::span<const double> chances) {
  std::vector<std::size_t> order(chances.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return chances[a] < chances[b]; });
  std::vector<bool> clear(chances.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!(chances[order[i]] < kMostFalseClear / static_cast<double>(order.size() - i))) break;
    clear[order[i]] = true;
  }
  return clear;
}

double least_of(std::size_t n) {
  if (n < 2) return 0;
  constexpr double kFar = 8, kStep = 0.01;  // in standard uncertainties
  double sum = 0;
  for (double x = -kFar; x <= kFar; x += kStep) {
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    const double above = 0.5 * std::erfc(x / std::numbers::sqrt2);
    sum -= x * density * static_cast<double>(n) * std::pow(above, static_cast<double>(n - 1)) * kStep;
  }
  return sum;
}

}  // namespace nw
