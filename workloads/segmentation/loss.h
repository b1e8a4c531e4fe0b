// What training minimises. Included by segmentation.cc alone.
//
// Dice is taken over the whole batch and smoothed with 1: the rare classes are missing from many single patches, and a
// Dice of nothing against nothing taken patch by patch kept them from being learnt in short runs. The loss is computed
// in f32 also where the network runs in bf16.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace nw::workload {

// Cross entropy plus 1 - Dice over the tissue classes of the whole batch.
inline torch::Tensor compute_loss(const torch::Tensor& logits, const torch::Tensor& labels) {
  const auto wide = logits.to(torch::kFloat32);
  const auto truth = torch::zeros_like(wide).scatter_(1, labels, 1);
  const auto share = wide.softmax(1);
  const std::vector<std::int64_t> over{0, 2, 3, 4};
  const auto both = (share * truth).sum(over), either = (share + truth).sum(over);
  const auto dice = (2 * both + 1) / (either + 1);
  return torch::nn::functional::cross_entropy(wide, labels.squeeze(1)) + 1 - dice.slice(0, 1).mean();
}

// Deep supervision: every coarser scale counts half of the finer one, against labels thinned to its grid.
inline torch::Tensor compute_deep_loss(const std::vector<torch::Tensor>& logits, torch::Tensor labels) {
  torch::Tensor loss;
  double weight = 1, sum = 0;
  for (const auto& scale : logits) {
    const auto part = compute_loss(scale, labels) * weight;
    loss = loss.defined() ? loss + part : part;
    sum += weight;
    weight /= 2;
    labels = labels.slice(2, 0, {}, 2).slice(3, 0, {}, 2).slice(4, 0, {}, 2);
  }
  return loss / sum;
}

}  // namespace nw::workload
