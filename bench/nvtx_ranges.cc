// The cost of an NVTX range to its program, in each way that a range can be handled; bench/nvtx runs it with and
// without nodewatt. Ranges come in bursts that fit in the ring, with pauses in which the reader takes them; pauses are
// not timed.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/nvtx_program/nvtx_caller.h"

namespace {
using namespace nvtx_caller;

// The median over bursts of the mean nanoseconds of one call.
template <class Call>
double time_of(Call call) {
  constexpr int kBursts = 60, kCalls = 1000;
  std::vector<double> means;
  for (int burst = 0; burst < kBursts; ++burst) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kCalls; ++i) call();
    means.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() /
                    kCalls);
    ::usleep(12'000);
  }
  std::nth_element(means.begin(), means.begin() + kBursts / 2, means.end());
  return means[kBursts / 2];
}
}  // namespace

int main() {
  begin();
  auto* domain = make_domain("bench");
  const auto registered = named(3, register_string(domain, "training step"));
  const auto ascii = named(1, "training step");
  const double pushed = time_of([] { push("training step"), pop(); });
  const double attributes = time_of([&] { push(domain, &ascii), pop(domain); });
  const double from_registered = time_of([&] { push(domain, &registered), pop(domain); });
  const double started = time_of([] { end(start("training step")); });
  const double filtered = time_of([] { push("other"), pop(); });  // bench/nvtx filters these
  push("a"), push("b"), push("c");
  const double deep = time_of([] { push("training step"), pop(); });
  std::printf(
      "{\"attached\": %d, \"push_pop\": %.1f, \"domain\": %.1f, \"registered\": %.1f, \"start_end\": %.1f, "
      "\"filtered\": %.1f, \"too_deep\": %.1f}\n",
      attached, pushed, attributes, from_registered, started, filtered, deep);
}
