// The one subject that the segmentation learns from and is judged on.
#pragma once

#include "../common/result.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace nw::workload {

// Label 0 is everything outside the brain.
constexpr std::array<std::string_view, 5> kTissues{"outside", "cortex", "white matter and rest", "deep grey",
                                                   "cerebellum"};
constexpr int kClasses = static_cast<int>(kTissues.size());

// One hemisphere, x fastest, x = 0 at its outer side.
struct Hemisphere {
  std::array<int, 3> size{};
  std::vector<float> image;          // MRI intensity, 0 to 255
  std::vector<std::uint8_t> labels;  // index into kTissues
  std::size_t count() const { return labels.size(); }
};

struct Brain {
  Hemisphere left;            // for training
  Hemisphere right_mirrored;  // held out; mirrored, so that it lies as the left one does
};

// Reads ch2.nii.gz (T1), aal.nii.gz (atlas labels) and ch2bet.nii.gz (brain without skull) from the folder. `halve`
// joins 2x2x2 voxels into one: mean intensity, most frequent label.
Result<Brain> load_brain(const std::filesystem::path& folder, bool halve);

}  // namespace nw::workload
