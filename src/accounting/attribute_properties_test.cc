// Properties of every division: nothing is lost, nobody pays for what he neither reserved nor used, and names do not
// matter.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "accounting/attribute.h"

namespace nw {
namespace {

double any_share() {
  return *rc::gen::weightedOneOf<double>(
      {{2, rc::gen::just(0.0)}, {1, rc::gen::just(1.0)}, {6, rc::gen::map(rc::gen::inRange(0, 1'000'001), [](int ppm) {
                                                            return ppm * 1e-6;
                                                          })}});
}

std::int64_t any_count(std::int64_t most) {
  return *rc::gen::weightedOneOf<std::int64_t>({{2, rc::gen::just(std::int64_t{0})},
                                                {1, rc::gen::inRange<std::int64_t>(0, 10)},
                                                {6, rc::gen::inRange<std::int64_t>(0, most)}});
}

constexpr std::size_t kDevices = 3;
constexpr std::int64_t kMostCpu = std::int64_t{1} << 45, kMostHeld = std::int64_t{1} << 42;

ResourceUse any_resource_use() {
  ResourceUse resource_use;
  resource_use.cpus = any_share();
  resource_use.memory = any_share();
  for (std::size_t d = 0; d < kDevices; ++d) resource_use.devices.push_back(any_share());
  resource_use.cpu_time = Nanos::of(any_count(kMostCpu));
  resource_use.held = static_cast<double>(any_count(kMostHeld));
  resource_use.cpu_time_known = *rc::gen::inRange(0, 4) > 0;
  resource_use.held_known = *rc::gen::inRange(0, 4) > 0;
  return resource_use;
}

std::vector<ResourceUse> any_resource_uses(std::size_t least = 0) {
  std::vector<ResourceUse> resource_uses(*rc::gen::inRange<std::size_t>(least, 9));
  for (ResourceUse& resource_use : resource_uses) resource_use = any_resource_use();
  return resource_uses;
}

SystemUse any_outside() { return {Nanos::of(any_count(kMostCpu)), static_cast<double>(any_count(kMostHeld))}; }
Policy any_policy() { return *rc::gen::element(Policy::usage_based, Policy::reservation_based); }

// One part for each division key and device.
std::vector<PartEnergy> any_parts(std::int64_t least = 0) {
  std::vector<PartEnergy> parts{
      {DivisionKey::processor, 0, {}, {}}, {DivisionKey::memory, 0, {}, {}}, {DivisionKey::node, 0, {}, {}}};
  for (std::size_t d = 0; d < kDevices; ++d) parts.push_back({DivisionKey::device, d, {}, {}});
  for (PartEnergy& part : parts) {
    const auto most = *rc::gen::element<std::int64_t>(100, 1'000'000'000, std::int64_t{1} << 60);
    part.energy = Joules::of(*rc::gen::inRange<std::int64_t>(std::max(least, -most), most));
    part.idle = Joules::of(any_count(most));
    part.owner_unknown = part.key == DivisionKey::device && *rc::gen::inRange(0, 4) == 0;
  }
  return parts;
}
constexpr auto kAnySign = std::numeric_limits<std::int64_t>::min();

std::vector<const Share*> rows_of(const Attribution& division) {
  std::vector<const Share*> rows;
  for (const Share& job : division.jobs) rows.push_back(&job);
  rows.push_back(&division.idle);
  rows.push_back(&division.system);
  rows.push_back(&division.unattributed);
  return rows;
}

bool is_near(Joules a, Joules b, std::int64_t uj) { return std::abs(a.count() - b.count()) <= uj; }

TEST(AttributeProperties, WhatIsDividedIsWhatIsHandedOut) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(kAnySign);
    auto resource_uses = any_resource_uses();
    for (ResourceUse& resource_use : resource_uses) resource_use.exclusive = *rc::gen::inRange(0, 10) == 0;
    const Attribution division = divide(any_policy(), parts, resource_uses, any_outside());
    RC_ASSERT(division.jobs.size() == resource_uses.size());
    for (std::size_t at = 0; at < parts.size(); ++at) {
      Int128 sum = 0;
      for (const Share* row : rows_of(division)) sum += row->energy.at(at).count();
      RC_ASSERT(sum == parts[at].energy.count());
      const bool alone = std::count_if(resource_uses.begin(), resource_uses.end(),
                                       [](const ResourceUse& c) { return c.exclusive; }) == 1;
      if (parts[at].key == DivisionKey::device && parts[at].owner_unknown && !alone)
        RC_ASSERT(division.unattributed.energy[at] == parts[at].energy);
      else if (parts[at].key != DivisionKey::node)
        RC_ASSERT(division.unattributed.energy[at] == Joules{});
    }
  }));
}

