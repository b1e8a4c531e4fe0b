// The loop that both trainings are, with its phases and work counts.
#pragma once

#include "checkpoint.h"
#include "options.h"

#include <torch/torch.h>

#include <functional>
#include <string>

namespace nw::workload {

struct Course {
  int epochs = 1;
  int steps = 1;  // of an epoch
  int batch = 1;
  const char* unit = "sample";
  const char* units = "samples";  // as a person reads it
};

// What --batch-size changes: in inference `at_once`; in training `batch`, and `steps` of an epoch so that they see as
// many samples as before, as nearly as whole steps do (at least one).
void apply_batch_size(const Options& options, int& steps, int& batch, int& at_once);

// Calls `step` with the passed share of the course, from 0 up to but not 1; it returns the loss. Phase train with
// nested phases epoch; counts each batch in the course's unit, and each epoch; prints a line for each epoch.
void run_epochs(const Course& course, torch::Device device, const std::function<torch::Tensor(double passed)>& step);

void set_learning_rate(torch::optim::AdamW& optimizer, double rate);

Checkpoint checkpoint_of(const torch::nn::Module& network, const std::string& application, Scale scale, int epochs,
                         const Options& options);

}  // namespace nw::workload
