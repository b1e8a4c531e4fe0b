// Another program, run to its end for what it prints.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw {

enum class Errors : unsigned char { shown, dropped };

struct ProgramLimits {
  std::optional<Nanos> patience;               // nothing: however long it takes
  std::size_t output = std::size_t{64} << 20;  // bytes
};

// Its standard output. It is given `input`, or nothing to read; its errors go where ours do, or nowhere. Found by PATH.
// Absent when there is no such program, busy when it took longer than it may, malformed when it printed more than it
// may (of both it is killed), failed when it ended with anything but 0. The error names the program.
Result<std::string> run_program(const std::vector<std::string>& words, std::string_view input = {},
                                Errors errors = Errors::shown, ProgramLimits limits = {});

}  // namespace nw
