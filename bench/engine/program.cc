// Programs of a job, as ranks of MPI are: each has a phase open for as long as it lives, and in it RATE phases a second
// with a sample of work each. What each has done stands in shared memory, so that it is known of one that is killed.
//
// usage: engine_program PROCS COUNTS FIRST PROCESSES RATE SECONDS: forks them; number FIRST calls its phase
// client-FIRST, and so on. Each puts itself into PROCS (the job's cgroup.procs) and its samples at its number's place
// in COUNTS, a file of 64-bit counts. Prints a line `NUMBER PID MEASURING` each.
#include <fcntl.h>
#include <nodewatt/nodewatt.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace {
using Clock = std::chrono::steady_clock;
using Count = std::atomic<unsigned long long>;
constexpr std::size_t kCounts = 4096;

bool enter(const char* procs) {
  const std::string line = std::to_string(::getpid()) + "\n";
  const int fd = ::open(procs, O_WRONLY | O_APPEND);
  const bool done = fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  ::close(fd);
  return done;
}

Count* map_counts(const char* path) {
  const int fd = ::open(path, O_RDWR);
  void* map = ::mmap(nullptr, kCounts * sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return map == MAP_FAILED ? nullptr : static_cast<Count*>(map);
}

void work(int number, Count& done, double rate, double seconds) {
  const auto outer = nw_phase_begin(("client-" + std::to_string(number)).c_str());
  std::printf("%d %d %d\n", number, static_cast<int>(::getpid()), nw_measuring());
  std::fflush(stdout);
  const auto begin = Clock::now();
  const long phases = std::lround(rate * seconds);
  for (long i = 0; i < phases; ++i) {
    const std::chrono::duration<double> due((static_cast<double>(i) + 0.01 * (number % 100)) / rate);
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due));
    const auto phase = nw_phase_begin("step");
    nw_work("step", 1, "sample");
    done.fetch_add(1);
    nw_phase_end(phase);
  }
  nw_phase_end(outer);
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return std::fputs("usage: engine_program PROCS COUNTS FIRST PROCESSES RATE SECONDS\n", stderr), 2;
  Count* counts = map_counts(argv[2]);
  const int first = std::atoi(argv[3]), processes = std::atoi(argv[4]);
  if (counts == nullptr || first < 0 || static_cast<std::size_t>(first + processes) > kCounts) return 2;
  for (int number = first; number < first + processes; ++number) {
    if (::fork() != 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!enter(argv[1])) ::_exit(1);
    work(number, counts[number], std::atof(argv[5]), std::atof(argv[6]));
    ::_exit(0);
  }
  int failed = 0;
  for (int status = 0; ::wait(&status) > 0;) failed += status != 0 ? 1 : 0;
  return failed == 0 ? 0 : 1;
}
