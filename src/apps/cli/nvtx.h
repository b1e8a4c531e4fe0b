// `run --nvtx`: what the command's environment needs so that its NVTX ranges become phases.
#pragma once

#include <string>
#include <vector>

#include "apps/cli/command.h"
#include "base/result.h"

namespace nw::cli {

// Whether --nvtx and --nvtx-depth make sense.
Done check_nvtx(const RunOptions& options);

// NAME=value each; none without --nvtx. None, with a warning, where a profiler is set up already, or the library is not
// beside this program: measuring goes on without.
std::vector<std::string> nvtx_variables(const RunOptions& options);

}  // namespace nw::cli
