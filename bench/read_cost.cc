// The cost of one full read of a node compared with a bare loop of the same pread calls, and the cost of a phase mark
// to its program.
//
// The node has two sockets with DRAM and four GPUs, eight counters, as files in a tmpfs (/dev/shm): the cheapest pread
// there is, so that our overhead is most visible. On a real node each read takes the kernel longer and the ratio is
// closer to one.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <nodewatt/nodewatt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "consumer/channel.h"
#include "sensor/reader.h"

namespace {
using namespace nw;

constexpr std::array kParts = {"package-0", "package-1", "dram-0", "dram-1", "gpu-0", "gpu-1", "gpu-2", "gpu-3"};

// A directory of counters, removed at the end.
class Node {
 public:
  Node() {
    std::string place = "/dev/shm/nodewatt-bench-XXXXXX";
    if (::mkdtemp(place.data()) == nullptr) std::abort();
    folder_ = place;
    for (const char* part : kParts) std::ofstream(path(part)) << "262143328850\n";
  }
  ~Node() {
    for (const char* part : kParts) ::unlink(path(part).c_str());
    ::rmdir(folder_.c_str());
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  std::string path(const char* part) const { return folder_ + "/" + part; }

 private:
  std::string folder_;
};

void bare_preads(benchmark::State& state) {
  const Node node;
  std::vector<int> files;
  for (const char* part : kParts) files.push_back(::open(node.path(part).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 256> text;
  for (auto _ : state)
    for (const int file : files) benchmark::DoNotOptimize(::pread(file, text.data(), text.size(), 0));
  for (const int file : files) ::close(file);
}
BENCHMARK(bare_preads);

void full_read(benchmark::State& state) {
  const Node node;
  const auto host = make_real_host();
  std::vector<Sensor> sensors;
  for (const char* part : kParts) {
    SensorInfo info;
    info.id = part;
    auto source = host->open_number(node.path(part));
    if (!source) return state.SkipWithError(source.error().what.c_str());
    sensors.push_back({info, std::move(*source)});
  }
  Reader reader(*host, std::move(sensors));
  SampleSet sample_set;
  for (auto _ : state) {
    reader.read_all(sample_set);
    benchmark::DoNotOptimize(sample_set.data());
  }
}
BENCHMARK(full_read);

// Begin and end of a phase while being measured; the reader takes the events at the highest rate of `run`.
void phase_measuring(benchmark::State& state) {
  const auto channel = Channel::create();
  if (!channel) return state.SkipWithError(channel.error().what.c_str());
  ::setenv(kChannelVariable, (*channel)->path().c_str(), 1);
  std::size_t events = 0;
  for (auto _ : state) {
    nw_phase_end(nw_phase_begin("epoch"));
    if (++events % 2048 == 0) {
      state.PauseTiming();
      benchmark::DoNotOptimize((*channel)->take());
      state.ResumeTiming();
    }
  }
}

void phase_not_measuring(benchmark::State& state) {
  for (auto _ : state) nw_phase_end(nw_phase_begin("epoch"));
}

// The lower bound for sampling here: a program that sleeps, wakes and reads the counters, and stores nothing. On an
// idle machine most of that is the wake-up itself, with cold caches.
int sample_bare(double period_s, double seconds) {
  const Node node;
  std::vector<int> files;
  for (const char* part : kParts) files.push_back(::open(node.path(part).c_str(), O_RDONLY | O_CLOEXEC));
  const auto host = make_real_host();
  std::array<char, 256> text;
  const auto steps = static_cast<std::int64_t>(seconds / period_s);
  const Nanos begin = host->now();
  for (std::int64_t step = 1; step <= steps; ++step) {
    host->sleep_until(begin + Nanos::of(static_cast<std::int64_t>(period_s * 1e9) * step));
    for (const int file : files)
      if (::pread(file, text.data(), text.size(), 0) <= 0) return 1;
  }
  for (const int file : files) ::close(file);
  return 0;
}
}  // namespace

// A program is measured or not for all its life: the arguments decide which.
int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "sample_bare")
    return sample_bare(std::strtod(argv[2], nullptr), std::strtod(argv[3], nullptr));
  if (std::getenv("NODEWATT_BENCH_MEASURING") != nullptr)
    benchmark::RegisterBenchmark("phase_measuring", phase_measuring);
  else
    benchmark::RegisterBenchmark("phase_not_measuring", phase_not_measuring);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
