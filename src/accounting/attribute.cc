// All weights are made integers before anything is divided: shares become parts of 2^40 once, CPU times and bytes are
// counts already. What a row gets then depends neither on the order in which doubles are added up nor on the
// compiler. Each split uses the largest remainder method, so that every row is less than a microjoule from its exact
// quota, a row without weight gets nothing, and the rows add up to what was split whatever its sign.
#include "accounting/attribute.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace nw {

namespace {
constexpr std::int64_t kWhole = std::int64_t{1} << 40;
constexpr double kMostHeld = 0x1p62;  // bytes; products with an energy stay within 128 bits

// One a row: the jobs, then idle, then system, then unattributed.
using Weights = std::vector<std::int64_t>;
constexpr std::size_t kOtherRows = 3;
std::size_t idle_row(const Weights& weights) { return weights.size() - 3; }
std::size_t system_row(const Weights& weights) { return weights.size() - 2; }
std::size_t unattributed_row(const Weights& weights) { return weights.size() - 1; }

Int128 sum_of(const Weights& weights) { return std::accumulate(weights.begin(), weights.end(), Int128{0}); }

// NaN counts as 0.
double clamp_to(double value, double most) { return value > 0 ? std::min(value, most) : 0; }

// What each job reserved, as parts of kWhole, and in the idle row what nobody reserved.
template <class ShareOf>
Weights make_reserved(std::span<const ResourceUse> resource_uses, ShareOf share_of) {
  Weights parts;
  for (const ResourceUse& resource_use : resource_uses)
    parts.push_back(std::llround(clamp_to(share_of(resource_use), 1) * double{kWhole}));
  const Int128 sum = sum_of(parts);
  if (sum > kWhole)
    for (auto& part : parts) part = mul_div(part, kWhole, sum);
  // Less than one part a job is left by rounding, as with three thirds.
  const auto rest = static_cast<std::int64_t>(std::max(kWhole - sum, Int128{0}));
  parts.push_back(rest < static_cast<std::int64_t>(resource_uses.size()) ? 0 : rest);
  parts.resize(resource_uses.size() + kOtherRows);
  return parts;
}

double device_share(const ResourceUse& resource_use, std::size_t device) {
  return device < resource_use.devices.size() ? resource_use.devices[device] : 0;
}

Weights make_reserved_device(std::span<const ResourceUse> resource_uses, std::size_t device, bool owner_unknown) {
  if (!owner_unknown)
    return make_reserved(resource_uses,
                         [device](const ResourceUse& resource_use) { return device_share(resource_use, device); });
  Weights parts(resource_uses.size() + kOtherRows);
  parts[unattributed_row(parts)] = kWhole;
  return parts;
}

// For each device whether its owner is unknown.
std::vector<bool> find_unknown(std::span<const PartEnergy> parts, std::span<const ResourceUse> resource_uses) {
  std::size_t devices = 0;
  for (const ResourceUse& resource_use : resource_uses) devices = std::max(devices, resource_use.devices.size());
  for (const PartEnergy& part : parts)
    if (part.key == DivisionKey::device) devices = std::max(devices, part.device + 1);
  std::vector<bool> unknown(devices);
  for (const PartEnergy& part : parts)
    if (part.key == DivisionKey::device && part.owner_unknown) unknown[part.device] = true;
  return unknown;
}

// Of the whole node: half by CPUs and half by accelerators, where there are any.
Weights make_reserved_node(const Weights& cpus, std::span<const ResourceUse> resource_uses,
                           const std::vector<bool>& unknown) {
  if (unknown.empty()) return cpus;
  Weights node = cpus;
  for (auto& part : node) part *= static_cast<std::int64_t>(unknown.size());
  for (std::size_t device = 0; device < unknown.size(); ++device) {
    const Weights parts = make_reserved_device(resource_uses, device, unknown[device]);
    for (std::size_t row = 0; row < node.size(); ++row) node[row] += parts[row];
  }
  return node;
}

// What everybody used, the system included.
template <class UseOf>
Weights make_used(std::span<const ResourceUse> resource_uses, const SystemUse& system_use, UseOf use_of) {
  Weights used;
  for (const ResourceUse& resource_use : resource_uses) used.push_back(use_of(resource_use));
  used.push_back(0);
  used.push_back(use_of(system_use));
  used.push_back(0);
  return used;
}

// The same if jobs with unknown use had used nothing, and the system all of that.
Weights make_least(Weights used, std::span<const ResourceUse> resource_uses, bool ResourceUse::*known) {
  Int128 system = used[system_row(used)];
  for (std::size_t job = 0; job < resource_uses.size(); ++job)
    if (!(resource_uses[job].*known)) system += std::exchange(used[job], 0);
  used[system_row(used)] = saturate(system);
  return used;
}

// Rounded down; then one microjoule each to those with the largest remainder. Ties: to the larger weight, then the
// earlier.
std::vector<std::int64_t> split_exactly(std::int64_t energy, const Weights& weights) {
  const Int128 whole = sum_of(weights), size = energy < 0 ? -Int128{energy} : Int128{energy};
  std::vector<std::int64_t> parts(weights.size());
  std::vector<Int128> lost(weights.size());
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Int128 left = size;
  for (std::size_t row = 0; row < weights.size(); ++row) {
    const Int128 product = size * weights[row], quotient = product / whole;
    lost[row] = product % whole;
    left -= quotient;
    parts[row] = static_cast<std::int64_t>(energy < 0 ? -quotient : quotient);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (lost[a] != lost[b]) return lost[a] > lost[b];
    return weights[a] != weights[b] ? weights[a] > weights[b] : a < b;
  });
  for (std::size_t place = 0; left > 0; ++place, --left) parts[order[place]] += energy < 0 ? -1 : 1;
  return parts;
}

