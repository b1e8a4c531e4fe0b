// What a phase costs the program that marks it: nw_phase_begin and nw_phase_end of the shared library, as programs
// load it, timed from inside. bench/phases runs it under `nodewatt run` and by itself.
//
// usage: phase_cost PHASES REPETITIONS PAUSE_MS: prints the nanoseconds that each of PHASES phases of a repetition took
// on average, one line a repetition. Before each the program rests for PAUSE_MS, so that the reader sleeps and has to
// be woken, and the ring is empty: what is timed is the whole price, not that of marks for which there is no room.
#include <nodewatt/nodewatt.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: phase_cost PHASES REPETITIONS PAUSE_MS\n", stderr), 2;
  const int phases = std::atoi(argv[1]), repetitions = std::atoi(argv[2]);
  const std::chrono::milliseconds pause(std::atoi(argv[3]));
  std::fprintf(stderr, "measuring %d\n", nw_measuring());
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    std::this_thread::sleep_for(pause);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < phases; ++i) nw_phase_end(nw_phase_begin("epoch"));
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    std::printf("%.1f\n", took.count() / phases);
  }
}
