// Reads NIfTI-1 volumes (.nii and .nii.gz), as far as the segmentation data need it.
#pragma once

#include "result.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace nw::workload {

// A scalar image. x runs fastest: voxel (x, y, z) lies at x + size[0] * (y + size[1] * z).
struct Volume {
  std::array<int, 3> size{};
  std::array<float, 3> spacing_mm{};
  std::vector<float> voxels;
};

Result<Volume> read_nifti(const std::filesystem::path& path);

// The same from memory, gzipped or plain; errors carry no path.
Result<Volume> parse_nifti(std::span<const std::uint8_t> bytes);

}  // namespace nw::workload
