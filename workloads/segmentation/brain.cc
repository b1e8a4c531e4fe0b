// Colin27 (Holmes et al., J Comput Assist Tomogr 22, 1998): one person's head, scanned 27 times and averaged, T1, 1 mm.
// AAL (Tzourio-Mazoyer et al., NeuroImage 15, 2002): 116 regions drawn on that same brain. Both come with Debian's
// mricron-data.
//
// Known of these files: 181 x 217 x 181 voxels, x index 90 is the plane between the hemispheres, lower x is left. AAL
// numbers 1-108 alternate left and right, 109-116 are the vermis; the merge into four tissues below is the same for
// both sides. The brain-extracted image is zero outside the brain, so brain without an AAL region is white matter,
// ventricles and brain stem.
//
// The split: train on x 0..89, judge on x 180..91 read backwards; the middle plane belongs to neither. The held-out
// voxels are truly unseen, but they belong to the same head: left and right are far more alike than two patients are.
#include "brain.h"

#include "../common/nifti.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace nw::workload {
namespace {

constexpr int kRegions = 116;

std::uint8_t tissue_of(int region, bool in_brain) {
  if (region == 0) return in_brain ? 2 : 0;
  if (region >= 91) return 4;  // cerebellum and vermis
  if ((region >= 37 && region <= 42) || (region >= 71 && region <= 78))
    return 3;  // hippocampus to amygdala, caudate to thalamus
  return 1;
}

struct Scan {
  Volume head;
  Volume regions;
  Volume brain;
};

std::string shown_size(const Volume& volume) {
  return std::to_string(volume.size[0]) + "x" + std::to_string(volume.size[1]) + "x" + std::to_string(volume.size[2]);
}

Result<Scan> read_scan(const std::filesystem::path& folder) {
  auto head = read_nifti(folder / "ch2.nii.gz");
  if (!head) return head.error();
  auto regions = read_nifti(folder / "aal.nii.gz");
  if (!regions) return regions.error();
  auto brain = read_nifti(folder / "ch2bet.nii.gz");
  if (!brain) return brain.error();
  for (const Volume* other : {&*regions, &*brain})
    if (other->size != head->size) {
      return Error{folder.string() + ": ch2, aal and ch2bet differ in size (" + shown_size(*head) + " and " +
                   shown_size(*other) + ")"};
    }
  for (const int size : head->size)
    if (size < 64 || size > 1024)
      return Error{folder.string() + "/ch2.nii.gz: a head of " + shown_size(*head) + " voxels was not expected"};
  for (const float region : regions->voxels)
    if (region < 0 || region > kRegions || region != std::floor(region)) {
      return Error{folder.string() + "/aal.nii.gz: holds " + std::to_string(region) +
                   ", AAL regions are whole numbers from 0 to 116"};
    }
  return Scan{std::move(*head), std::move(*regions), std::move(*brain)};
}

Hemisphere cut_hemisphere(const Scan& scan, bool right) {
  const auto& full = scan.head.size;
  Hemisphere side;
  side.size = {full[0] / 2, full[1], full[2]};
  const auto count =
      static_cast<std::size_t>(side.size[0]) * static_cast<std::size_t>(full[1]) * static_cast<std::size_t>(full[2]);
  side.image.reserve(count);
  side.labels.reserve(count);
  for (int row = 0; row < full[1] * full[2]; ++row)
    for (int x = 0; x < side.size[0]; ++x) {
      const int from = right ? full[0] - 1 - x : x;
      const auto at =
          static_cast<std::size_t>(row) * static_cast<std::size_t>(full[0]) + static_cast<std::size_t>(from);
      side.image.push_back(std::clamp(scan.head.voxels[at], 0.0f, 255.0f));
      side.labels.push_back(tissue_of(static_cast<int>(scan.regions.voxels[at]), scan.brain.voxels[at] > 0));
    }
  return side;
}

Hemisphere halved(const Hemisphere& fine) {
  Hemisphere coarse;
  coarse.size = {fine.size[0] / 2, fine.size[1] / 2, fine.size[2] / 2};
  const auto row = static_cast<std::size_t>(fine.size[0]), slice = row * static_cast<std::size_t>(fine.size[1]);
  for (int z = 0; z < coarse.size[2]; ++z)
    for (int y = 0; y < coarse.size[1]; ++y)
      for (int x = 0; x < coarse.size[0]; ++x) {
        const auto corner =
            2 * (static_cast<std::size_t>(x) + row * static_cast<std::size_t>(y) + slice * static_cast<std::size_t>(z));
        std::array<int, kClasses> votes{};
        float sum = 0;
        for (const auto step :
             {std::size_t{0}, std::size_t{1}, row, row + 1, slice, slice + 1, slice + row, slice + row + 1}) {
          sum += fine.image[corner + step];
          ++votes[fine.labels[corner + step]];
        }
        coarse.image.push_back(sum / 8);
        coarse.labels.push_back(
            static_cast<std::uint8_t>(std::max_element(votes.begin(), votes.end()) - votes.begin()));
      }
  return coarse;
}

Result<Hemisphere> make_hemisphere(const Scan& scan, bool right, bool halve) {
  auto side = cut_hemisphere(scan, right);
  if (halve) side = halved(side);
  for (int tissue = 0; tissue < kClasses; ++tissue)
    if (std::find(side.labels.begin(), side.labels.end(), tissue) == side.labels.end()) {
      return Error{std::string("the ") + (right ? "right" : "left") + " hemisphere has no voxel of class '" +
                   std::string(kTissues[static_cast<std::size_t>(tissue)]) + "'"};
    }
  return side;
}

}  // namespace

Result<Brain> load_brain(const std::filesystem::path& folder, bool halve) {
  const auto scan = read_scan(folder);
  if (!scan) return scan.error();
  auto left = make_hemisphere(*scan, false, halve);
  if (!left) return Error{folder.string() + ": " + left.error().what};
  auto right = make_hemisphere(*scan, true, halve);
  if (!right) return Error{folder.string() + ": " + right.error().what};
  return Brain{std::move(*left), std::move(*right)};
}

}  // namespace nw::workload
