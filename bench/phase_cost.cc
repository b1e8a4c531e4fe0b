// The cost of a phase to the program that marks it: nw_phase_begin and nw_phase_end of the shared library, as programs
// load it, timed from inside; and the cost of nw_work. bench/phases runs it under `nodewatt run` and by itself.
//
// usage: phase_cost phase|work COUNT REPETITIONS WORK_MS: prints the mean nanoseconds of the COUNT calls of a
// repetition, one line a repetition. Before each the program computes for WORK_MS, as programs do between phases, so
// that the reader sleeps and has to be woken, and the ring is empty: this times the full cost, not that of events that
// do not fit.
#include <nodewatt/nodewatt.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {
using Clock = std::chrono::steady_clock;

void compute_for(std::chrono::milliseconds time) {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) continue;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fputs("usage: phase_cost phase|work COUNT REPETITIONS WORK_MS\n", stderr), 2;
  const bool work = std::string_view(argv[1]) == "work";
  const int count = std::atoi(argv[2]), repetitions = std::atoi(argv[3]);
  const std::chrono::milliseconds pause(std::atoi(argv[4]));
  std::fprintf(stderr, "measuring %d\n", nw_measuring());
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    compute_for(pause);
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) work ? nw_work("epoch", 1, "sample") : nw_phase_end(nw_phase_begin("epoch"));
    const std::chrono::duration<double, std::nano> took = Clock::now() - begin;
    std::printf("%.1f\n", took.count() / count);
  }
}
