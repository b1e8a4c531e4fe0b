// What holds of any division: nothing is lost, nobody pays for what he neither had nor did, and names do not matter.
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

Claim any_claim() {
  Claim claim;
  claim.cpus = any_share();
  claim.memory = any_share();
  for (std::size_t d = 0; d < kDevices; ++d) claim.devices.push_back(any_share());
  claim.cpu_time = Nanos::of(any_count(kMostCpu));
  claim.held = static_cast<double>(any_count(kMostHeld));
  return claim;
}

std::vector<Claim> any_claims(std::size_t least = 0) {
  std::vector<Claim> claims(*rc::gen::inRange<std::size_t>(least, 9));
  for (Claim& claim : claims) claim = any_claim();
  return claims;
}

Outside any_outside() { return {Nanos::of(any_count(kMostCpu)), static_cast<double>(any_count(kMostHeld))}; }
Policy any_policy() { return *rc::gen::element(Policy::use, Policy::allocation); }

// One of each rule and device.
std::vector<Stretch> any_stretches(std::int64_t least = 0) {
  std::vector<Stretch> stretches{{Rule::processor, 0, {}, {}}, {Rule::memory, 0, {}, {}}, {Rule::node, 0, {}, {}}};
  for (std::size_t d = 0; d < kDevices; ++d) stretches.push_back({Rule::device, d, {}, {}});
  for (Stretch& stretch : stretches) {
    const auto most = *rc::gen::element<std::int64_t>(100, 1'000'000'000, std::int64_t{1} << 60);
    stretch.energy = Joules::of(*rc::gen::inRange<std::int64_t>(std::max(least, -most), most));
    stretch.idle = Joules::of(any_count(most));
  }
  return stretches;
}
constexpr auto kAnySign = std::numeric_limits<std::int64_t>::min();

std::vector<const Share*> rows_of(const Division& division) {
  std::vector<const Share*> rows;
  for (const Share& job : division.jobs) rows.push_back(&job);
  rows.push_back(&division.idle);
  rows.push_back(&division.system);
  return rows;
}

bool is_near(Joules a, Joules b, std::int64_t uj) { return std::abs(a.count() - b.count()) <= uj; }

TEST(AttributeProperties, WhatIsDividedIsWhatIsHandedOut) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(kAnySign);
    auto claims = any_claims();
    for (Claim& claim : claims) claim.exclusive = *rc::gen::inRange(0, 10) == 0;
    const Division division = divide(any_policy(), stretches, claims, any_outside());
    RC_ASSERT(division.jobs.size() == claims.size());
    for (std::size_t at = 0; at < stretches.size(); ++at) {
      Int128 sum = 0;
      for (const Share* row : rows_of(division)) sum += row->energy.at(at).count();
      RC_ASSERT(sum == stretches[at].energy.count());
    }
  }));
}

TEST(AttributeProperties, NoRowHasTheOtherSign) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(0);
    const Division division = divide(any_policy(), stretches, any_claims(), any_outside());
    for (const Share* row : rows_of(division))
      for (const Joules energy : row->energy) RC_ASSERT(energy >= Joules{});
  }));
}

TEST(AttributeProperties, TheOrderOfClaimsIsNoMatter) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(kAnySign);
    const auto claims = any_claims();
    const auto outside = any_outside();
    const Policy policy = any_policy();
    std::vector<std::size_t> order(claims.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
    std::vector<Claim> shuffled;
    for (const std::size_t i : order) shuffled.push_back(claims[i]);
    const Division a = divide(policy, stretches, claims, outside), b = divide(policy, stretches, shuffled, outside);
    // Equals may change the odd microjoule, once for what is at rest and once for what is above.
    for (std::size_t at = 0; at < stretches.size(); ++at) {
      RC_ASSERT(is_near(a.idle.energy[at], b.idle.energy[at], 2));
      RC_ASSERT(is_near(a.system.energy[at], b.system.energy[at], 2));
      for (std::size_t i = 0; i < order.size(); ++i) {
        RC_ASSERT(is_near(a.jobs[order[i]].energy[at], b.jobs[i].energy[at], 2));
        // To what such a microjoule of each part does to the node's doubt, which looks at how the parts were divided.
        const double u = std::sqrt(a.jobs[order[i]].variance[at]);
        RC_ASSERT(std::abs(u - std::sqrt(b.jobs[i].variance[at])) <= 1e-9 * u + 1e-5);
      }
    }
  }));
}

TEST(AttributeProperties, AHundredTimesTheEnergyIsAHundredTimesTheShare) {
  EXPECT_TRUE(rc::check([] {
    auto stretches = any_stretches(kAnySign);
    for (Stretch& stretch : stretches)
      stretch.energy = Joules::of(stretch.energy.count() >> 10), stretch.idle = Joules::of(stretch.idle.count() >> 10);
    const auto claims = any_claims();
    const auto outside = any_outside();
    const Policy policy = any_policy();
    const Division one = divide(policy, stretches, claims, outside);
    for (Stretch& stretch : stretches)
      stretch.energy = Joules::of(stretch.energy.count() * 100), stretch.idle = Joules::of(stretch.idle.count() * 100);
    const Division hundred = divide(policy, stretches, claims, outside);
    const auto ones = rows_of(one), hundreds = rows_of(hundred);
    for (std::size_t row = 0; row < ones.size(); ++row)
      for (std::size_t at = 0; at < stretches.size(); ++at) {
        // Two splits, rounded once each; the node's first looks at the parts, divided so, and takes percents of them.
        RC_ASSERT(is_near(hundreds[row]->energy[at], Joules::of(ones[row]->energy[at].count() * 100), 402));
        // To what a microjoule does to the parts, which a node's doubt looks at.
        RC_ASSERT(std::abs(std::sqrt(hundreds[row]->variance[at]) - 100 * std::sqrt(ones[row]->variance[at])) <=
                  1e-9 * std::sqrt(hundreds[row]->variance[at]) + 1e-3);
      }
  }));
}

