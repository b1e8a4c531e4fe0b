// Replays a tape with the real `nodewatt replay` in a process of its own, for the tests of sim/.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "base/program.h"
#include "sim/tape_player.h"

namespace nw::sim {

inline nlohmann::json replay(const Tape& tape) {
  const auto path =
      std::filesystem::temp_directory_path() / ("nodewatt_sim_replay_" + std::to_string(::getpid()) + ".tape");
  EXPECT_TRUE(write_tape(tape, path));
  const auto text =
      run_program({std::string(NODEWATT_BIN_DIR) + "/nodewatt", "replay", "--format", "json", path.string()});
  std::filesystem::remove(path);
  EXPECT_TRUE(text) << text.error().what;
  auto json = nlohmann::json::parse(text.value_or(""), nullptr, false);
  EXPECT_FALSE(json.is_discarded());
  return json;
}

// The component that nodewatt measured by this sensor; null when there is none.
inline nlohmann::json part_by(const nlohmann::json& replayed, const std::string& sensor) {
  nlohmann::json found;
  if (!replayed.is_object()) return found;
  for (const auto& part : replayed.at("components"))
    if (part.at("sensor") == sensor) {
      EXPECT_TRUE(found.is_null()) << sensor << " appears twice";
      found = part;
    }
  return found;
}

}  // namespace nw::sim
