#include "sim/presets.h"

#include <fmt/format.h>

namespace nw::sim {

Result<Scenario> find_scenario(const std::string& name_or_path) {
  for (const Preset& preset : presets())
    if (preset.name == name_or_path) return parse_scenario(preset.text, fmt::format("preset {}", preset.name));
  auto scenario = read_scenario(name_or_path);
  if (scenario || scenario.error().kind != ErrorKind::absent) return scenario;
  std::string names;
  for (const Preset& preset : presets()) names += fmt::format(" {}", preset.name);
  return fail(ErrorKind::absent, fmt::format("{}; the presets are{}", scenario.error().what, names));
}

}  // namespace nw::sim
