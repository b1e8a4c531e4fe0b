// Vaswani et al. 2017 with normalisation before each part (Xiong et al. 2020), which trains without a warm-up of the
// learning rate. LibTorch's own nn::Transformer has neither that order nor fused attention, so the layers are written
// out here.
//
// The decoder is not autoregressive and needs no mask: what it is given of the future (calendar, last week's load) is
// known on the day before. The output layer starts at zero: an untrained network forecasts exactly "same time last
// week", and training can only learn corrections to it. No dropout on attention weights: on a CPU without MKL each
// random number costs 13 to 28 ns, and batch x heads x tokens^2 of them would double the step.
#include "transformer.h"

#include "../common/torch_env.h"

#include <cmath>
#include <string>

namespace nw::workload {
namespace {

torch::nn::LayerNorm norm(int width) { return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})); }

// [batch, tokens, width] to [batch, heads, tokens, width / heads].
torch::Tensor split_heads(const torch::Tensor& tokens, int heads) {
  return tokens.view({tokens.size(0), tokens.size(1), heads, tokens.size(2) / heads}).transpose(1, 2);
}

// The sinusoids of the original paper, [tokens, width].
torch::Tensor positions_like(const torch::Tensor& tokens) {
  const auto options = torch::TensorOptions(torch::kFloat32).device(tokens.device());
  const auto width = tokens.size(2);
  const auto place = torch::arange(tokens.size(1), options).unsqueeze(1);
  const auto rate = torch::exp(torch::arange(0, width, 2, options) * (-std::log(10000.0) / static_cast<double>(width)));
  return torch::stack({torch::sin(place * rate), torch::cos(place * rate)}, 2).flatten(1).to(tokens.scalar_type());
}

}  // namespace

AttentionImpl::AttentionImpl(int width, int heads)
    : heads_(heads),
      query_(register_module("query", torch::nn::Linear(width, width))),
      key_value_(register_module("key_value", torch::nn::Linear(width, 2 * width))),
      out_(register_module("out", torch::nn::Linear(width, width))) {}

torch::Tensor AttentionImpl::forward(const torch::Tensor& query, const torch::Tensor& memory) {
  const auto parts = key_value_(memory).chunk(2, 2);
  const auto mixed =
      attention(split_heads(query_(query), heads_), split_heads(parts[0], heads_), split_heads(parts[1], heads_));
  return out_(mixed.transpose(1, 2).flatten(2));
}

LayerImpl::LayerImpl(const TransformerShape& shape, bool decoder)
    : self_norm_(register_module("self_norm", norm(shape.width))),
      perceptron_norm_(register_module("perceptron_norm", norm(shape.width))),
      self_(register_module("self", Attention(shape.width, shape.heads))),
      wide_(register_module("wide", torch::nn::Linear(shape.width, 4 * shape.width))),
      narrow_(register_module("narrow", torch::nn::Linear(4 * shape.width, shape.width))),
      dropout_(register_module("dropout", torch::nn::Dropout(shape.dropout))) {
  if (!decoder) return;
  memory_norm_ = register_module("memory_norm", norm(shape.width));
  memory_ = register_module("memory", Attention(shape.width, shape.heads));
}

torch::Tensor LayerImpl::forward(torch::Tensor tokens, const torch::Tensor& memory) {
  const auto calm = self_norm_(tokens);
  tokens = tokens + dropout_(self_(calm, calm));
  if (!memory_.is_empty()) tokens = tokens + dropout_(memory_(memory_norm_(tokens), memory));
  return tokens + dropout_(narrow_(torch::gelu(wide_(perceptron_norm_(tokens)))));
}

TransformerImpl::TransformerImpl(const TransformerShape& shape)
    : history_in_(register_module("history_in", torch::nn::Linear(kHistoryFeatures, shape.width))),
      future_in_(register_module("future_in", torch::nn::Linear(kFutureFeatures, shape.width))),
      encoder_norm_(register_module("encoder_norm", norm(shape.width))),
      decoder_norm_(register_module("decoder_norm", norm(shape.width))),
      out_(register_module("out", torch::nn::Linear(shape.width, 1))) {
  for (int i = 0; i < shape.encoders; ++i)
    encoder_.push_back(register_module("encoder" + std::to_string(i), Layer(shape, false)));
  for (int i = 0; i < shape.decoders; ++i)
    decoder_.push_back(register_module("decoder" + std::to_string(i), Layer(shape, true)));
  const torch::NoGradGuard no_grad;
  out_->weight.zero_();
  out_->bias.zero_();
}

torch::Tensor TransformerImpl::forward(const torch::Tensor& history, const torch::Tensor& future) {
  auto memory = history_in_(history);
  memory = memory + positions_like(memory);
  for (auto& layer : encoder_) memory = layer(memory, torch::Tensor());
  memory = encoder_norm_(memory);
  auto tokens = future_in_(future);
  tokens = tokens + positions_like(tokens);
  for (auto& layer : decoder_) tokens = layer(tokens, memory);
  return out_(decoder_norm_(tokens)).squeeze(2);
}

}  // namespace nw::workload
