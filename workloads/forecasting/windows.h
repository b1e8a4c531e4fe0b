// The series as tensors, and the order in which training looks at its windows. Included by forecasting.cc alone.
//
// The first week has no week before it: its change against last week is set to zero, and no training window reaches
// there. The weekday is the number of days since the series began, modulo 7: which of them is a Monday does not matter
// to a one-hot.
#pragma once

#include "series.h"
#include "transformer.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <random>

namespace nw::workload {

// The whole series as tensors on the device; windows are gathered out of them.
struct Windows {
  torch::Tensor history;  // [half-hours, kHistoryFeatures]
  torch::Tensor future;   // [half-hours, kFutureFeatures]
  torch::Tensor target;   // [half-hours], normalised change against last week
  double deviation = 1;
};

inline Windows make_windows(const Series& series, const Split& split, torch::Device device) {
  const auto count = static_cast<int>(series.load.size());
  const auto load = torch::tensor(series.load, torch::kFloat64);
  const auto learnt = load.narrow(0, 0, split.train_end);
  const double mean = learnt.mean().item<double>(), deviation = std::max(learnt.std().item<double>(), 1e-9);
  const auto level = ((load - mean) / deviation).to(torch::kFloat32);
  const auto first_week = torch::zeros({kWeek});
  const auto week_before = torch::cat({first_week, level.narrow(0, 0, count - kWeek)});
  const auto change = torch::cat({first_week, (level - week_before).narrow(0, kWeek, count - kWeek)});
  const auto step = torch::arange(count, torch::kLong);
  const auto turn = (step.remainder(kDay).to(torch::kFloat32) * (2 * std::numbers::pi / kDay)).unsqueeze(1);
  const auto weekday = torch::one_hot(torch::floor_divide(step, kDay).remainder(7), 7).to(torch::kFloat32);
  const auto calendar = torch::cat({turn.sin(), turn.cos(), weekday}, 1);
  const auto history = torch::cat({level.unsqueeze(1), change.unsqueeze(1), calendar}, 1);
  const auto future = torch::cat({week_before.unsqueeze(1), calendar}, 1);
  return {history.to(device), future.to(device), change.to(device), deviation};
}

// Hands out the first half-hours of training days: each of [first, last] once, in random order, before any of them
// twice.
class WindowOrder {
 public:
  WindowOrder(int first, int last, std::uint64_t seed) : random_(seed) {
    origins_.resize(static_cast<std::size_t>(last - first + 1));
    std::iota(origins_.begin(), origins_.end(), first);
    next_ = origins_.size();
  }

  torch::Tensor draw(int count, torch::Device device) {
    std::vector<std::int64_t> drawn;
    for (int i = 0; i < count; ++i) {
      if (next_ == origins_.size()) {
        std::shuffle(origins_.begin(), origins_.end(), random_);
        next_ = 0;
      }
      drawn.push_back(origins_[next_++]);
    }
    return torch::tensor(drawn, torch::kLong).to(device);
  }

 private:
  std::mt19937_64 random_;
  std::vector<std::int64_t> origins_;
  std::size_t next_;
};

}  // namespace nw::workload
