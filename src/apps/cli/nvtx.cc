#include "apps/cli/nvtx.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "client/nvtx/attach.h"
#include "client/nvtx/filter.h"

namespace nw::cli {

namespace {
constexpr const char* kLibrary = "libnodewatt-nvtx.so";
constexpr unsigned kDepth = 3;
constexpr const char* kInjection = "NVTX_INJECTION64_PATH";

// Beside this program: in the build, installed (Debian's library folder, or lib, or lib64) and in the package.
std::string find_library() {
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return "";
  for (const char* folder : {"../lib", "../lib64", "../lib/x86_64-linux-gnu", "../lib/aarch64-linux-gnu", "."}) {
    const auto path = (self.parent_path() / folder / kLibrary).lexically_normal();
    if (::access(path.c_str(), R_OK) == 0) return path;
  }
  return "";
}
}  // namespace

Done check_nvtx(const RunOptions& options) {
  if (!options.nvtx) return {};
  if (options.no_phases)
    return fail(ErrorKind::malformed, "--nvtx needs the command's environment, which --no-phases forbids");
  if (const char* wrong = nvtx::Filter().set(options.nvtx->c_str()))
    return fail(ErrorKind::malformed, fmt::format("--nvtx={}: {}", *options.nvtx, wrong));
  return {};
}

std::vector<std::string> nvtx_variables(const RunOptions& options) {
  if (!options.nvtx) return {};
  if (const char* set = std::getenv(kInjection); set != nullptr && *set != '\0') {
    error_exit(
        fmt::format("{} is set already, to {}: its tool gets the NVTX ranges, --nvtx is left out", kInjection, set));
    return {};
  }
  const std::string library = find_library();
  if (library.empty()) {
    error_exit(fmt::format("{} is not beside this program: --nvtx is left out", kLibrary));
    return {};
  }
  return {fmt::format("{}={}", kInjection, library), fmt::format("{}={}", nvtx::kFilterVariable, *options.nvtx),
          fmt::format("{}={}", nvtx::kDepthVariable, options.nvtx_depth.value_or(kDepth))};
}

}  // namespace nw::cli