TEST(AttributeProperties, TheUnitOfUseIsNoMatter) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(kAnySign);
    auto claims = any_claims();
    auto outside = any_outside();
    const Division ns = divide(Policy::use, stretches, claims, outside);
    for (Claim& claim : claims) claim.cpu_time = Nanos::of(claim.cpu_time.count() * 1000), claim.held *= 1024;
    outside.cpu_time = Nanos::of(outside.cpu_time.count() * 1000), outside.held *= 1024;
    const Division ps = divide(Policy::use, stretches, claims, outside);
    const auto a = rows_of(ns), b = rows_of(ps);
    for (std::size_t row = 0; row < a.size(); ++row) RC_ASSERT(a[row]->energy == b[row]->energy);
  }));
}

TEST(AttributeProperties, WhoIsAloneOnTheNodeTakesItAll) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(kAnySign);
    auto claims = any_claims(1);
    const auto owner = *rc::gen::inRange<std::size_t>(0, claims.size());
    claims[owner].exclusive = true;
    const Division division = divide(any_policy(), stretches, claims, any_outside());
    for (std::size_t at = 0; at < stretches.size(); ++at) {
      RC_ASSERT(division.jobs[owner].energy[at] == stretches[at].energy);
      RC_ASSERT(division.jobs[owner].variance[at] == 0);
    }
  }));
}

TEST(AttributeProperties, WhoHadAndDidNothingPaysNothing) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(kAnySign);
    auto claims = any_claims(1);
    const auto none = *rc::gen::inRange<std::size_t>(0, claims.size());
    claims[none] = {};
    const Division division = divide(any_policy(), stretches, claims, any_outside());
    RC_ASSERT(division.jobs[none].energy == std::vector<Joules>(stretches.size()));
    RC_ASSERT(division.jobs[none].variance == std::vector<double>(stretches.size()));
  }));
}

TEST(AttributeProperties, MoreCpuTimeNeverCostsLess) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(0);
    auto claims = any_claims(1);
    claims[0].cpu_time = Nanos::of(any_count(kMostCpu) + 1);
    const auto outside = any_outside();
    const Division before = divide(Policy::use, stretches, claims, outside);
    claims[0].cpu_time += Nanos::of(any_count(kMostCpu));
    const Division after = divide(Policy::use, stretches, claims, outside);
    RC_ASSERT(after.jobs[0].energy[0] >= before.jobs[0].energy[0] - Joules::of(1));
    for (std::size_t other = 1; other < claims.size(); ++other)
      RC_ASSERT(after.jobs[other].energy[0] <= before.jobs[other].energy[0] + Joules::of(1));
  }));
}

TEST(AttributeProperties, AllocationGivesTheSystemNothing) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(kAnySign);
    const Division division = divide(Policy::allocation, stretches, any_claims(), any_outside());
    RC_ASSERT(division.system.energy == std::vector<Joules>(stretches.size()));
  }));
}

TEST(AttributeProperties, WithoutJobsAllIsIdleOrTheSystems) {
  EXPECT_TRUE(rc::check([] {
    const auto stretches = any_stretches(kAnySign);
    const Division division = divide(any_policy(), stretches, {}, any_outside());
    RC_ASSERT(division.jobs.empty());
    for (std::size_t at = 0; at < stretches.size(); ++at)
      RC_ASSERT(division.idle.energy[at] + division.system.energy[at] == stretches[at].energy);
  }));
}

// To first order the doubt of a share is what its formula says: costs are drawn, and the shares' scatter is looked at.
TEST(AttributeProperties, TheVarianceIsTheScatterOfWhatAUnitCosts) {
  const std::vector<double> used{5, 3, 1, 1};
  std::vector<Claim> claims(used.size());
  for (std::size_t i = 0; i < used.size(); ++i) claims[i].cpu_time = seconds(static_cast<std::int64_t>(used[i]));
  const Stretch stretch{Rule::processor, 0, joules(1000), Joules::of(1)};  // nearly nothing at rest, and known
  const Division division = divide(Policy::use, {&stretch, 1}, claims, {});
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> squares(used.size());
  constexpr int kDraws = 40'000;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> cost;
    double sum = 0;
    for (const double use : used) sum += cost.emplace_back(use * std::exp(kDoubtOfCpuTime * normal(random)));
    for (std::size_t i = 0; i < used.size(); ++i)
      squares[i] += std::pow(1000 * (cost[i] / sum - used[i] / 10), 2) / kDraws;
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    EXPECT_NEAR(std::sqrt(division.jobs[i].variance[0]) / std::sqrt(squares[i]), 1, 0.03) << i;
}

}  // namespace
}  // namespace nw