TEST(AttributeProperties, NoRowHasTheOtherSign) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(0);
    const Attribution division = divide(any_policy(), parts, any_resource_uses(), any_outside());
    for (const Share* row : rows_of(division))
      for (const Joules energy : row->energy) RC_ASSERT(energy >= Joules{});
  }));
}

TEST(AttributeProperties, TheOrderOfResourceUsesIsNoMatter) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(kAnySign);
    const auto resource_uses = any_resource_uses();
    const auto system_use = any_outside();
    const Policy policy = any_policy();
    std::vector<std::size_t> order(resource_uses.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
    std::vector<ResourceUse> shuffled;
    for (const std::size_t i : order) shuffled.push_back(resource_uses[i]);
    const Attribution a = divide(policy, parts, resource_uses, system_use),
                      b = divide(policy, parts, shuffled, system_use);
    // Equal jobs may differ by the odd microjoule, once for the idle part and once for the rest.
    for (std::size_t at = 0; at < parts.size(); ++at) {
      RC_ASSERT(is_near(a.idle.energy[at], b.idle.energy[at], 2));
      RC_ASSERT(is_near(a.system.energy[at], b.system.energy[at], 2));
      for (std::size_t i = 0; i < order.size(); ++i) {
        RC_ASSERT(is_near(a.jobs[order[i]].energy[at], b.jobs[i].energy[at], 2));
        // Plus the effect of such a microjoule of each part on the node's uncertainty, which depends on how the parts
        // were divided.
        const double u = std::sqrt(a.jobs[order[i]].variance[at]);
        RC_ASSERT(std::abs(u - std::sqrt(b.jobs[i].variance[at])) <= 1e-9 * u + 1e-5);
      }
    }
  }));
}

TEST(AttributeProperties, AHundredTimesTheEnergyIsAHundredTimesTheShare) {
  EXPECT_TRUE(rc::check([] {
    auto parts = any_parts(kAnySign);
    for (PartEnergy& part : parts)
      part.energy = Joules::of(part.energy.count() >> 10), part.idle = Joules::of(part.idle.count() >> 10);
    const auto resource_uses = any_resource_uses();
    const auto system_use = any_outside();
    const Policy policy = any_policy();
    const Attribution one = divide(policy, parts, resource_uses, system_use);
    for (PartEnergy& part : parts)
      part.energy = Joules::of(part.energy.count() * 100), part.idle = Joules::of(part.idle.count() * 100);
    const Attribution hundred = divide(policy, parts, resource_uses, system_use);
    const auto ones = rows_of(one), hundreds = rows_of(hundred);
    for (std::size_t row = 0; row < ones.size(); ++row)
      for (std::size_t at = 0; at < parts.size(); ++at) {
        // Two splits, rounded once each; the node's first looks at the parts, divided so, and takes percents of them.
        RC_ASSERT(is_near(hundreds[row]->energy[at], Joules::of(ones[row]->energy[at].count() * 100), 402));
        // Plus the effect of a microjoule on the parts, on which the node's uncertainty depends.
        RC_ASSERT(std::abs(std::sqrt(hundreds[row]->variance[at]) - 100 * std::sqrt(ones[row]->variance[at])) <=
                  1e-9 * std::sqrt(hundreds[row]->variance[at]) + 1e-3);
      }
  }));
}

TEST(AttributeProperties, TheUnitOfUseIsNoMatter) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(kAnySign);
    auto resource_uses = any_resource_uses();
    auto system_use = any_outside();
    const Attribution ns = divide(Policy::usage_based, parts, resource_uses, system_use);
    for (ResourceUse& resource_use : resource_uses)
      resource_use.cpu_time = Nanos::of(resource_use.cpu_time.count() * 1000), resource_use.held *= 1024;
    system_use.cpu_time = Nanos::of(system_use.cpu_time.count() * 1000), system_use.held *= 1024;
    const Attribution ps = divide(Policy::usage_based, parts, resource_uses, system_use);
    const auto a = rows_of(ns), b = rows_of(ps);
    for (std::size_t row = 0; row < a.size(); ++row) RC_ASSERT(a[row]->energy == b[row]->energy);
  }));
}

