// The versions' differences that matter here, each as LibTorch's own sources and release notes tell them:
//  - autocast: set_autocast_enabled(device_type, ...) from 2.4; the older setters are deprecated from then on.
//  - scaled_dot_product_attention: from 2.0.
//  - TORCH_VERSION_MAJOR and _MINOR exist in all of them (Debian's 1.13.1 calls itself 1.13.0).
// CPU threads: LibTorch's default may be 1 inside virtual machines, so the number is always set. c10's error text
// carries a stack trace; callers print its first line only.
#include "torch_env.h"

#include "program.h"

#include <nodewatt/nodewatt.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>
#include <map>

#define NW_TORCH (TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR)

namespace nw::workload {
namespace {

void set_autocast(torch::Device device, bool on) {
#if NW_TORCH >= 204
  at::autocast::set_autocast_enabled(device.type(), on);
  if (on) at::autocast::set_autocast_dtype(device.type(), at::kBFloat16);
#else
  if (device.is_cuda()) {
    at::autocast::set_enabled(on);
    if (on) at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
  } else {
    at::autocast::set_cpu_enabled(on);
    if (on) at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  }
#endif
  if (!on) at::autocast::clear_cache();
}

Result<torch::Device> find_device(const std::string& name) {
  if (name == "cpu") return torch::Device(torch::kCPU);
  if (!torch::cuda::is_available()) return Error{"--device " + name + ": this LibTorch finds no usable CUDA device"};
  const auto colon = name.find(':');
  const int index = colon == name.npos ? 0 : std::stoi(name.substr(colon + 1));
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (index >= count)
    return Error{"--device " + name + ": there are " + std::to_string(count) + " CUDA devices, counted from 0"};
  return torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(index));
}

}  // namespace

Result<torch::Device> prepare_torch(const Options& options) {
  at::set_num_threads(options.threads);
  auto device = find_device(options.device);
  if (!device) return device;
  torch::manual_seed(options.seed);
  at::globalContext().setBenchmarkCuDNN(true);  // shapes are fixed: let cuDNN try its algorithms once
  return device;
}

std::string describe_backend(torch::Device device) {
  return device.str() + ", " + std::to_string(at::get_num_threads()) + " CPU threads, LibTorch " + TORCH_VERSION +
         ", BLAS " + std::string(blas_in_use());
}

void say_settings(torch::Device device, Scale scale, int batch, bool bf16) {
  nw_setting("batch_size", std::to_string(batch).c_str());
  nw_setting("device", device.str().c_str());
  nw_setting("precision", bf16 ? "bf16" : "f32");
  nw_setting("scale", name_of(scale).data());
  nw_setting("threads", std::to_string(at::get_num_threads()).c_str());
  nw_setting("torch", TORCH_VERSION);
}

void synchronize(torch::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

Autocast::Autocast(torch::Device device, bool on) : device_(device), on_(on) {
  if (on_) set_autocast(device_, true);
}

Autocast::~Autocast() {
  if (on_) set_autocast(device_, false);
}

torch::Tensor attention(const torch::Tensor& query, const torch::Tensor& key, const torch::Tensor& value) {
#if NW_TORCH >= 200
  return at::scaled_dot_product_attention(query, key, value);
#else
  const auto scaled = query * (1.0 / std::sqrt(static_cast<double>(query.size(-1))));
  return torch::matmul(torch::matmul(scaled, key.transpose(-2, -1)).softmax(-1), value);
#endif
}

void use_channels_last_3d(torch::nn::Module& module) {
  for (auto& parameter : module.parameters())
    if (parameter.dim() == 5) parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast3d));
}

double count_millions(const torch::nn::Module& module) {
  double count = 0;
  for (const auto& parameter : module.parameters()) count += static_cast<double>(parameter.numel());
  return count / 1e6;
}

std::vector<Parameter> parameters_of(const torch::nn::Module& module) {
  std::vector<Parameter> out;
  for (const auto& item : module.named_parameters()) {
    const auto tensor = item.value().detach().to(torch::kCPU, torch::kFloat32).contiguous();
    const float* first = tensor.data_ptr<float>();
    out.push_back({item.key(), tensor.sizes().vec(), {first, first + tensor.numel()}});
  }
  return out;
}

Result<void> restore_parameters(torch::nn::Module& module, const Checkpoint& checkpoint) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, const Parameter*> stored;
  for (const auto& parameter : checkpoint.parameters) stored[parameter.name] = &parameter;
  for (auto& item : module.named_parameters()) {
    const auto found = stored.find(item.key());
    if (found == stored.end()) return Error{"checkpoint lacks the parameter " + item.key()};
    const auto& parameter = *found->second;
    if (item.value().sizes().vec() != parameter.shape) return Error{"checkpoint has another shape for " + item.key()};
    // from_blob wants a mutable pointer; the values are only read.
    item.value().copy_(torch::from_blob(const_cast<float*>(parameter.values.data()), parameter.shape, torch::kFloat32));
    stored.erase(found);
  }
  if (!stored.empty()) return Error{"checkpoint has a parameter that this network does not: " + stored.begin()->first};
  return {};
}

}  // namespace nw::workload
