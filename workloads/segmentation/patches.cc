// Training patches follow nnU-Net's recipe (Isensee 2021, supplementary note 4) as far as it matters here: every second
// patch is forced onto a voxel of a random tissue class (all of them would teach the network that there is no outside);
// rotation, zoom, mirroring, noise, brightness, contrast and gamma. Blur and simulated low resolution are left out.
//
// Rotation, zoom, mirroring and position are one affine map from patch to volume, so that a patch is one grid_sample of
// the whole volume, on the CPU as on a GPU. Without rotation and zoom the samples fall on voxels exactly. grid_sample
// counts in [-1, 1] between the outer voxels' centres (align_corners); its axes are x y z, tensors are z y x. Volumes
// are shifted so that air is 0, the value that grid_sample returns outside.
//
// Windows: half-overlapping, Gaussian weight with sigma = patch / 8 as in nnU-Net. The sum of weighted logits is not
// divided by the sum of weights: the largest class of a voxel is the same.
#include "patches.h"

#include "../common/torch_env.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace nw::workload {
namespace {

namespace fn = torch::nn::functional;

constexpr double kRotation = std::numbers::pi / 6;

using Matrix = std::array<std::array<double, 3>, 3>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 3; ++k) out[i][j] += a[i][k] * b[k][j];
  return out;
}

Matrix rotation(std::size_t axis, double angle) {
  const std::size_t u = (axis + 1) % 3, v = (axis + 2) % 3;
  Matrix out{};
  out[axis][axis] = 1;
  out[u][u] = out[v][v] = std::cos(angle);
  out[v][u] = std::sin(angle);
  out[u][v] = -out[v][u];
  return out;
}

torch::Tensor sample(const torch::Tensor& volume, const torch::Tensor& grid, bool nearest) {
  auto options = fn::GridSampleFuncOptions().padding_mode(torch::kZeros).align_corners(true);
  if (nearest) {
    options.mode(torch::kNearest);
  } else {
    options.mode(torch::kBilinear);
  }
  return fn::grid_sample(volume.expand({grid.size(0), -1, -1, -1, -1}), grid, options);
}

// The first voxels of windows that cover `size` evenly with at least half a window of overlap.
std::vector<int> window_starts(int size, int patch) {
  const int steps = (size - patch + patch / 2 - 1) / (patch / 2);
  std::vector<int> starts;
  for (int i = 0; i <= steps; ++i) starts.push_back(steps == 0 ? 0 : (size - patch) * i / steps);
  return starts;
}

std::vector<std::array<int, 3>> window_corners(const Scene& scene, int patch) {  // z y x
  std::vector<std::array<int, 3>> corners;
  const auto at = [&](int axis) { return window_starts(static_cast<int>(scene.image.size(axis)), patch); };
  for (const int z : at(2))
    for (const int y : at(3))
      for (const int x : at(4)) corners.push_back({z, y, x});
  return corners;
}

torch::Tensor gaussian_weight(int patch, torch::Device device) {
  const auto offset = torch::arange(patch, torch::TensorOptions(torch::kFloat32).device(device)) - (patch - 1) / 2.0;
  const auto line = torch::exp(-0.5 * (offset / (patch / 8.0)).square());
  const auto cube = line.view({-1, 1, 1}) * line.view({1, -1, 1}) * line.view({1, 1, -1});
  return cube.clamp_min(1e-4);
}

torch::Tensor window_of(const torch::Tensor& volume, const std::array<int, 3>& corner, int patch) {
  return volume.narrow(-3, corner[0], patch).narrow(-2, corner[1], patch).narrow(-1, corner[2], patch);
}

std::vector<std::uint8_t> without_padding(const torch::Tensor& classes, const Scene& scene) {  // classes [z, y, x]
  auto inner = classes;
  for (int axis = 0; axis < 3; ++axis) {
    const auto i = static_cast<std::size_t>(2 - axis);
    inner = inner.narrow(axis, scene.pad[i], scene.size[i]);
  }
  inner = inner.to(torch::kUInt8).to(torch::kCPU).contiguous();
  const auto* first = inner.data_ptr<std::uint8_t>();
  return {first, first + inner.numel()};
}

// Mean and deviation of what is not air, as nnU-Net normalises images: each by itself, so nothing leaks between the
// sides.
std::pair<float, float> intensity_statistics(const std::vector<float>& image) {
  double count = 0, sum = 0, squares = 0;
  for (const float value : image)
    if (value > 0) {
      ++count;
      sum += value;
      squares += static_cast<double>(value) * value;
    }
  const double mean = sum / std::max(count, 1.0);
  return {static_cast<float>(mean),
          static_cast<float>(std::sqrt(std::max(squares / std::max(count, 1.0) - mean * mean, 1e-6)))};
}

}  // namespace

Scene make_scene(const Hemisphere& side, int patch, torch::Device device) {
  Scene scene;
  scene.size = side.size;
  const auto [mean, deviation] = intensity_statistics(side.image);
  scene.background = -mean / deviation;
  std::vector<std::int64_t> padding;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const int missing = std::max(0, patch - side.size[axis]);
    scene.pad[axis] = missing / 2;
    padding.insert(padding.end(), {scene.pad[axis], missing - scene.pad[axis]});
  }
  const std::vector<std::int64_t> shape{1, 1, side.size[2], side.size[1], side.size[0]};
  const auto image = torch::from_blob(const_cast<float*>(side.image.data()), shape, torch::kFloat32);
  const auto labels = torch::from_blob(const_cast<std::uint8_t*>(side.labels.data()), shape, torch::kUInt8);
  scene.image = torch::constant_pad_nd(image / deviation, padding, 0).to(device);
  scene.labels = torch::constant_pad_nd(labels.to(torch::kFloat32), padding, 0).to(device);
  return scene;
}