// One call of divide(): the weights that the parts are split by, and the rows that they fill.
class Divider {
 public:
  Divider(std::span<const PartEnergy> parts, std::span<const ResourceUse> resource_uses, const SystemUse& system_use)
      : parts_(parts), resource_uses_(resource_uses), rows_(resource_uses.size() + kOtherRows) {
    for (Share& row : rows_) row.energy.resize(parts.size()), row.variance.resize(parts.size());
    cpus_ = make_reserved(resource_uses, [](const ResourceUse& resource_use) { return resource_use.cpus; });
    memory_ = make_reserved(resource_uses, [](const ResourceUse& resource_use) { return resource_use.memory; });
    if (memory_[idle_row(memory_)] == kWhole) memory_ = cpus_;  // no job has a share of the memory
    node_ = make_reserved_node(cpus_, resource_uses, find_unknown(parts, resource_uses));
    cpu_time_ = make_used(resource_uses, system_use,
                          [](const auto& who) { return std::max(who.cpu_time.count(), std::int64_t{0}); });
    held_ = make_used(resource_uses, system_use,
                      [](const auto& who) { return static_cast<std::int64_t>(clamp_to(who.held, kMostHeld)); });
    least_cpu_time_ = make_least(cpu_time_, resource_uses, &ResourceUse::cpu_time_known);
    least_held_ = make_least(held_, resource_uses, &ResourceUse::held_known);
  }

  void give_all_to(std::size_t job) {
    for (std::size_t at = 0; at < parts_.size(); ++at) rows_[job].energy[at] = parts_[at].energy;
  }

  void by_allocation(std::size_t at) {
    const PartEnergy& part = parts_[at];
    switch (part.key) {
      case DivisionKey::processor: return split(at, part.energy, cpus_, 0);
      case DivisionKey::memory: return split(at, part.energy, memory_, 0);
      case DivisionKey::device: return split(at, part.energy, reserved_of(part), 0);
      case DivisionKey::node: return split(at, part.energy, node_, 0);
    }
  }

  void by_use(std::size_t at) {
    const PartEnergy& part = parts_[at];
    switch (part.key) {
      case DivisionKey::processor: return split_used(at, cpus_, cpu_time_, least_cpu_time_, kUncertaintyOfCpuTime);
      case DivisionKey::memory: return split_used(at, memory_, held_, least_held_, kUncertaintyOfHeld);
      case DivisionKey::device: return split_device(at);
      case DivisionKey::node: return split_node(at);
    }
  }

  Attribution finish() && {
    Attribution division;
    division.unattributed = std::move(rows_.back());
    rows_.pop_back();
    division.system = std::move(rows_.back());
    rows_.pop_back();
    division.idle = std::move(rows_.back());
    rows_.pop_back();
    division.jobs = std::move(rows_);
    return division;
  }

 private:
  Weights reserved_of(const PartEnergy& part) const {
    return make_reserved_device(resource_uses_, part.device, part.owner_unknown);
  }

  void split_used(std::size_t at, const Weights& reserved, const Weights& used, const Weights& least,
                  double uncertainty) {
    const PartEnergy& part = parts_[at];
    const bool known = part.idle > Joules{}, anybody = sum_of(used) > 0;
    const Joules most = part.idle_most > Joules{} ? std::min(part.idle_most, part.energy) : part.energy;
    const Joules rest = known ? std::min(part.idle, part.energy) : Joules::of(most.count() / 2);
    split(at, rest, reserved, kUncertaintyOfBaseline);
    split(at, part.energy - rest, anybody ? used : reserved, anybody ? uncertainty : kUncertaintyOfBaseline);
    if (!known && anybody) uncertainty_between(at, to_joules(most), used, reserved);
    if (anybody) doubt_below(at, part.energy - rest, used, least);
  }

  // A job that has a device to itself, even if only a slice of it, gets all of its energy.
  void split_device(std::size_t at) {
    const PartEnergy& part = parts_[at];
    Weights parts = reserved_of(part);
    if (std::count_if(parts.begin(), parts.end() - kOtherRows, [](auto part) { return part > 0; }) == 1)
      parts[idle_row(parts)] = 0;
    split(at, part.energy, parts, kUncertaintyOfSlices);
  }