TEST(AttributeProperties, WhoIsAloneOnTheNodeTakesItAll) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(kAnySign);
    auto resource_uses = any_resource_uses(1);
    const auto owner = *rc::gen::inRange<std::size_t>(0, resource_uses.size());
    resource_uses[owner].exclusive = true;
    const Attribution division = divide(any_policy(), parts, resource_uses, any_outside());
    for (std::size_t at = 0; at < parts.size(); ++at) {
      RC_ASSERT(division.jobs[owner].energy[at] == parts[at].energy);
      RC_ASSERT(division.jobs[owner].variance[at] == 0);
    }
  }));
}

TEST(AttributeProperties, WhoHadAndDidNothingPaysNothing) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(kAnySign);
    auto resource_uses = any_resource_uses(1);
    const auto none = *rc::gen::inRange<std::size_t>(0, resource_uses.size());
    resource_uses[none] = {};
    const Attribution division = divide(any_policy(), parts, resource_uses, any_outside());
    RC_ASSERT(division.jobs[none].energy == std::vector<Joules>(parts.size()));
    RC_ASSERT(division.jobs[none].variance == std::vector<double>(parts.size()));
  }));
}

TEST(AttributeProperties, MoreCpuTimeNeverCostsLess) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(0);
    auto resource_uses = any_resource_uses(1);
    resource_uses[0].cpu_time = Nanos::of(any_count(kMostCpu) + 1);
    const auto system_use = any_outside();
    const Attribution before = divide(Policy::usage_based, parts, resource_uses, system_use);
    resource_uses[0].cpu_time += Nanos::of(any_count(kMostCpu));
    const Attribution after = divide(Policy::usage_based, parts, resource_uses, system_use);
    RC_ASSERT(after.jobs[0].energy[0] >= before.jobs[0].energy[0] - Joules::of(1));
    for (std::size_t other = 1; other < resource_uses.size(); ++other)
      RC_ASSERT(after.jobs[other].energy[0] <= before.jobs[other].energy[0] + Joules::of(1));
  }));
}

TEST(AttributeProperties, AllocationGivesTheSystemNothing) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = any_parts(kAnySign);
    const Attribution division = divide(Policy::reservation_based, parts, any_resource_uses(), any_outside());
    RC_ASSERT(division.system.energy == std::vector<Joules>(parts.size()));
  }));
}

TEST(AttributeProperties, WithoutJobsAllIsIdleOrTheSystems) {
  EXPECT_TRUE(rc::check([] {
    auto parts = any_parts(kAnySign);
    for (PartEnergy& part : parts) part.owner_unknown = false;
    const Attribution division = divide(any_policy(), parts, {}, any_outside());
    RC_ASSERT(division.jobs.empty());
    for (std::size_t at = 0; at < parts.size(); ++at)
      RC_ASSERT(division.idle.energy[at] + division.system.energy[at] == parts[at].energy);
  }));
}

// To first order the uncertainty of a share follows its formula: costs are drawn at random, and the scatter of the
// shares is compared.
TEST(AttributeProperties, TheVarianceIsTheScatterOfWhatAUnitCosts) {
  const std::vector<double> used{5, 3, 1, 1};
  std::vector<ResourceUse> resource_uses(used.size());
  for (std::size_t i = 0; i < used.size(); ++i) resource_uses[i].cpu_time = seconds(static_cast<std::int64_t>(used[i]));
  const PartEnergy part{DivisionKey::processor, 0, joules(1000), Joules::of(1)};  // idle power known and nearly zero
  const Attribution division = divide(Policy::usage_based, {&part, 1}, resource_uses, {});
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> squares(used.size());
  constexpr int kDraws = 40'000;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> cost;
    double sum = 0;
    for (const double use : used) sum += cost.emplace_back(use * std::exp(kUncertaintyOfCpuTime * normal(random)));
    for (std::size_t i = 0; i < used.size(); ++i)
      squares[i] += std::pow(1000 * (cost[i] / sum - used[i] / 10), 2) / kDraws;
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    EXPECT_NEAR(std::sqrt(division.jobs[i].variance[0]) / std::sqrt(squares[i]), 1, 0.03) << i;
}

}  // namespace
}  // namespace nw
