// Reads numeric vectors out of an R lazy-load data base (.rdb), without R.
#pragma once

#include "result.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace nw::workload {

// Every numeric vector of the data base, in file order; objects of other types are passed over.
Result<std::vector<std::vector<double>>> read_rdb(const std::filesystem::path& path);

// The same from memory; errors carry no path.
Result<std::vector<std::vector<double>>> parse_rdb(std::span<const std::uint8_t> bytes);

}  // namespace nw::workload
