// An invented node that several jobs share, with the true split of every joule known: what each job's cores and memory
// really took, second by second, and what a daemon can observe of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nw::sharing {

// How much the cost of a unit differs between users: standard deviation of its logarithm.
struct Variety {
  const char* name;
  double cpu_time;   // watts of a busy core: vector units, frequency, siblings
  double traffic;    // memory traffic by byte held
  double at_rest;    // idle power by what is reserved
  double node;       // the board by what is reserved
  double unrelated;  // ln of how far traffic deviates from bytes held altogether; 0: not at all
};
extern const std::vector<Variety> kVarieties;

struct NodeOptions {
  std::uint64_t seed = 1, number = 0;
  std::size_t jobs = 2;
  std::size_t accelerators = 0;
};

// The parts, in the order of all rows and energies here; accelerators follow.
enum Part : std::size_t { kProcessor, kMemory, kNode, kAccelerators };

// What one job reserved, as the resource manager states it.
struct Reservation {
  double cpus = 0, memory = 0;  // shares of the node
  std::vector<double> accelerators;
};

// One second. Rows: the jobs, then idle, then system. A job that is not there has zeros.
struct Second {
  std::vector<bool> here;                   // by job
  std::vector<std::vector<double>> joules;  // by row and part: the truth
  std::vector<double> cpu_s;                // by row, true CPU time; idle's is 0
  std::vector<double> held;                 // by row, bytes
};

struct Run {
  double cpus = 0;  // logical CPUs
  std::vector<Reservation> jobs;
  std::vector<Second> seconds;
  double processor_rest_w = 0, memory_rest_w = 0;
  double lowest_processor_w = 0, lowest_memory_w = 0;  // the least that was drawn before the first job
};

// The same loads for every variety: only the deviation of the true costs differs.
Run invent(const NodeOptions& options, const Variety& variety);

}  // namespace nw::sharing
