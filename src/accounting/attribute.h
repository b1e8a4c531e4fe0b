// Attribution: one interval of a node's energy, divided among those who were on it. Pure, and exact: what is divided is
// what is handed out, to the microjoule, whatever the claims.
//
// Two policies stand side by side, each named with its version in every record:
//   usage-based/1 devices of one job alone go to it whole. Of what is shared, the idle power goes by what was reserved
//                 and the rest by what was used: CPU time for processors, memory held for DRAM; what is left of the
//                 node, by what was reserved, but for fans and losses, 12 % of what the parts drew, which follow that
//   reservation-based/1  everything by what was reserved
// What nobody reserved is the row `idle`; what ran outside all jobs is the row `system`; a device of which nobody knows
// whose it is, and of what is left of the node its part, is the row `unattributed`. A job that has every CPU of
// the node to itself is exclusive: all of the node is its own, devices that it left unused included.
//
// How doubtful a division is. reservation-based/1 is a tariff: what was reserved is known, and nothing is estimated.
// usage-based/1 says who caused the energy, by a stand-in for it: a second of CPU time does not cost all the same
// (vector units, frequency, siblings of a core), nor does a byte held. Let what a unit costs differ between receivers
// by a relative standard uncertainty k, independently. A share s_i = w_i / sum(w) then has, to first order,
//   u(s_i)^2 = k^2 s_i^2 ((1 - s_i)^2 + sum over the others of s_j^2)
// which is nothing at s = 0 and at s = 1, k relative for a small share beside many others, and at most sqrt(2) k,
// beside one alone, whose cost is as doubtful; two equal halves are doubtful by 0.71 k each. The figures k below are
// assumed, not measured here. Published beside them: METRION (arXiv 2512.06806) errs by 4.2 % of a CPU's energy and
// 16.1 % of DRAM's in the mean, with hardware counters to go by, which say more than CPU time and bytes held.
//
// A job whose CPU time or memory cannot be read is given what it can have used at most; anything down to nothing, which
// were the system's, is as likely, and the distance over sqrt(3) is in doubt.
//
// To this comes, in usage-based/1, not knowing by which of two weights some energy goes. A processor or memory whose
// power at rest is not known draws at rest no more than the least that was ever seen of it. Of what is left of the
// node, fans and losses follow what the parts draw, at 4 to 20 % of it; up to all of it where no sensor has the parts,
// and CPU time stands for them. Anything between least and most is as likely: the middle goes by the one weight, the
// others by the other, and the distance between the two over sqrt(12) is in doubt.
//
// How to add them up. Over all rows of an interval the errors of a division cancel: the node's total has the doubt of
// its sensors and no other, and whoever wants it takes it from the meters, not from the rows. A job that costs more
// than others by the second does so in the next interval and on the other socket: over intervals, and over parts of one
// rule, standard uncertainties (roots of the variances) add up linearly; over rules, in quadrature. The gain of a
// sensor comes on top, in proportion to the share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace nw {

enum class Policy : unsigned char { use, allocation };
inline constexpr Policy kPolicies[] = {Policy::use, Policy::allocation};
std::string_view name(Policy policy);  // "usage-based/1"

// By what a part is divided.
enum class DivisionKey : unsigned char {
  processor,  // packages, cores, modules
  memory,     // DRAM
  device,     // an accelerator: whose it is
  node,       // fans, board, network, losses of the supplies: by what was reserved of all
};

// By how much a unit costs one receiver more or less than another, relative, one sigma; all assumed.
inline constexpr double kDoubtOfCpuTime = 0.10;
inline constexpr double kDoubtOfHeld = 0.25;      // bytes held stand for bytes moved
inline constexpr double kDoubtOfSlices = 0.20;    // of a device that several reserved
inline constexpr double kDoubtOfBaseline = 0.10;  // power at rest, by reservation
inline constexpr double kDoubtOfNode = 0.20;      // fans, board, losses, by reservation

// What fans and the supplies' losses take of what the parts draw, in percent; assumed. Supplies of 80 PLUS Platinum and
// Titanium lose 4 to 10 % at the loads that matter; fans take nothing in water and some 10 % in air.
inline constexpr int kLeastFollowing = 4, kMostFollowing = 20;

// One part's energy over the interval.
struct PartEnergy {
  DivisionKey key = DivisionKey::node;
  std::size_t device = 0;      // of DivisionKey::device: its place in ResourceUse::devices
  Joules energy;               // may be below zero: a rest is a difference
  Joules idle;                 // what of it the part would have drawn at rest; 0: not known, and more is in doubt
  Joules idle_most{};          // where that is not known, the most that it can be; 0: all of it
  bool owner_unknown = false;  // of DivisionKey::device: nobody knows whose it is
};

// What one job had and did over the interval. Shares are 0..1; of all claims together at most 1 (more is scaled down).
// Where no claim has a share of the memory, memory goes by CPUs. Not a number, and less than 0, count as 0.
struct ResourceUse {
  double cpus = 0;              // reserved share of the node's logical CPUs
  double memory = 0;            // reserved share of its memory
  std::vector<double> devices;  // reserved share of each accelerator: 1 alone, 0.5 one of two, 0 not its own; those
                                // that are missing at the end: 0
  Nanos cpu_time{};             // used; where that is not known, the most that it can be
  double held = 0;              // bytes of memory held; likewise
  bool exclusive = false;       // of one alone; where several say so, none is
  bool cpu_time_known = true, held_known = true;
};

// What nobody's job did.
struct UnattributedUse {
  Nanos cpu_time{};
  double held = 0;
};

// One consumer's part of each interval, and how doubtful the division is.
struct Share {
  std::vector<Joules> energy;    // one an interval
  std::vector<double> variance;  // J^2, of the division alone; 0 where nothing was divided
};

struct Attribution {
  std::vector<Share> jobs;  // one a claim, in order
  Share idle, system, unattributed;
};

// For each interval, jobs + idle + system + unattributed == energy, exactly.
Attribution divide(Policy policy, std::span<const PartEnergy> parts, std::span<const ResourceUse> resource_uses,
                   const UnattributedUse& unattributed_use);

}  // namespace nw
