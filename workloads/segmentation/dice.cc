#include "dice.h"

#include <algorithm>
#include <numeric>

namespace nw::workload {

std::array<double, kClasses> compute_dice(std::span<const std::uint8_t> found, std::span<const std::uint8_t> truth) {
  std::array<double, kClasses> both{}, either{}, dice{};
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ++either[found[i]];
    ++either[truth[i]];
    if (found[i] == truth[i]) ++both[found[i]];
  }
  for (std::size_t c = 0; c < dice.size(); ++c) dice[c] = either[c] > 0 ? 2 * both[c] / either[c] : 1;
  return dice;
}

double compute_mean(const std::array<double, kClasses>& dice) {
  return std::accumulate(dice.begin() + 1, dice.end(), 0.0) / (kClasses - 1);
}

std::vector<std::uint8_t> label_by_intensity(const Hemisphere& learnt, const Hemisphere& target) {
  std::array<std::array<int, kClasses>, 256> seen{};
  for (std::size_t i = 0; i < learnt.count(); ++i) ++seen[static_cast<std::size_t>(learnt.image[i])][learnt.labels[i]];
  std::array<std::uint8_t, 256> likeliest{};
  for (std::size_t i = 0; i < seen.size(); ++i)
    likeliest[i] = static_cast<std::uint8_t>(std::max_element(seen[i].begin(), seen[i].end()) - seen[i].begin());
  std::vector<std::uint8_t> labels;
  labels.reserve(target.count());
  for (const float intensity : target.image) labels.push_back(likeliest[static_cast<std::size_t>(intensity)]);
  return labels;
}

}  // namespace nw::workload