  // By reservation and, for fans and losses, by the power drawn; where no part's power is known, CPU time is used
  // instead.
  void split_node(std::size_t at) {
    const Joules whole = std::max(parts_[at].energy, Joules{});
    const Weights drawn = find_drawn();
    const Int128 parts = sum_of(drawn);
    const Weights& other = parts > 0 ? drawn : cpu_time_;
    const auto percent = [&](int of_parts) { return std::min(whole, Joules::of(saturate(parts * of_parts / 100))); };
    Joules follows, uncertain;
    if (parts > 0) {
      follows = percent((kLeastFollowing + kMostFollowing) / 2);
      uncertain = percent(kMostFollowing - kLeastFollowing);
    } else if (sum_of(other) > 0) {
      follows = Joules::of(whole.count() / 2);
      uncertain = whole;
      doubt_below(at, follows, cpu_time_, least_cpu_time_);
    }
    if (uncertain > Joules{}) uncertainty_between(at, to_joules(uncertain), node_, other);
    split(at, follows, other, kUncertaintyOfCpuTime);
    split(at, parts_[at].energy - follows, node_, kUncertaintyOfNode);
  }

  // By the parts' energies, as already divided.
  Weights find_drawn() const {
    Weights drawn;
    for (const Share& row : rows_) {
      Joules sum;
      for (std::size_t part = 0; part < parts_.size(); ++part)
        if (parts_[part].key != DivisionKey::node) sum += std::max(row.energy[part], Joules{});
      drawn.push_back(sum.count());
    }
    return drawn;
  }

  // Up to `most` joules may truly be divided by the one weight, and the remainder by the other.
  void uncertainty_between(std::size_t at, double most, const Weights& one, const Weights& other) {
    const auto all = static_cast<double>(sum_of(one)), all_other = static_cast<double>(sum_of(other));
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const double apart = static_cast<double>(one[row]) / all - static_cast<double>(other[row]) / all_other;
      rows_[row].variance[at] += apart * most * apart * most / 12;
    }
  }

  // What was divided by the one weight may truly be divided by anything between the two: the distance over sqrt(3),
  // twice that over sqrt(12).
  void doubt_below(std::size_t at, Joules energy, const Weights& most, const Weights& least) {
    if (energy != Joules{}) uncertainty_between(at, 2 * to_joules(energy), most, least);
  }

  void split(std::size_t at, Joules energy, const Weights& weights, double uncertainty) {
    if (energy == Joules{}) return;
    const auto parts = split_exactly(energy.count(), weights);
    const Int128 sum = sum_of(weights);
    const auto part_of = [&](Int128 weight) { return static_cast<double>(weight) / static_cast<double>(sum); };
    // No subtraction from a share near one, which would leave only rounding noise: the others' squares are summed from
    // both ends.
    std::vector<double> behind(weights.size() + 1);
    for (std::size_t row = weights.size(); row-- > 0;)
      behind[row] = behind[row + 1] + part_of(weights[row]) * part_of(weights[row]);
    double before = 0;
    for (std::size_t row = 0; row < parts.size(); ++row) {
      rows_[row].energy[at] += Joules::of(parts[row]);
      const double share = part_of(weights[row]), left = part_of(sum - weights[row]);
      const double u = uncertainty * to_joules(energy) * share;
      rows_[row].variance[at] += u * u * (left * left + before + behind[row + 1]);
      before += share * share;
    }
  }

  std::span<const PartEnergy> parts_;
  std::span<const ResourceUse> resource_uses_;
  std::vector<Share> rows_;
  Weights cpus_, memory_, node_;  // reserved
  Weights cpu_time_, held_;       // used
  Weights least_cpu_time_, least_held_;
};

}  // namespace

std::string_view name(Policy policy) { return policy == Policy::usage_based ? "usage-based/1" : "reservation-based/1"; }

Attribution divide(Policy policy, std::span<const PartEnergy> parts, std::span<const ResourceUse> resource_uses,
                   const SystemUse& system_use) {
  Divider divider(parts, resource_uses, system_use);
  const auto is_exclusive = [](const ResourceUse& resource_use) { return resource_use.exclusive; };
  if (std::count_if(resource_uses.begin(), resource_uses.end(), is_exclusive) == 1) {
    const auto owner = std::find_if(resource_uses.begin(), resource_uses.end(), is_exclusive);
    divider.give_all_to(static_cast<std::size_t>(owner - resource_uses.begin()));
    return std::move(divider).finish();
  }
  // The node's remainder comes last: its uncertainty depends on how the parts were divided.
  for (const bool node : {false, true})
    for (std::size_t at = 0; at < parts.size(); ++at)
      if ((parts[at].key == DivisionKey::node) == node)
        policy == Policy::usage_based ? divider.by_use(at) : divider.by_allocation(at);
  return std::move(divider).finish();
}

}  // namespace nw
