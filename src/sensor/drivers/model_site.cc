// The rest of a node is assumed as 55 % board, regulators and BMC, 33 % network and 12 % storage (the middles of the
// ranges on the driver's page: 32.5, 20 and 8.5 W of 60), without fans: no assumption covers fans at full speed.
//
// A power supply that delivers P at efficiency e takes P/e and loses P (1/e - 1). An error of 0.01 in e changes the
// loss by 0.01 P/e^2, relative to it 0.01 / (e (1 - e)).
#include "sensor/drivers/model_site.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace nw {

namespace {
constexpr double kEfficiencyUncertainty = 0.01;
constexpr double kBestEfficiency = 0.999;  // a curve of ones has no loss and no uncertainty

struct Share {
  const char* name;
  const std::optional<ModelSite::Figure>& figure;
  double assumed;
};
}  // namespace

ModelledPower compute_rest(const ModelSite& site, const ModelledPower& assumed) {
  const std::array<Share, 4> shares{Share{"board", site.board, 0.55}, Share{"network", site.network, 0.33},
                                    Share{"storage", site.storage, 0.12}, Share{"fans", site.fans, 0}};
  ModelledPower rest{{}, 0, ""};
  std::string left;
  for (const auto& [name, figure, share] : shares) {
    if (figure) {
      rest.power += figure->power;
      rest.half_width_w += to_watts(figure->half_width);
      rest.basis += fmt::format("{}{}: {}, {}", rest.basis.empty() ? "" : "; ", name, figure->source, figure->date);
    } else if (share > 0) {
      rest.power += Watts::of(std::llround(static_cast<double>(assumed.power.count()) * share));
      rest.half_width_w += assumed.half_width_w * share;
      left += (left.empty() ? "" : ", ") + std::string(name);
    }
  }
  if (rest.basis.empty()) return assumed;
  if (!left.empty()) rest.basis += fmt::format("; {}: {}", left, assumed.basis);
  return rest;
}

double compute_efficiency(const std::vector<std::pair<double, double>>& curve, double load) {
  if (curve.empty()) return 1;
  const auto above =
      std::find_if(curve.begin(), curve.end(), [load](const auto& point) { return point.first >= load; });
  if (above == curve.begin()) return curve.front().second;
  if (above == curve.end()) return curve.back().second;
  const auto below = above - 1;
  return below->second + (above->second - below->second) * (load - below->first) / (above->first - below->first);
}

Watts compute_psu_loss(const ModelSite& site, Watts given) {
  if (!site.psu_rating || site.psu_rating->count() <= 0 || given.count() <= 0) return {};
  const double load = to_watts(given) / to_watts(*site.psu_rating);
  const double efficiency = std::max(compute_efficiency(site.psu_efficiency, load), 0.01);
  return Watts::of(std::llround(static_cast<double>(given.count()) * (1 / efficiency - 1)));
}

double compute_psu_uncertainty(const ModelSite& site, double given) {
  double most = 0;
  for (const auto& point : site.psu_efficiency) {
    const double e = std::clamp(point.second, 0.01, kBestEfficiency);
    most = std::max(most, kEfficiencyUncertainty / (e * (1 - e)));
  }
  return most + given;
}

}  // namespace nw
