#include "study/accelerators.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "record/node_type.h"
#include "record/record.pb.h"
#include "study/hardware.h"
#include "study/repeats.h"

namespace nw {

namespace {

constexpr double kQuiet = 1.1;       // highest power over the mean
constexpr double kQuietWatts = 5;    // this much is noise on any board
constexpr double kIdleShare = 0.25;  // of the rating
constexpr double kSameEnergy = 0.01;

using Use = Accelerator::Use;
using Basis = Accelerator::Basis;

const pb::Device* find_device(const pb::Record& record, const pb::Component& part) {
  for (const pb::Device& device : record.devices())
    if (device.device() == part.device()) return &device;
  return nullptr;
}

std::optional<double> rated_watts(const pb::Component& part, const pb::Device* device) {
  if (const auto rating = find_rating(gpu_model(part.label()))) return rating->watts;
  if (device != nullptr && device->has_power_limit_uw()) return static_cast<double>(device->power_limit_uw()) / 1e6;
  return std::nullopt;
}

void judge(Accelerator& one) {
  const pb::Device* device = one.device;
  if (device != nullptr && (device->has_busiest() || device->has_processes())) {
    const bool ran =
        (device->has_busiest() && device->busiest() > 0) || (!device->has_busiest() && device->processes() > 0);
    one.use = ran ? Use::busy : Use::idle;
    one.basis = Basis::driver;
    one.no_process = !ran && device->allocated() && device->has_processes() && device->processes() == 0;
    return;
  }
  const auto highest = max_power_w(*one.part, one.watts);
  const auto rated = rated_watts(*one.part, device);
  if (!one.watts || !highest || !rated) return;
  const bool quiet = *highest <= std::max(*one.watts * kQuiet, *one.watts + kQuietWatts);
  one.use = quiet && *one.watts < kIdleShare * *rated ? Use::idle : Use::busy;
  one.basis = Basis::power;
}

bool states_offset(const pb::Energy& energy) {
  return std::any_of(energy.contributors().begin(), energy.contributors().end(),
                     [](const pb::Contributor& one) { return std::string_view(one.name()).ends_with(" offset"); });
}

void add_amounts(Accelerator& one, std::optional<double> seconds) {
  const pb::Energy& energy = one.part->energy();
  one.joules = energy_amount(energy);
  if (one.use == Use::idle && one.joules.uncertainty && seconds && !states_offset(energy)) {
    const bool is_desktop = one.part->label().find("GeForce") != std::string::npos;
    const double offset_w = is_desktop ? Accelerator::kDesktopOffsetW : Accelerator::kOffsetW;
    one.joules.uncertainty = std::hypot(*one.joules.uncertainty, 1.96 * offset_w * *seconds);
    one.is_offset_assumed = true;
  }
  one.power = ratio(one.joules, seconds);
}

void find_laggards(std::vector<Accelerator>& all) {
  for (Accelerator& one : all) {
    if (one.use != Use::busy || !one.watts) continue;
    std::vector<double> peers;
    for (const Accelerator& other : all)
      if (&other != &one && other.use == Use::busy && other.watts &&
          gpu_model(other.part->label()) == gpu_model(one.part->label()))
        peers.push_back(*other.watts);
    const auto middle = compute_median(std::move(peers));
    if (middle && *middle > 0 && *one.watts < Accelerator::kFarBelow * *middle) one.of_peers = *one.watts / *middle;
  }
}

// For nodes whose accelerators have no energy of their own (a CPU and a GPU under one meter), and for those not read.
Placement placement_by_devices(const pb::Record& record) {
  if (record.node().gpus().empty() && record.devices().empty()) return Placement::no_accelerators;
  int idle = 0;
  for (const pb::Device& device : record.devices()) {
    if (!device.has_busiest()) return Placement::unknown;
    idle += device.busiest() > 0 ? 0 : 1;
  }
  if (record.devices().empty()) return Placement::unknown;
  if (idle == 0) return Placement::busy;
  return idle == record.devices_size() ? Placement::all_idle : Placement::some_idle;
}

}  // namespace

std::vector<Accelerator> classify_accelerators(const pb::Record& record) {
  std::vector<Accelerator> all;
  for (const pb::Component& part : record.components()) {
    if (part.domain() != "gpu" || !part.energy().has_energy_uj() || part.energy().kind() != pb::KIND_MEASURED) continue;
    Accelerator one;
    one.part = &part;
    one.device = find_device(record, part);
    one.watts = mean_power_w(part.energy(), record.duration_ns());
    judge(one);
    add_amounts(one, duration_s(record.duration_ns()));
    all.push_back(one);
  }
  find_laggards(all);
  return all;
}

Amount compute_unused_energy(const pb::Record& job) {
  if (!job.job().has_unused_gpu_uj()) return {};
  Amount unused{static_cast<double>(job.job().unused_gpu_uj()) / 1e6, {}};
  double joules = 0, uncertainty = 0;
  for (const Accelerator& one : classify_accelerators(job))
    if (one.no_process) joules += *one.joules.value, uncertainty += one.joules.uncertainty.value_or(0);
  if (joules > 0 && std::abs(joules - *unused.value) <= kSameEnergy * joules) unused.uncertainty = uncertainty;
  return unused;
}

Placement placement(const pb::Record& record) {
  const auto all = classify_accelerators(record);
  if (all.empty()) return placement_by_devices(record);
  const auto idle = std::count_if(all.begin(), all.end(), [](const auto& one) { return one.use == Use::idle; });
  if (std::any_of(all.begin(), all.end(), [](const auto& one) { return one.use == Use::unknown; }))
    return Placement::unknown;
  if (idle == 0) return Placement::busy;
  return idle == static_cast<std::ptrdiff_t>(all.size()) ? Placement::all_idle : Placement::some_idle;
}

}  // namespace nw
