#include "apps/cli/sweep_gpus.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "accounting/allocation.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "sensor/driver.h"

namespace nw::cli {

namespace {
constexpr Watts kRounding = watts(1);  // by how much a board may round a limit

bool is_in_force(Watts now, Watts wanted) { return now - wanted < kRounding && wanted - now < kRounding; }

std::string name_of(const GpuLimit& gpu) { return fmt::format("gpu{} {}", gpu.index, gpu.name); }

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The GPUs that are given to this run; one for which that is not known counts as given.
std::vector<GpuLimit> choose_given(const std::vector<GpuLimit>& gpus) {
  std::vector<UtilizationInfo> infos;
  for (const GpuLimit& gpu : gpus) {
    UtilizationInfo& info = infos.emplace_back();
    info.part = {Domain::gpu, gpu.uuid};
    info.visible = nvml_visible_devices();
    info.model = gpu.name;
    info.indices = {gpu.index};
  }
  const auto given = compute_allocation(infos, variable);
  std::vector<GpuLimit> chosen;
  for (std::size_t i = 0; i < gpus.size(); ++i)
    if (given[i].value_or(true)) chosen.push_back(gpus[i]);
  return chosen;
}

bool is_meant(const GpuLimit& gpu, std::string_view word) {
  if (const auto index = parse_u64(word)) return *index == gpu.index;
  return gpu.uuid == word;
}

Done check_range(const Dimension& values, const std::vector<GpuLimit>& gpus) {
  for (const GpuLimit& gpu : gpus)
    for (const std::string& value : values.values) NW_TRY(limit_of(value, gpu));
  return {};
}

Watts highest_of(const Dimension& values, const GpuLimit& gpu) {
  Watts highest{};
  for (const std::string& value : values.values) highest = std::max(highest, limit_of(value, gpu).value_or(Watts{}));
  return highest;
}

std::string_view repair_of(ErrorKind kind) {
  if (kind == ErrorKind::denied) return "Run the sweep as root (sudo nodewatt sweep ...), or leave --power-limit out";
  return kind == ErrorKind::malformed ? "Choose others" : "Leave --power-limit out";
}

tl::unexpected<Error> refuse(const Error& why) {
  return fail(why.kind, fmt::format("GPU power limits cannot be set: {}. {}.", why.what, repair_of(why.kind)));
}
}  // namespace

Result<std::vector<GpuLimit>> choose_gpus(const std::vector<GpuLimit>& gpus, const std::string& wanted) {
  if (wanted == "all" || wanted.empty()) {
    auto chosen = wanted.empty() ? choose_given(gpus) : gpus;
    if (chosen.empty()) return fail(ErrorKind::absent, "no GPU here has one, or none is given to this run");
    return chosen;
  }
  std::vector<GpuLimit> chosen;
  for (const auto field : split(wanted, ',')) {
    const auto word = trim(field);
    const auto found = std::find_if(gpus.begin(), gpus.end(), [&](const GpuLimit& gpu) { return is_meant(gpu, word); });
    if (found == gpus.end())
      return fail(ErrorKind::absent, fmt::format("--gpus {}: no such GPU with a power limit", quote(word)));
    if (std::none_of(chosen.begin(), chosen.end(), [&](const GpuLimit& gpu) { return gpu.uuid == found->uuid; }))
      chosen.push_back(*found);
  }
  return chosen;
}

std::string gpu_words(const std::vector<GpuLimit>& gpus) {
  std::string text;
  for (const GpuLimit& gpu : gpus) text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", name_of(gpu), gpu.uuid);
  return text;
}

Result<Watts> limit_of(const std::string& value, const GpuLimit& gpu) {
  if (value == kDefaultLimit) return gpu.standard;
  const auto whole = parse_i64(std::string_view(value).substr(0, value.size() - (value.ends_with('W') ? 1 : 0)));
  const Watts limit = watts(whole.value_or(0));
  if (limit >= gpu.least && limit <= gpu.most) return limit;
  return fail(ErrorKind::malformed, fmt::format("{} is not within {}'s {:g} W to {:g} W", value, name_of(gpu),
                                                to_watts(gpu.least), to_watts(gpu.most)));
}

Result<std::unique_ptr<SweptGpus>> SweptGpus::make(const Grid& grid, const std::string& wanted, const Root& root) {
  const Dimension* const values = grid.find(kPowerLimit);
  if (values == nullptr) return std::unique_ptr<SweptGpus>();
  auto keeper = LimitKeeper::start(root);
  if (!keeper) return refuse(keeper.error());
  auto chosen = choose_gpus((*keeper)->gpus(), wanted);
  if (!chosen) return refuse(chosen.error());
  if (const Done done = check_range(*values, *chosen); !done) return refuse(done.error());
  for (const GpuLimit& gpu : *chosen)
    if (const Done done = (*keeper)->try_out(gpu.uuid); !done) return refuse(done.error());
  for (const GpuLimit& gpu : *chosen)
    if (const Done done = (*keeper)->set(gpu.uuid, highest_of(*values, gpu)); !done) return refuse(done.error());
  return std::unique_ptr<SweptGpus>(new SweptGpus(std::move(*keeper), std::move(*chosen)));
}

Result<std::vector<GpuLimit>> SweptGpus::check(const Grid& grid, const std::string& wanted, const Root& root) {
  const Dimension* const values = grid.find(kPowerLimit);
  if (values == nullptr) return std::vector<GpuLimit>();
  const auto host = make_real_host(root);
  const auto limits = open_power_limits(*host);
  if (!limits) return refuse(limits.error());
  auto chosen = choose_gpus((*limits)->gpus(), wanted);
  if (!chosen) return refuse(chosen.error());
  if (const Done done = check_range(*values, *chosen); !done) return refuse(done.error());
  return chosen;
}

Done SweptGpus::set(const std::string& value) {
  value_ = value;
  for (const GpuLimit& gpu : gpus_) {
    const Watts limit = NW_TRY(limit_of(value, gpu));
    NW_CHECK(keeper_->set(gpu.uuid, limit));
    const Watts now = NW_TRY(keeper_->read_limit(gpu.uuid));
    if (!is_in_force(now, limit))
      return fail(ErrorKind::failed,
                  fmt::format("{} was set to {} and says {:g} W", name_of(gpu), value, to_watts(now)));
  }
  return {};
}

Result<std::string> SweptGpus::find_changed() {
  for (const GpuLimit& gpu : gpus_) {
    const Watts now = NW_TRY(keeper_->read_limit(gpu.uuid)), wanted = NW_TRY(limit_of(value_, gpu));
    if (!is_in_force(now, wanted))
      return fmt::format("{}: {:g} W in place of {:g} W", name_of(gpu), to_watts(now), to_watts(wanted));
  }
  return std::string();
}

void SweptGpus::write(pb::Record& record) {
  for (const GpuLimit& gpu : gpus_) {
    const auto limit = keeper_->read_enforced(gpu.uuid);
    if (!limit) continue;
    for (pb::Device& device : *record.mutable_devices())
      if (device.device() == gpu.uuid) device.set_power_limit_uw(limit->count());
  }
}

}  // namespace nw::cli
