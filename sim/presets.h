// The nodes that come with the program (sim/presets/*.toml, compiled in).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sim/scenario.h"

namespace nw::sim {

struct Preset {
  std::string_view name, text;
};
std::span<const Preset> presets();

// A preset by its name, else a file by its path.
Result<Scenario> find_scenario(const std::string& name_or_path);

}  // namespace nw::sim
