// A plain 3D U-Net in the manner of nnU-Net.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace nw::workload {

struct UNetShape {
  int base = 16;   // features of the first stage; they double with every stage up to 320
  int stages = 4;  // resolutions, each half of the one before
  int classes = 2;
};

class UNetImpl : public torch::nn::Module {
 public:
  explicit UNetImpl(const UNetShape& shape);

  // [batch, 1, z, y, x] to logits [batch, classes, z, y, x]; every size a multiple of 2^(stages - 1). In training mode
  // one more result follows for each coarser scale that is supervised, each of half the size of the one before.
  std::vector<torch::Tensor> forward(torch::Tensor image);

 private:
  std::vector<torch::nn::Sequential> encoder_;
  std::vector<torch::nn::ConvTranspose3d> up_;
  std::vector<torch::nn::Sequential> decoder_;
  std::vector<torch::nn::Conv3d> heads_;
};
TORCH_MODULE(UNet);

}  // namespace nw::workload
