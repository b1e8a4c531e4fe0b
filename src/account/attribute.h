// Attribution: one stretch of a node's energy, divided among those who were on it. Pure, and exact: what is divided is
// what is handed out, to the microjoule, whatever the claims.
//
// Two policies stand side by side, each named with its version in every record:
//   use/1         devices of one job alone go to it whole. Of what is shared, the idle power goes by what was reserved
//                 and the rest by what was used: CPU time for processors, memory held for DRAM
//   allocation/1  everything by what was reserved
// What nobody reserved is the row `idle`; what ran outside all jobs is the row `system`. A job that has every CPU of
// the node to itself is exclusive: all of the node is its own, devices that it left unused included.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace nw {

enum class Policy : unsigned char { use, allocation };
inline constexpr Policy kPolicies[] = {Policy::use, Policy::allocation};
std::string_view name(Policy policy);  // "use/1"

// By what a part is divided.
enum class Rule : unsigned char {
  processor,  // packages, cores, modules
  memory,     // DRAM
  device,     // an accelerator: whose it is
  node,       // fans, board, network, losses of the supplies: by what was reserved of all
};

// One part's energy over the stretch.
struct Stretch {
  Rule rule = Rule::node;
  std::size_t device = 0;  // of Rule::device: its place in Claim::devices
  Joules energy;           // may be below zero: a rest is a difference
  Joules idle;             // what of it the part would have drawn at rest; 0: not known
};

// What one job had and did over the stretch. Shares are 0..1; of all claims together at most 1 (more is scaled down).
struct Claim {
  double cpus = 0;              // reserved share of the node's logical CPUs
  double memory = 0;            // reserved share of its memory
  std::vector<double> devices;  // reserved share of each accelerator: 1 alone, 0.5 one of two, 0 not its own
  Nanos cpu_time{};             // used
  double held = 0;              // bytes of memory held
  bool exclusive = false;
};

// What nobody's job did.
struct Outside {
  Nanos cpu_time{};
  double held = 0;
};

// One consumer's part of each stretch, and how doubtful the division is.
struct Share {
  std::vector<Joules> energy;    // one a stretch
  std::vector<double> variance;  // J^2, of the division alone; 0 where nothing was divided
};

struct Division {
  std::vector<Share> jobs;  // one a claim, in order
  Share idle, system;
};

// For each stretch, jobs + idle + system == energy, exactly.
Division divide(Policy policy, std::span<const Stretch> stretches, std::span<const Claim> claims,
                const Outside& outside);

}  // namespace nw
