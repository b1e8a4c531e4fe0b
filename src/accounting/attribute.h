// Attribution: divides the energy of a node's parts over one interval among those who were on it. Pure and exact: what
// is handed out adds up to what is divided, to the microjoule, whatever the jobs reserved and used.
//
// Two policies are computed side by side, each named with its version in every record:
//   usage-based/1 devices of one job alone go to it whole. Of what is shared, the idle power is divided by what was
//                 reserved and the rest by what was used: CPU time for processors, memory held for DRAM. The node's
//                 remainder is divided by what was reserved, except for fans and losses, taken as 12 % of the power of
//                 the parts, which follow that power
//   reservation-based/1  everything by what was reserved
// What nobody reserved is the row `idle`; what ran outside all jobs is the row `system`; a device whose owner is not
// known, and its part of the node's remainder, is the row `unattributed`. A job that has every CPU of the node to
// itself is exclusive: the whole node is its own, including devices that it did not use.
//
// Uncertainty of a division. reservation-based/1 is a tariff: what was reserved is known, and nothing is estimated.
// usage-based/1 states who caused the energy by a proxy for it: a second of CPU time does not always cost the same
// (vector units, frequency, hyperthreads), nor does a byte held. Let the cost of a unit differ between receivers by a
// relative standard uncertainty k, independently. A share s_i = w_i / sum(w) then has, to first order,
//   u(s_i)^2 = k^2 s_i^2 ((1 - s_i)^2 + sum over the others of s_j^2)
// which is zero at s = 0 and at s = 1, k relative for a small share beside many others, and at most sqrt(2) k beside a
// single other one, whose cost is as uncertain; two equal halves have 0.71 k each. The values of k below are assumed,
// not measured here. For comparison: METRION (arXiv 2512.06806) reports mean errors of 4.2 % of a CPU's energy and 16.1
// % of DRAM's, using hardware counters, which carry more information than CPU time and bytes held.
//
// A job whose CPU time or memory cannot be read is given the most that it can have used. Any value down to zero, with
// the difference going to the system, is equally likely, so the distance over sqrt(3) is its uncertainty.
//
// In usage-based/1 there is also the uncertainty of how much of an energy is divided by which of two weights. The idle
// energy of a processor or memory is divided by what was reserved, the rest by what was used; where its idle power is
// not known, it is between 0 and the lowest power seen. Of the node's remainder, fans and losses are divided by the
// energy of the parts, the rest by what was reserved; they are 4 to 20 % of the power of the parts (where no sensor
// measures the parts, CPU time is the weight, and they are between 0 and all of it). Every value of such a range is
// equally likely: its midpoint is used, and a row gets u = (max - min) / sqrt(12), with max and min what the row gets
// at the two ends of the range.
//
// How to add the uncertainties up. Over all rows of an interval the errors of a division cancel: the node's total has
// the uncertainty of its sensors and no other, and is taken from the meters, not from the rows. A job that costs more
// than others per second does so in the next interval and on the other socket too: over intervals, and over parts with
// one division key, standard uncertainties (roots of the variances) add up linearly; over division keys, in quadrature.
// The gain uncertainty of a sensor is added on top, in proportion to the share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace nw {

enum class Policy : unsigned char { usage_based, reservation_based };
inline constexpr Policy kPolicies[] = {Policy::usage_based, Policy::reservation_based};
std::string_view name(Policy policy);  // "usage-based/1"

// By what a part is divided.
enum class DivisionKey : unsigned char {
  processor,  // packages, cores, modules
  memory,     // DRAM
  device,     // an accelerator: whose it is
  node,       // fans, board, network, losses of the power supplies: by what was reserved of everything
};

// By how much the cost of a unit differs between receivers: relative standard uncertainty; all assumed.
inline constexpr double kUncertaintyOfCpuTime = 0.10;
inline constexpr double kUncertaintyOfHeld = 0.25;      // bytes held stand for bytes moved
inline constexpr double kUncertaintyOfSlices = 0.20;    // of a device that several reserved
inline constexpr double kUncertaintyOfBaseline = 0.10;  // idle power, by reservation
inline constexpr double kUncertaintyOfNode = 0.20;      // fans, board, losses, by reservation

// Power of fans and losses of power supplies as a share of the power of the parts, in percent; assumed. Power supplies
// of 80 PLUS Platinum and Titanium lose 4 to 10 % at typical loads; fans take nothing with water cooling and some 10 %
// with air.
inline constexpr int kLeastFollowing = 4, kMostFollowing = 20;

// One part's energy over the interval.
struct PartEnergy {
  DivisionKey key = DivisionKey::node;
  std::size_t device = 0;      // of DivisionKey::device: its place in ResourceUse::devices
  Joules energy;               // may be below zero: a remainder is a difference
  Joules idle;                 // what the part would have drawn when idle; 0 means "not known", and adds uncertainty
  Joules idle_most{};          // where `idle` is not known, the most that it can be; 0 means all of `energy`
  bool owner_unknown = false;  // of DivisionKey::device: it is not known whose it is
};

// What one job reserved and used over the interval. Shares are 0..1; of all jobs together at most 1 (more is scaled
// down). Where no job has a share of the memory, memory is divided by CPUs. NaN and negative values count as 0.
struct ResourceUse {
  double cpus = 0;              // reserved share of the node's logical CPUs
  double memory = 0;            // reserved share of its memory
  std::vector<double> devices;  // reserved share of each accelerator: 1 alone, 0.5 one of two, 0 another's; missing: 0
  Nanos cpu_time{};             // used; where that is not known, the most that it can be
  double held = 0;              // bytes of memory held; likewise
  bool exclusive = false;       // has the whole node; where several jobs say so, none has
  bool cpu_time_known = true, held_known = true;
};

// What was used outside all jobs: the row `system`.
struct SystemUse {
  Nanos cpu_time{};
  double held = 0;
};

// One row of the result: its share of each part's energy, and the uncertainty of the division.
struct Share {
  std::vector<Joules> energy;    // one a part, in the order of `parts`
  std::vector<double> variance;  // J^2, of the division alone; 0 where nothing was divided
};

struct Attribution {
  std::vector<Share> jobs;  // in the order of `resource_uses`
  Share idle, system, unattributed;
};

// For each part, jobs + idle + system + unattributed == energy, exactly.
Attribution divide(Policy policy, std::span<const PartEnergy> parts, std::span<const ResourceUse> resource_uses,
                   const SystemUse& system_use);

}  // namespace nw
