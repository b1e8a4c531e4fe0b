// Everything that differs between LibTorch 1.13 (Debian 12) and 2.x (PyTorch wheels), or between CPU and GPU.
//
// torch/torch.h defines macros such as CHECK and LOG; include this only from the few sources that compute with tensors.
#pragma once

#include "checkpoint.h"
#include "options.h"
#include "result.h"

#include <torch/torch.h>

#include <string>

namespace nw::workload {

// Threads, seed and device as the options ask; an error when that device is not there.
Result<torch::Device> prepare_torch(const Options& options);

// "cpu, 2 threads, LibTorch 1.13.0, OpenBLAS Cooperlake", with the GPU's index where one is used.
std::string describe_backend(torch::Device device);

// What a comparison of two runs may find different, said to nodewatt: batch_size, device, precision, scale, threads,
// torch.
void say_settings(torch::Device device, Scale scale, int batch, bool bf16);

// Waits until the device has done what was asked so far: before every time stamp and the end of every phase.
void synchronize(torch::Device device);

// Runs what is inside its scope in bf16 where that is safe, when `on`. Parameters stay f32.
class Autocast {
 public:
  Autocast(torch::Device device, bool on);
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;
  ~Autocast();

 private:
  torch::Device device_;
  bool on_;
};

// softmax(q k^T / sqrt(d)) v for [batch, heads, tokens, d]; one fused kernel where LibTorch has it (2.0).
torch::Tensor attention(const torch::Tensor& query, const torch::Tensor& key, const torch::Tensor& value);

// A convolution's weights in the memory order that tensor cores like (GPU only).
void use_channels_last_3d(torch::nn::Module& module);

double count_millions(const torch::nn::Module& module);  // of parameters

// Parameters of a module to and from a checkpoint. Restoring fails when names or shapes differ.
std::vector<Parameter> parameters_of(const torch::nn::Module& module);
Result<void> restore_parameters(torch::nn::Module& module, const Checkpoint& checkpoint);

}  // namespace nw::workload
