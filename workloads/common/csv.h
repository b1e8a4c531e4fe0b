// Reads one column of numbers out of a CSV file.
#pragma once

#include "result.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace nw::workload {

// The column whose heading is demand, load or value (any case); without such a heading, or without a heading line, the
// last column. Fields are parted by commas or semicolons and may be quoted; lines that are blank or begin with '#' are
// passed over. Every other line must hold a finite number there: errors name the line.
Result<std::vector<double>> read_csv_column(const std::filesystem::path& path);

// The same from memory; errors carry no path.
Result<std::vector<double>> parse_csv_column(std::string_view text);

}  // namespace nw::workload
