// The GPUs whose power limits a sweep sets: those requested, or those given to this run; and whether all limits of the
// grid can be set on them, which is checked before anything runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/grid.h"
#include "apps/cli/power_limit_keeper.h"
#include "record/record_fwd.h"

namespace nw::cli {

// The GPUs named by `wanted`: "all", or numbers (NVML's) and UUIDs separated by commas; "": those that Slurm or
// CUDA_VISIBLE_DEVICES give to this run, and all where these state nothing.
Result<std::vector<GpuLimit>> choose_gpus(const std::vector<GpuLimit>& gpus, const std::string& wanted);
// The limit that a value of the grid stands for; malformed when this GPU cannot have it.
Result<Watts> limit_of(const std::string& value, const GpuLimit& gpu);

// "gpu0 NAME (UUID), gpu1 ..."
std::string gpu_words(const std::vector<GpuLimit>& gpus);

class SweptGpus {
 public:
  // Nothing where the grid has no power limits. Tests permission, and sets the highest limit of the grid. The error
  // states why not, and how to fix it.
  static Result<std::unique_ptr<SweptGpus>> make(const Grid& grid, const std::string& wanted, const Root& root);
  // The GPUs whose limits would be set, if they support these; sets nothing. None where the grid has no power limits.
  static Result<std::vector<GpuLimit>> check(const Grid& grid, const std::string& wanted, const Root& root);

  const std::vector<GpuLimit>& gpus() const { return gpus_; }
  Done set(const std::string& value);  // of the grid
  Result<std::string> find_changed();  // those whose limit is no longer what was set; "" when all are
  void write(pb::Record& record);      // writes the present limits into its devices
  Done release() { return keeper_->release(); }

 private:
  SweptGpus(std::unique_ptr<LimitKeeper> keeper, std::vector<GpuLimit> gpus)
      : keeper_(std::move(keeper)), gpus_(std::move(gpus)) {}

  std::unique_ptr<LimitKeeper> keeper_;
  std::vector<GpuLimit> gpus_;
  std::string value_;
};

}  // namespace nw::cli
