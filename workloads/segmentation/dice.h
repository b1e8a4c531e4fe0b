// How good a segmentation is, and how good a trivial one would be.
#pragma once

#include "brain.h"

#include <span>

namespace nw::workload {

// Dice 2|A and B| / (|A| + |B|) for each class of kTissues; a class absent from both counts as 1.
std::array<double, kClasses> compute_dice(std::span<const std::uint8_t> found, std::span<const std::uint8_t> truth);

// Mean over the classes without `outside`, as nnU-Net reports it.
double compute_mean(const std::array<double, kClasses>& dice);

// Labels each voxel with the class that is most frequent at its intensity in `learnt`: what intensity alone can tell.
std::vector<std::uint8_t> label_by_intensity(const Hemisphere& learnt, const Hemisphere& target);

}  // namespace nw::workload
