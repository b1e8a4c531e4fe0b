// Runs another program to its end and returns what it printed.
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
  std::optional<Nanos> patience;               // without: no time limit
  std::size_t output = std::size_t{64} << 20;  // largest output accepted, in bytes
};

// The program's standard output. It gets `input` on standard input, or nothing; its standard error is ours or is
// discarded. Found by PATH. Absent when there is no such program, busy when it took longer than `patience`, malformed
// when it printed more than `output` (it is killed in both cases), failed when it ended with anything but 0. The error
// names the program.
Result<std::string> run_program(const std::vector<std::string>& words, std::string_view input = {},
                                Errors errors = Errors::shown, ProgramLimits limits = {});

}  // namespace nw
