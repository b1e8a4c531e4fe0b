// What the two executables have in common around their work: command line, exit codes, the BLAS that is really meant.
#pragma once

#include "options.h"
#include "result.h"

#include <string_view>

namespace nw::workload {

struct Program {
  std::string_view name;     // nodewatt-segmentation
  std::string_view summary;  // a few lines for --help
  Result<void> (*train)(const Options&);
  Result<void> (*infer)(const Options&);
};

// Exit codes: 0 done, 1 failed with one line on stderr, 2 wrong usage.
int run_program(const Program& program, int argc, char** argv);

// The BLAS behind LibTorch as far as it can be told, like "OpenBLAS Cooperlake".
std::string_view blas_in_use();

// Seconds on a clock that never steps.
double seconds_now();

}  // namespace nw::workload
