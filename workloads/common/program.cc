// The frame of both programs.
//
// OpenBLAS picks its kernels by CPU model in a library constructor. A release that is older than the CPU does not know
// the model and falls back to SSE3 kernels, seven times slower (0.3.21 on anything newer than Sapphire Rapids,
// "Prescott"): the energy of such a run would say nothing about the node. OPENBLAS_CORETYPE corrects it, but is read
// before main; so when OpenBLAS is loaded and its kernel is plainly below what the CPU offers, the program sets the
// variable and executes itself once more. A choice that the user made is left alone; so is a right choice of OpenBLAS,
// and MKL, which the PyTorch wheels carry.
#include "program.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace nw::workload {
namespace {

constexpr int kDone = 0, kFailed = 1, kUsage = 2;

// The name of OpenBLAS's active kernel, null when OpenBLAS is not in this process.
const char* openblas_kernel() {
  void* symbol = dlsym(RTLD_DEFAULT, "openblas_get_corename");
  return symbol ? reinterpret_cast<const char* (*)()>(symbol)() : nullptr;
}

#if defined(__x86_64__)
constexpr std::array<std::string_view, 8> kKernelsWithoutAvx2{"Prescott", "Core2",     "Penryn", "Dunnington",
                                                              "Nehalem",  "Barcelona", "Atom",   "Generic"};

void correct_openblas_kernel(char** argv) {
  const char* kernel = openblas_kernel();
  if (!kernel || std::getenv("OPENBLAS_CORETYPE") || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return;
  if (std::find(kKernelsWithoutAvx2.begin(), kKernelsWithoutAvx2.end(), kernel) == kKernelsWithoutAvx2.end()) return;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  setenv("OPENBLAS_CORETYPE", avx512 ? "SkylakeX" : "Haswell", 1);
  std::array<char, PATH_MAX> self{};  // the real path, so that the process keeps its name in ps and in /proc
  if (readlink("/proc/self/exe", self.data(), self.size() - 1) > 0) execv(self.data(), argv);
}
#else
void correct_openblas_kernel(char**) {}
#endif

// LibTorch's messages go on for many lines with a stack trace; the first one says it.
std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

int report(const Program& program, int code, const std::string& what) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", program.name.data(), what.c_str());
  return code;
}

void print_help(const Program& program) {
  std::printf("usage: %s train|infer [flags]\n\n%s\n%s", program.name.data(), program.summary.data(),
              options_help().data());
}

int act(const Program& program, const Options& options) {
  try {
    const auto done = options.action == Action::train ? program.train(options) : program.infer(options);
    if (!done) return report(program, kFailed, done.error().what);
  } catch (const std::exception& foreign) {
    return report(program, kFailed, first_line(foreign.what()));
  }
  return kDone;
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  correct_openblas_kernel(argv);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto options = parse_options({argv + std::min(argc, 1), static_cast<std::size_t>(std::max(argc - 1, 0))});
  if (!options) return report(program, kUsage, options.error().what);
  int code = kDone;
  if (options->action == Action::help) {
    print_help(program);
  } else {
    code = act(program, *options);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return report(program, kFailed, "cannot write to standard output");
  return code;
}

std::string_view blas_in_use() {
  static const std::string name = [] {
    if (const char* kernel = openblas_kernel()) return std::string("OpenBLAS ") + kernel;
    if (dlsym(RTLD_DEFAULT, "bli_info_get_version_str")) return std::string("BLIS");
    return std::string("of LibTorch's own choice");
  }();
  return name;
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace nw::workload
