// What NVML says of a GPU besides what its sensors read. A table has what follows from a model's name, from NVIDIA's
// data sheets and `nvidia-smi -q`; a GPU that is not in it has none of these files, so that they are "not supported".
//
// Two of these are figures without physics, for programs that cannot start without them: the temperature follows the
// power of the last 30 s in a straight line, and a GPU that a process holds has half of its memory in use.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "sim/live/live_parts.h"
#include "sim/view_parts.h"

namespace nw::sim {

namespace {
struct GpuModel {
  std::string_view name;  // a part of the component's model
  int architecture;       // NVML's number
  std::string_view capability;
  std::uint64_t memory_mib;
  int idle_mhz, most_mhz, memory_mhz, least_w;
};
constexpr int kAmpere = 7, kHopper = 9;
constexpr std::array<GpuModel, 5> kModels{{
    {"A100-SXM4-40GB", kAmpere, "8.0", 40'960, 210, 1410, 1215, 100},
    {"A100-SXM4-80GB", kAmpere, "8.0", 81'920, 210, 1410, 1593, 100},
    {"H100 80GB HBM3", kHopper, "9.0", 81'559, 345, 1980, 2619, 200},
    {"GH200 480GB", kHopper, "9.0", 97'871, 345, 1980, 2619, 100},
    {"H200", kHopper, "9.0", 143'771, 345, 1980, 3201, 200},
}};

template <class Number>
TextAt whole(Number number) {
  return [number](Nanos t) -> Result<std::string> { return fmt::format("{}\n", number(t)); };
}

void show_details(View& view, const Machine& machine, std::size_t component, const std::string& dir) {
  const Component& gpu = machine.scenario().components[component];
  const auto celsius = [&machine, component, most = gpu.max_w](Nanos t) {
    constexpr double kSeconds = 30, kCold = 25, kRise = 40;
    return std::lround(kCold + kRise * machine.energy(component, t - seconds(30), t) / kSeconds / std::max(most, 1.0));
  };
  view.files[dir + "temperature_c"] = whole(celsius);
  const auto model = std::find_if(kModels.begin(), kModels.end(),
                                  [&](const GpuModel& each) { return gpu.model.find(each.name) != gpu.model.npos; });
  if (model == kModels.end()) return;
  const auto working = [&machine, component](Nanos t) { return machine.processes(component, t) > 0; };
  const auto add = [&](const char* file, const auto& value) {
    view.files[dir + file] = constant(fmt::format("{}\n", value));
  };
  constexpr std::uint64_t kMib = 1 << 20;
  add("architecture", model->architecture);
  add("capability", model->capability);
  add("memory_bytes", model->memory_mib * kMib);
  add("memory_mhz", model->memory_mhz);
  add("clock_max_mhz", model->most_mhz);
  add("limit_min_mw", model->least_w * 1000);
  view.files[dir + "memory_used_bytes"] =
      whole([working, half = model->memory_mib * kMib / 2](Nanos t) { return working(t) ? half : 0; });
  view.files[dir + "clock_mhz"] =
      whole([working, idle = model->idle_mhz, most = model->most_mhz](Nanos t) { return working(t) ? most : idle; });
}
}  // namespace

void show_gpu_details(View& view, const Machine& machine) {
  const auto gpus = nvml_gpus(machine);
  for (std::size_t n = 0; n < gpus.size(); ++n) show_details(view, machine, gpus[n], fmt::format("/nvml/{}/", n));
}

}  // namespace nw::sim
