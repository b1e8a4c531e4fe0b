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

// Steps of an epoch whose batches are of another size and which sees as many samples as `steps` batches of `batch`, as
// nearly as whole steps do; at least one.
int rebatch(int steps, int batch, int new_batch);

// Calls `step` with the passed share of the course, from 0 up to but not 1; it returns the loss. Phase train with
// nested phases epoch; counts each batch in the course's unit, and each epoch; prints a line for each epoch.
void run_epochs(const Course& course, torch::Device device, const std::function<torch::Tensor(double passed)>& step);

void set_learning_rate(torch::optim::AdamW& optimizer, double rate);

Checkpoint checkpoint_of(const torch::nn::Module& network, const std::string& application, Scale scale, int epochs,
                         const Options& options);

}  // namespace nw::workload
