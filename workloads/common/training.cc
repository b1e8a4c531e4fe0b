// The loss is summed on the device and read once an epoch: reading it every step would make a GPU wait for the CPU each
// time.
#include "training.h"

#include "program.h"
#include "progress.h"
#include "torch_env.h"

#include <nodewatt/nodewatt.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace nw::workload {

void apply_batch_size(const Options& options, int& steps, int& batch, int& at_once) {
  if (!options.batch) return;
  if (options.action == Action::infer) {
    at_once = *options.batch;
    return;
  }
  steps = std::max(1, static_cast<int>(std::lround(static_cast<double>(steps) * batch / *options.batch)));
  batch = *options.batch;
}

void run_epochs(const Course& course, torch::Device device, const std::function<torch::Tensor(double passed)>& step) {
  const Phase phase("train");
  const double begin = seconds_now(), steps = static_cast<double>(course.epochs) * course.steps;
  int done = 0;
  for (int epoch = 1; epoch <= course.epochs; ++epoch) {
    const Phase inner("epoch");
    const double start = seconds_now();
    Progress progress("epoch " + std::to_string(epoch) + "/" + std::to_string(course.epochs), course.steps);
    auto loss = torch::zeros({}, torch::TensorOptions(torch::kFloat32).device(device));
    for (int i = 0; i < course.steps; ++i) {
      loss += step(done++ / steps);
      nw_work("train", course.batch, course.unit);
      progress.advance();
    }
    const double mean = loss.item<double>() / course.steps;
    synchronize(device);
    nw_work("train", 1, "epoch");
    const double seconds = seconds_now() - start;
    const int samples = course.steps * course.batch;
    std::printf("epoch %d/%d: loss %.4f, %d %s, %.2f s, %.1f %s/s\n", epoch, course.epochs, mean, samples, course.units,
                seconds, samples / seconds, course.units);
  }
  std::printf("training: %d epochs in %.1f s\n", course.epochs, seconds_now() - begin);
}

void set_learning_rate(torch::optim::AdamW& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
}

Checkpoint checkpoint_of(const torch::nn::Module& network, const std::string& application, Scale scale, int epochs,
                         const Options& options) {
  Checkpoint checkpoint;
  checkpoint.facts = {{"application", application},
                      {"scale", std::string(name_of(scale))},
                      {"epochs", std::to_string(epochs)},
                      {"seed", std::to_string(options.seed)}};
  checkpoint.parameters = parameters_of(network);
  return checkpoint;
}

}  // namespace nw::workload
