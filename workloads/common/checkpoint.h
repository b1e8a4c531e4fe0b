// A trained network on disk: facts about it and its parameters, free of any version of LibTorch.
#pragma once

#include "options.h"
#include "result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace nw::workload {

struct Parameter {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // row-major
};

struct Checkpoint {
  std::map<std::string, std::string>
      facts;  // "application", "scale", and what else the application needs to rebuild its network
  std::vector<Parameter> parameters;
};

Result<void> write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
Result<Checkpoint> read_checkpoint(const std::filesystem::path& path);

// The scale that the network was trained at. An error when the checkpoint is another application's, or --scale asks for
// another.
Result<Scale> scale_of_checkpoint(const Checkpoint& checkpoint, const std::string& application, const Options& options);

// The same in memory; errors carry no path.
std::vector<std::uint8_t> format_checkpoint(const Checkpoint& checkpoint);
Result<Checkpoint> parse_checkpoint(std::span<const std::uint8_t> bytes);

}  // namespace nw::workload
