// An encoder-decoder Transformer that turns half-hours of history into the next day.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace nw::workload {

struct TransformerShape {
  int width = 64;
  int heads = 4;
  int encoders = 1;
  int decoders = 1;
  double dropout = 0.3;
};

constexpr int kHistoryFeatures = 11;  // load, its change against last week, time of day (2), weekday (7)
constexpr int kFutureFeatures = 10;   // load one week before, time of day (2), weekday (7)

class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(int width, int heads);
  torch::Tensor forward(const torch::Tensor& query, const torch::Tensor& memory);

 private:
  int heads_;
  torch::nn::Linear query_, key_value_, out_;
};
TORCH_MODULE(Attention);

// A pre-norm layer: attention over itself, over the encoder's memory when it is a decoder's, then a two-layer
// perceptron.
class LayerImpl : public torch::nn::Module {
 public:
  LayerImpl(const TransformerShape& shape, bool decoder);
  torch::Tensor forward(torch::Tensor tokens, const torch::Tensor& memory);

 private:
  torch::nn::LayerNorm self_norm_, memory_norm_{nullptr}, perceptron_norm_;
  Attention self_, memory_{nullptr};
  torch::nn::Linear wide_, narrow_;
  torch::nn::Dropout dropout_;
};
TORCH_MODULE(Layer);

class TransformerImpl : public torch::nn::Module {
 public:
  explicit TransformerImpl(const TransformerShape& shape);

  // History [batch, half-hours, kHistoryFeatures] and future [batch, kDay, kFutureFeatures] to the correction [batch,
  // kDay].
  torch::Tensor forward(const torch::Tensor& history, const torch::Tensor& future);

 private:
  torch::nn::Linear history_in_, future_in_;
  std::vector<Layer> encoder_, decoder_;
  torch::nn::LayerNorm encoder_norm_, decoder_norm_;
  torch::nn::Linear out_;
};
TORCH_MODULE(Transformer);

}  // namespace nw::workload