PatchSource::PatchSource(const Scene& scene, const Hemisphere& side, int patch, const Variation& variation,
                         std::uint64_t seed)
    : scene_(scene), patch_(patch), variation_(variation), random_(seed) {
  for (std::size_t axis = 0; axis < 3; ++axis)
    grid_[axis] = static_cast<int>(scene.image.size(4 - static_cast<int>(axis)));
  std::size_t i = 0;
  for (int z = 0; z < side.size[2]; ++z)
    for (int y = 0; y < side.size[1]; ++y)
      for (int x = 0; x < side.size[0]; ++x)
        voxels_[side.labels[i++]].push_back({x + scene.pad[0], y + scene.pad[1], z + scene.pad[2]});
}

PatchSource::Point PatchSource::draw_centre(bool in_tissue) {
  const double half = (patch_ - 1) / 2.0;
  std::array<int, 3> start{};
  if (in_tissue) {
    const auto& voxels = voxels_[std::uniform_int_distribution<std::size_t>(1, kClasses - 1)(random_)];
    start = voxels[std::uniform_int_distribution<std::size_t>(0, voxels.size() - 1)(random_)];
    for (auto& first : start) first -= patch_ / 2;
  }
  Point centre{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const int last = grid_[axis] - patch_;
    if (!in_tissue) start[axis] = std::uniform_int_distribution<int>(0, last)(random_);
    centre[axis] = std::clamp(start[axis], 0, last) + half;
  }
  return centre;
}

// The 3x4 matrix of one patch for affine_grid.
std::vector<float> PatchSource::draw_placement(bool in_tissue) {
  const auto centre = draw_centre(in_tissue);
  Matrix map{};
  for (std::size_t axis = 0; axis < 3; ++axis) map[axis][axis] = chance(variation_.mirrored[axis]) ? -1 : 1;
  if (chance(variation_.turned))
    for (std::size_t axis = 0; axis < 3; ++axis) map = product(rotation(axis, uniform(-kRotation, kRotation)), map);
  const double zoom = chance(variation_.zoomed) ? uniform(0.7, 1.4) : 1;
  std::vector<float> placement;
  for (std::size_t row = 0; row < 3; ++row) {
    const double scale = 2.0 / (grid_[row] - 1);
    for (std::size_t column = 0; column < 3; ++column)
      placement.push_back(static_cast<float>(scale * zoom * map[row][column] * (patch_ - 1) / 2.0));
    placement.push_back(static_cast<float>(scale * centre[row] - 1));
  }
  return placement;
}

torch::Tensor PatchSource::vary_intensity(const torch::Tensor& image) {
  auto out = image;
  if (chance(0.1)) out = out + torch::randn_like(out) * std::sqrt(uniform(0, 0.1));
  if (chance(0.15)) out = out * uniform(0.75, 1.25);
  if (chance(0.15)) {
    const auto mean = out.mean();
    out = ((out - mean) * uniform(0.75, 1.25) + mean);
  }
  if (chance(0.3)) {
    const auto low = out.min(), range = out.max() - low + 1e-6;
    out = ((out - low) / range).pow(uniform(0.7, 1.5)) * range + low;
  }
  return out;
}

Batch PatchSource::draw(int count) {
  const torch::NoGradGuard no_grad;
  std::vector<float> placements;
  for (int i = 0; i < count; ++i) {
    const auto placement = draw_placement(i % 2 == 1);
    placements.insert(placements.end(), placement.begin(), placement.end());
  }
  const auto theta = torch::tensor(placements).view({count, 3, 4}).to(scene_.image.device());
  const auto grid = fn::affine_grid(theta, {count, 1, patch_, patch_, patch_}, true);
  const auto images = sample(scene_.image, grid, false) + scene_.background;
  std::vector<torch::Tensor> varied;
  for (int i = 0; i < count; ++i) varied.push_back(vary_intensity(images[i]));
  return {torch::stack(varied), sample(scene_.labels, grid, true).round().to(torch::kLong)};
}

int count_windows(const Scene& scene, int patch) { return static_cast<int>(window_corners(scene, patch).size()); }

std::vector<std::uint8_t> segment(UNet& network, const Scene& scene, int patch, int at_once, bool bf16,
                                  const std::function<void(int)>& after_windows) {
  const torch::NoGradGuard no_grad;
  network->eval();
  const auto device = scene.image.device();
  const auto weight = gaussian_weight(patch, device);
  const auto corners = window_corners(scene, patch);
  torch::Tensor sum;
  for (std::size_t next = 0; next < corners.size(); next += static_cast<std::size_t>(at_once)) {
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(at_once), corners.size() - next);
    std::vector<torch::Tensor> windows;
    for (std::size_t i = 0; i < count; ++i) windows.push_back(window_of(scene.image[0], corners[next + i], patch));
    auto input = torch::stack(windows) + scene.background;
    if (device.is_cuda()) input = input.contiguous(torch::MemoryFormat::ChannelsLast3d);
    torch::Tensor logits;
    {
      const Autocast autocast(device, bf16);
      logits = network->forward(input)[0];
    }
    logits = logits.to(torch::kFloat32) * weight;
    if (!sum.defined())
      sum = torch::zeros({logits.size(1), scene.image.size(2), scene.image.size(3), scene.image.size(4)},
                         logits.options());
    for (std::size_t i = 0; i < count; ++i)
      window_of(sum, corners[next + i], patch).add_(logits[static_cast<std::int64_t>(i)]);
    after_windows(static_cast<int>(count));
  }
  return without_padding(sum.argmax(0), scene);
}

}  // namespace nw::workload
