#include "study/estimates.h"

#include <cmath>

#include <fmt/format.h>

#include "base/result.h"
#include "record/node_type.h"
#include "record/record.pb.h"
#include "study/accelerators.h"
#include "study/hardware.h"
#include "study/values.h"

namespace nw {

namespace {

constexpr double kGreenMemoryWPerGb = 0.3725;
constexpr double kCodecarbonMemoryWPerGb = 3.0 / 8;
constexpr double kCodecarbonUnknownCpuW = 85;
constexpr double kCodecarbonShare = 0.5;

struct Traits {
  Method method;
  std::string_view name, formula, origin;
};
constexpr std::array kTraits{
    Traits{Method::tdp, "tdp_time", "rated power of all CPUs and GPUs x time", "common practice"},
    Traits{Method::tdp_use, "tdp_utilisation_time", "rated power x utilisation x time", "common practice"},
    Traits{Method::green_algorithms, "green_algorithms",
           "time x (rated CPU power + rated GPU power + 0.3725 W/GB x memory)", "Green Algorithms, with PUE 1"},
    Traits{Method::mean_node_power, "mean_node_power_time", "mean power of other runs on such a node x time",
           "common practice of sites"},
    Traits{Method::codecarbon, "codecarbon_constant", "half the CPU's rating + 3 W per 8 GB + GPUs as measured",
           "CodeCarbon, without RAPL"},
    Traits{Method::codecarbon_load, "codecarbon_load",
           "CPU's rating x (0.1 + 0.9 x load^3) + 3 W per 8 GB + GPUs as measured", "CodeCarbon, CPU load mode"}};

const Traits& traits(Method method) { return kTraits[static_cast<unsigned>(method)]; }

// The watts of a method, or the input that is missing.
using Said = Result<double>;

class Estimator {
 public:
  Estimator(const pb::Record& record, std::optional<double> others_w) : record_(record), others_w_(others_w) {}

  Said watts(Method method) const {
    switch (method) {
      case Method::tdp: return NW_TRY(cpu_rating()) + NW_TRY(gpu_rating(false));
      case Method::tdp_use: return NW_TRY(cpu_rating()) * NW_TRY(cpu_load()) + NW_TRY(gpu_rating(true));
      case Method::green_algorithms:
        return NW_TRY(cpu_rating()) + NW_TRY(gpu_rating(false)) + kGreenMemoryWPerGb * NW_TRY(memory_gb());
      case Method::mean_node_power:
        return others_w_ ? Said(*others_w_) : fail(ErrorKind::absent, "another run on such a node");
      case Method::codecarbon:
        return kCodecarbonShare * cpu_rating().value_or(kCodecarbonUnknownCpuW / kCodecarbonShare) +
               kCodecarbonMemoryWPerGb * NW_TRY(memory_gb()) + NW_TRY(gpu_measured());
      case Method::codecarbon_load:
        return NW_TRY(cpu_rating()) * (0.1 + 0.9 * std::pow(NW_TRY(cpu_load()), 3)) +
               kCodecarbonMemoryWPerGb * NW_TRY(memory_gb()) + NW_TRY(gpu_measured());
    }
    return fail(ErrorKind::absent, "no such method");
  }

 private:
  Said cpu_rating() const {
    const pb::Node& node = record_.node();
    const auto rating = find_rating(node.cpu_model());
    if (!rating) return fail(ErrorKind::absent, "the rated power of this CPU");
    return rating->watts * std::max(node.sockets(), 1U);
  }

  const pb::Device* device_of(std::size_t gpu) const {
    std::size_t at = 0;
    for (const pb::Device& device : record_.devices())
      if (device.domain() == "gpu" && at++ == gpu) return &device;
    return nullptr;
  }

  Said gpu_rating(bool by_use) const {
    double sum = 0;
    for (int i = 0; i < record_.node().gpus_size(); ++i) {
      const auto rating = find_rating(gpu_model(record_.node().gpus(i)));
      if (!rating) return fail(ErrorKind::absent, "the rated power of this GPU");
      double use = 1;
      if (by_use) {
        const pb::Device* device = device_of(static_cast<std::size_t>(i));
        if (device == nullptr || !device->has_busy()) return fail(ErrorKind::absent, "how busy the GPUs were");
        use = device->busy();
      }
      sum += rating->watts * use;
    }
    return sum;
  }

  Said gpu_measured() const {
    if (record_.node().gpus().empty()) return 0.0;
    const auto gpus = classify_accelerators(record_);
    double sum = 0;
    for (const Accelerator& one : gpus) sum += one.watts.value_or(0);
    if (gpus.empty()) return fail(ErrorKind::absent, "the GPUs' energy");
    return sum;
  }

  Said cpu_load() const {
    if (!record_.has_cpu_busy() || !finite(record_.cpu_busy()))
      return fail(ErrorKind::absent, "how busy the CPUs were");
    return record_.cpu_busy();
  }

  Said memory_gb() const {
    if (record_.node().memory_bytes() == 0) return fail(ErrorKind::absent, "how much memory the node has");
    return static_cast<double>(record_.node().memory_bytes()) / 1e9;
  }

  const pb::Record& record_;
  std::optional<double> others_w_;
};

}  // namespace

std::string_view name(Method method) { return traits(method).name; }
std::string_view formula(Method method) { return traits(method).formula; }
std::string_view origin(Method method) { return traits(method).origin; }

std::vector<Estimate> compute_estimates(const pb::Record& record, std::optional<double> others_w) {
  const Estimator estimator(record, others_w);
  const auto seconds = duration_s(record.duration_ns());
  const auto measured = record.energy().kind() == pb::KIND_ESTIMATED ? std::nullopt : energy_j(record.energy());
  std::vector<Estimate> all;
  for (const Method method : kMethods) {
    Estimate one{method, {}, "", {}};
    const auto watts = estimator.watts(method);
    if (!watts)
      one.missing = watts.error().what;
    else if (!seconds)
      one.missing = "how long it took";
    else
      one.joules = *watts * *seconds;
    if (one.joules && measured && *measured > 0) one.error = *one.joules / *measured - 1;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace nw
