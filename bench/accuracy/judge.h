// One machine of the bench: its life, its runs, and what is held against their true values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/accuracy/node_types.h"

namespace nw::accuracy {

// Of durations; a machine has one run in each.
struct Band {
  const char* name;
  double shortest_s, longest_s;
};
inline constexpr Band kBands[] = {
    {"1-10 s", 1, 10}, {"10-60 s", 10, 60}, {"1-10 min", 60, 600}, {"10-60 min", 600, 3600}, {"1-10 h", 3600, 36'000}};
inline constexpr std::size_t kUsualBands = 3;  // of the goals

struct Selection {
  std::uint64_t seed = 1;
  std::vector<bool> bands;  // of kBands
  bool without_history = true, with_history = true;
};

// Lines of JSON: one for each run and way of measuring it, and one for each pair of runs. The same seed, type and
// number give the same machine and runs, whatever else is selected.
std::vector<std::string> judge_machine(const NodeType& type, std::uint64_t number, const Selection& selection);

}  // namespace nw::accuracy
