// Isensee et al., "nnU-Net", Nature Methods 18 (2021), the configuration 3d_fullres: two convolutions a stage, each
// followed by instance normalisation with learnt scale and leaky ReLU; down by a convolution of stride 2, up by a
// transposed one; deep supervision on all but the two coarsest scales; He initialisation. With base 32 and 6 stages it
// has nnU-Net's 31.2 million parameters.
//
// Two costs decide the shape of block(): the activation is out of place in training, because instance normalisation
// returns a view and an in-place change of a view makes autograd copy (a tenth of the whole step); and normalisation
// makes a bias before it superfluous, but nnU-Net keeps it, so it stays.
#include "unet.h"

#include <algorithm>
#include <string>

namespace nw::workload {
namespace {

constexpr int kMostFeatures = 320;
constexpr double kSlope = 0.01;

int features_at(const UNetShape& shape, int stage) { return std::min(shape.base << stage, kMostFeatures); }

void add_convolution(torch::nn::Sequential& block, int in, int out, int stride) {
  block->push_back(torch::nn::Conv3d(torch::nn::Conv3dOptions(in, out, 3).stride(stride).padding(1)));
  block->push_back(torch::nn::InstanceNorm3d(torch::nn::InstanceNorm3dOptions(out).affine(true)));
  block->push_back(torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(kSlope).inplace(false)));
}

torch::nn::Sequential block(int in, int out, int stride) {
  torch::nn::Sequential made;
  add_convolution(made, in, out, stride);
  add_convolution(made, out, out, 1);
  return made;
}

void initialise(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    auto& parameter = item.value();
    if (parameter.dim() == 5) {
      torch::nn::init::kaiming_normal_(parameter, kSlope, torch::kFanIn, torch::kLeakyReLU);
    } else if (item.key().ends_with("bias")) {
      parameter.zero_();
    }
  }
}

}  // namespace

UNetImpl::UNetImpl(const UNetShape& shape) {
  for (int stage = 0; stage < shape.stages; ++stage) {
    const int in = stage == 0 ? 1 : features_at(shape, stage - 1);
    encoder_.push_back(
        register_module("encoder" + std::to_string(stage), block(in, features_at(shape, stage), stage == 0 ? 1 : 2)));
  }
  const int supervised = std::max(1, shape.stages - 2);
  for (int stage = shape.stages - 2; stage >= 0; --stage) {  // coarse to fine
    const int out = features_at(shape, stage);
    const auto number = std::to_string(stage);
    const auto options = torch::nn::ConvTranspose3dOptions(features_at(shape, stage + 1), out, 2).stride(2);
    up_.push_back(register_module("up" + number, torch::nn::ConvTranspose3d(options)));
    decoder_.push_back(register_module("decoder" + number, block(2 * out, out, 1)));
    if (stage >= supervised) continue;
    const auto head = torch::nn::Conv3dOptions(out, shape.classes, 1);
    heads_.push_back(register_module("head" + number, torch::nn::Conv3d(head)));
  }
  initialise(*this);
}

std::vector<torch::Tensor> UNetImpl::forward(torch::Tensor image) {
  std::vector<torch::Tensor> skips;
  for (auto& stage : encoder_) {
    image = stage->forward(image);
    skips.push_back(image);
  }
  std::vector<torch::Tensor> logits;
  const std::size_t unsupervised = decoder_.size() - heads_.size();
  for (std::size_t i = 0; i < decoder_.size(); ++i) {
    skips.pop_back();
    image = decoder_[i]->forward(torch::cat({up_[i]->forward(image), skips.back()}, 1));
    const bool finest = i + 1 == decoder_.size();
    if (i >= unsupervised && (finest || is_training())) logits.push_back(heads_[i - unsupervised]->forward(image));
  }
  std::reverse(logits.begin(), logits.end());  // finest first
  return logits;
}

}  // namespace nw::workload
