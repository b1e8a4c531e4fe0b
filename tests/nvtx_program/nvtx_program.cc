// A program with NVTX ranges, for tests/e2e/nvtx.sh. It knows nothing of nodewatt.
//
//   nvtx_program train        a training of two epochs: nested ranges, a domain, registered names, a range over threads
//   nvtx_program hostile      names that are no names for a report
//   nvtx_program storm N      N ranges as fast as they go
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <thread>

#include "nvtx_caller.h"

namespace {
using namespace nvtx_caller;

constexpr useconds_t kStep = 120'000;

void train() {
  auto* loader = make_domain("loader");
  const auto fetch = named(3, register_string(loader, "fetch"));
  push("fit");
  for (int epoch = 0; epoch < 2; ++epoch) {
    push("epoch");
    const auto copy = start("copy to device");
    push(loader, &fetch);
    ::usleep(kStep);
    pop(loader);
    std::thread([copy] { end(copy); }).join();
    push_wide(L"forw\u00e4rts");
    push("kernel");  // one level too deep by default
    ::usleep(kStep);
    pop();
    pop();
    pop();
  }
  pop();
  std::printf("%d\n", pop());
}

void hostile() {
  for (const char* name : {"=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\\input{/etc/passwd} $x^2$ 100%",
                           "\x1b[2J\x1b]0;title\x07 cleared", "a\nb\rc\td", "\xff\xfe not UTF-8",
                           "\xe2\x80\xae"
                           "rtl",
                           "a/b", "\"quoted\", 'too'", "{\"json\": null}", "-1+1", "@SUM(A1)", "&amp;<b>"}) {
    push(name);
    ::usleep(1000);
    pop();
  }
}
}  // namespace

int main(int argc, char** argv) {
  const bool tool = begin();
  std::printf("%s\n", tool ? "attached" : "no tool");
  const char* what = argc > 1 ? argv[1] : "train";
  if (std::strcmp(what, "train") == 0) train();
  if (std::strcmp(what, "hostile") == 0) hostile();
  if (std::strcmp(what, "storm") == 0)
    for (long i = std::strtol(argv[2], nullptr, 10); i > 0; --i) push("step"), pop();
  return 0;
}
