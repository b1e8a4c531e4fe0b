// Cutting a volume into patches: random and augmented for training, overlapping windows for inference.
#pragma once

#include "brain.h"
#include "unet.h"

#include <torch/torch.h>

#include <functional>
#include <random>

namespace nw::workload {

// One hemisphere on the device: z-scored image and labels [1, 1, z, y, x], padded on all sides to at least a patch.
struct Scene {
  torch::Tensor image;
  torch::Tensor labels;
  std::array<int, 3> size{};  // before padding, x y z
  std::array<int, 3> pad{};   // voxels in front, x y z
  float background = 0;       // what air looks like after normalisation
};

Scene make_scene(const Hemisphere& side, int patch, torch::Device device);

struct Batch {
  torch::Tensor image;   // [batch, 1, patch, patch, patch]
  torch::Tensor labels;  // the same, class numbers
};

// How likely each of the spatial variations of a training patch is.
struct Variation {
  std::array<double, 3> mirrored{};  // along x, y and z
  double turned = 0;                 // up to 30 degrees about each axis
  double zoomed = 0;                 // to 0.7 to 1.4 of its size
};

// Draws augmented training patches from a scene; the same seed gives the same patches.
class PatchSource {
 public:
  PatchSource(const Scene& scene, const Hemisphere& side, int patch, const Variation& variation, std::uint64_t seed);

  Batch draw(int count);

 private:
  using Point = std::array<double, 3>;
  Point draw_centre(bool in_tissue);
  std::vector<float> draw_placement(bool in_tissue);
  torch::Tensor vary_intensity(const torch::Tensor& image);
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  bool chance(double probability) { return uniform(0, 1) < probability; }

  const Scene& scene_;
  int patch_;
  Variation variation_;
  std::array<int, 3> grid_{};                                     // padded size, x y z
  std::array<std::vector<std::array<int, 3>>, kClasses> voxels_;  // where each class lies, in the padded grid
  std::mt19937_64 random_;
};

// Class of every voxel (x fastest, padding removed) by the network on half-overlapping windows, so many at once, each
// weighted by a Gaussian around its middle. `after_windows` is called with the number of windows done.
std::vector<std::uint8_t> segment(UNet& network, const Scene& scene, int patch, int at_once, bool bf16,
                                  const std::function<void(int)>& after_windows);

// How many windows segment() looks at.
int count_windows(const Scene& scene, int patch);

}  // namespace nw::workload
