// Worked examples, each small enough to be verified by hand.
#include "accounting/attribute.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nw {
namespace {

constexpr PartEnergy processor(std::int64_t energy, std::int64_t idle = 0) {
  return {DivisionKey::processor, 0, joules(energy), joules(idle)};
}
constexpr PartEnergy memory(std::int64_t energy, std::int64_t idle = 0) {
  return {DivisionKey::memory, 0, joules(energy), joules(idle)};
}
constexpr PartEnergy device(std::size_t which, std::int64_t energy) {
  return {DivisionKey::device, which, joules(energy), {}};
}
constexpr PartEnergy node(std::int64_t energy) { return {DivisionKey::node, 0, joules(energy), {}}; }

ResourceUse resource_use(double cpus, std::int64_t cpu_s, double memory = 0, double held = 0,
                         std::vector<double> devices = {}) {
  return {cpus, memory, std::move(devices), seconds(cpu_s), held, false};
}

// Of one interval: the jobs, then idle, then system. Nothing is unattributed where owners are known.
struct Rows {
  std::vector<Joules> energy;
  std::vector<double> u;  // J
};
Rows divide_one(Policy policy, const PartEnergy& part, const std::vector<ResourceUse>& resource_uses,
                const SystemUse& system_use = {}) {
  const Attribution division = divide(policy, {&part, 1}, resource_uses, system_use);
  Rows rows;
  const auto add = [&](const Share& share) {
    rows.energy.push_back(share.energy.at(0));
    rows.u.push_back(std::sqrt(share.variance.at(0)));
  };
  for (const Share& job : division.jobs) add(job);
  add(division.idle);
  add(division.system);
  EXPECT_EQ(division.unattributed.energy.at(0), Joules{});
  return rows;
}
using Energies = std::vector<Joules>;
using Uncertaintys = std::vector<double>;

TEST(Attribute, PoliciesCarryTheirVersion) {
  EXPECT_EQ(name(Policy::usage_based), "usage-based/1");
  EXPECT_EQ(name(Policy::reservation_based), "reservation-based/1");
}

// A device with an unknown owner belongs to no job and is not idle either; its part of the node goes with it.
TEST(Attribute, DeviceWithoutAKnownOwnerIsUnattributed) {
  PartEnergy stray = device(0, 100);
  stray.owner_unknown = true;
  for (const Policy policy : kPolicies) {
    const PartEnergy parts[] = {stray, device(1, 50), node(40)};
    const Attribution division =
        divide(policy, parts, std::vector{resource_use(0.5, 1, 0, 0, {0, 1}), resource_use(0.5, 1)}, {});
    EXPECT_EQ(division.unattributed.energy[0], joules(100)) << name(policy);
    EXPECT_EQ(division.unattributed.energy[1], Joules{}) << name(policy);
    EXPECT_GT(division.unattributed.energy[2], Joules{}) << name(policy);
    EXPECT_EQ(division.idle.energy[0], Joules{}) << name(policy);
  }
}

// Two jobs, one with unreadable CPU time: it may have used all that is left, or nothing, and the interval covers both.
TEST(Attribute, UnknownCpuTimeIsUncertainDownToNothing) {
  std::vector resource_uses{resource_use(0.5, 2), resource_use(0.5, 2)};
  resource_uses[1].cpu_time_known = false;
  const PartEnergy part = processor(400, 100);
  const Attribution division = divide(Policy::usage_based, {&part, 1}, resource_uses, {});
  const std::vector known{resource_use(0.5, 2), resource_use(0.5, 2)};
  const Attribution sure = divide(Policy::usage_based, {&part, 1}, known, {});
  EXPECT_EQ(division.jobs[1].energy, sure.jobs[1].energy);
  EXPECT_EQ(division.jobs[0].variance, sure.jobs[0].variance) << "what it has does not hang on the other's";
  EXPECT_NEAR(division.jobs[1].variance[0] - sure.jobs[1].variance[0], 150.0 * 150 / 3, 1e-6);
}

// 100 J idle: half and a quarter reserved. 300 J above it: 2 s, 3 s and 1 s of CPU time.
TEST(Attribute, ProcessorAtRestGoesByReservationAndTheRestByCpuTime) {
  const std::vector resource_uses{resource_use(0.5, 2), resource_use(0.25, 3)};
  const Rows rows = divide_one(Policy::usage_based, processor(400, 100), resource_uses, {seconds(1), 0});
  EXPECT_EQ(rows.energy, (Energies{joules(150), joules(175), joules(25), joules(50)}));
}

// Two receivers: k E s (1 - s) sqrt(2), alike for both since what one has too much the other lacks.
TEST(Attribute, ProcessorIsAsUncertainAsASecondOfCpuTimeIs) {
  const PartEnergy part{DivisionKey::processor, 0, joules(400), Joules::of(1)};
  const Rows rows = divide_one(Policy::usage_based, part, {resource_use(0.5, 1), resource_use(0.5, 3)});
  EXPECT_NEAR(rows.u[0], kUncertaintyOfCpuTime * 400 * 0.25 * 0.75 * std::sqrt(2), 1e-6);
  EXPECT_NEAR(rows.u[1], rows.u[0], 1e-6);
  EXPECT_EQ(rows.u[2], 0);
}

// Between none and all of it may be idle power, which would be divided by reservation, 200, 100 and 100 J, and not by
// use, 100 and 300.
TEST(Attribute, ProcessorWithoutAKnownRestGoesByHalvesAndIsUncertain) {
  const Rows rows = divide_one(Policy::usage_based, processor(400), {resource_use(0.5, 1), resource_use(0.25, 3)});
  EXPECT_EQ(rows.energy, (Energies{joules(150), joules(200), joules(50), {}}));
  const double of_use = kUncertaintyOfCpuTime * 200 * 0.25 * 0.75 * std::sqrt(2);
  const auto of_rest = [](double share, double others) {
    return kUncertaintyOfBaseline * 200 * share * std::sqrt((1 - share) * (1 - share) + others);
  };
  EXPECT_NEAR(rows.u[0], std::hypot(of_use, of_rest(0.5, 0.125), 100 / std::sqrt(12)), 1e-9);
  EXPECT_NEAR(rows.u[1], std::hypot(of_use, of_rest(0.25, 0.3125), 200 / std::sqrt(12)), 1e-9);
  EXPECT_NEAR(rows.u[2], std::hypot(of_rest(0.25, 0.3125), 100 / std::sqrt(12)), 1e-9);
  EXPECT_EQ(rows.u[3], 0);
}

// At most 100 J of it are idle power: 50 by reservation, 350 by CPU time.
TEST(Attribute, PowerAtRestIsNoMoreThanTheLeastThatWasSeen) {
  PartEnergy part = processor(400);
  part.idle_most = joules(100);
  const std::vector resource_uses{resource_use(0.5, 0), resource_use(0.5, 7)};
  const Rows rows = divide_one(Policy::usage_based, part, resource_uses);
  EXPECT_EQ(rows.energy, (Energies{joules(25), joules(375), {}, {}}));
  EXPECT_LT(rows.u[0], divide_one(Policy::usage_based, processor(400), resource_uses).u[0]);
}

TEST(Attribute, ProcessorThatNobodyUsedGoesByReservation) {
  const Rows rows = divide_one(Policy::usage_based, processor(400, 100), {resource_use(0.5, 0), resource_use(0.25, 0)});
  EXPECT_EQ(rows.energy, (Energies{joules(200), joules(100), joules(100), {}}));
}

TEST(Attribute, LessThanTheRestIsAllAtRest) {
  const Rows rows = divide_one(Policy::usage_based, processor(40, 100), {resource_use(0.5, 0), resource_use(0.25, 8)});
  EXPECT_EQ(rows.energy, (Energies{joules(20), joules(10), joules(10), {}}));
}

TEST(Attribute, AJobOfUnknownReservationPaysForItsUse) {
  const Rows rows = divide_one(Policy::usage_based, processor(400, 100), {resource_use(0, 4)});
  EXPECT_EQ(rows.energy, (Energies{joules(300), joules(100), {}}));
}

TEST(Attribute, AllocationDoesNotAskWhatWasUsed) {
  const Rows rows = divide_one(Policy::reservation_based, processor(400, 100),
                               {resource_use(0.5, 9), resource_use(0.25, 1)}, {seconds(5), 0});
  EXPECT_EQ(rows.energy, (Energies{joules(200), joules(100), joules(100), {}}));
  EXPECT_EQ(rows.u, (Uncertaintys{0, 0, 0, 0}));  // a tariff
}

// 40 J idle by reserved memory, 60 J by bytes held: 1, 4 and 1.
TEST(Attribute, MemoryGoesByWhatIsReservedAndHeld) {
  const std::vector resource_uses{resource_use(0.5, 1, 0.25, 1e9), resource_use(0.5, 1, 0.5, 4e9)};
  const SystemUse system_use{{}, 1e9};
  EXPECT_EQ(divide_one(Policy::usage_based, memory(100, 40), resource_uses, system_use).energy,
            (Energies{joules(20), joules(60), joules(10), joules(10)}));
  EXPECT_EQ(divide_one(Policy::reservation_based, memory(100, 40), resource_uses, system_use).energy,
            (Energies{joules(25), joules(50), joules(25), {}}));
}

TEST(Attribute, MemoryThatNobodyIsConfinedInGoesByCpus) {
  const std::vector resource_uses{resource_use(0.25, 1), resource_use(0.5, 1)};
  for (const Policy policy : kPolicies)
    EXPECT_EQ(divide_one(policy, memory(100, 40), resource_uses).energy,
              (Energies{joules(25), joules(50), joules(25), {}}));
}

TEST(Attribute, ADeviceIsItsJobsOwn) {
  const std::vector resource_uses{resource_use(0.5, 1, 0, 0, {1, 0}), resource_use(0.5, 1)};
  for (const Policy policy : kPolicies) {
    const Rows own = divide_one(policy, device(0, 300), resource_uses),
               nobodys = divide_one(policy, device(1, 60), resource_uses);
    EXPECT_EQ(own.energy, (Energies{joules(300), {}, {}, {}}));
    EXPECT_EQ(own.u, (Uncertaintys{0, 0, 0, 0}));
    EXPECT_EQ(nobodys.energy, (Energies{{}, {}, joules(60), {}}));
    EXPECT_EQ(nobodys.u, (Uncertaintys{0, 0, 0, 0}));
  }
}

TEST(Attribute, ASharedDeviceGoesBySlices) {
  const std::vector resource_uses{resource_use(0.5, 1, 0, 0, {0.5}), resource_use(0.5, 1, 0, 0, {0.25})};
  const Rows rows = divide_one(Policy::usage_based, device(0, 400), resource_uses);
  EXPECT_EQ(rows.energy, (Energies{joules(200), joules(100), joules(100), {}}));
  EXPECT_NEAR(rows.u[0], kUncertaintyOfSlices * 400 * 0.5 * std::sqrt(0.25 + 2 * 0.0625), 1e-9);
}

// Half a device, with the other half unused: all its work is for this job, but only half was given to it.
TEST(Attribute, WhoHasASliceAlonePaysForTheDeviceByUse) {
  const std::vector resource_uses{resource_use(0.5, 1, 0, 0, {0.5})};
  EXPECT_EQ(divide_one(Policy::usage_based, device(0, 400), resource_uses).energy, (Energies{joules(400), {}, {}}));
  EXPECT_EQ(divide_one(Policy::usage_based, device(0, 400), resource_uses).u, (Uncertaintys{0, 0, 0}));
  EXPECT_EQ(divide_one(Policy::reservation_based, device(0, 400), resource_uses).energy,
            (Energies{joules(200), joules(200), {}}));
}

// Half the CPUs and one of four accelerators is 3/8 of the node; a quarter of the CPUs and none is 1/8.
TEST(Attribute, NodeGoesByCpusAndAccelerators) {
  const std::vector resource_uses{resource_use(0.5, 0, 0, 0, {0, 1, 0, 0}), resource_use(0.25, 0)};
  for (const Policy policy : kPolicies)
    EXPECT_EQ(divide_one(policy, node(80), resource_uses).energy, (Energies{joules(30), joules(10), joules(40), {}}));
}

// Of 80 J 36, 12 % of 300, follow the parts, of which one job has three quarters, and 44 are divided by halves. 12 to
// 60 may follow them: up to 6 J more or less for one job.
TEST(Attribute, NodeGoesByWhatThePartsDrawToo) {
  const std::vector resource_uses{resource_use(0.5, 3), resource_use(0.5, 1)};
  const std::vector<PartEnergy> parts{node(80), {DivisionKey::processor, 0, joules(300), Joules::of(1)}};
  const Attribution division = divide(Policy::usage_based, parts, resource_uses, {});
  EXPECT_EQ(division.jobs[0].energy[0], joules(49));
  const auto of = [](double uncertainty, double energy, double share) {
    return std::pow(uncertainty * energy * share * (1 - share) * std::sqrt(2), 2);
  };
  const double of_drawn = of(kUncertaintyOfCpuTime, 36, 0.75), of_board = of(kUncertaintyOfNode, 44, 0.5);
  EXPECT_NEAR(division.jobs[0].variance[0], of_drawn + of_board + 12.0 * 12 / 12, 1e-3);
  EXPECT_NEAR(division.jobs[1].variance[0], division.jobs[0].variance[0], 1e-3);
}

// With no sensor but the node's own, between none and all of it may follow CPU time, 20 J more for one job: half does.
TEST(Attribute, NodeAloneGoesByReservationAndCpuTime) {
  const Rows rows = divide_one(Policy::usage_based, node(80), {resource_use(0.5, 3), resource_use(0.5, 1)});
  EXPECT_EQ(rows.energy, (Energies{joules(50), joules(30), {}, {}}));
  EXPECT_GT(rows.u[0], 20 / std::sqrt(12));
}

TEST(Attribute, AcceleratorsThatNobodyReservedAreOfTheNode) {
  const std::vector<PartEnergy> parts{node(80), device(0, 50), device(1, 50)};
  const Attribution division = divide(Policy::usage_based, parts, std::vector{resource_use(0.5, 1)}, {});
  EXPECT_EQ(division.jobs[0].energy, (Energies{joules(17), {}, {}}));  // a quarter of 68
  EXPECT_EQ(division.idle.energy, (Energies{joules(63), joules(50), joules(50)}));
}

TEST(Attribute, AnExclusiveJobTakesWhatItLeftUnusedToo) {
  std::vector resource_uses{resource_use(0.5, 1), resource_use(0.5, 9, 0.5, 1e9, {1, 0})};
  resource_uses[0].exclusive = true;
  const std::vector<PartEnergy> parts{processor(400, 100), memory(50), device(0, 300), device(1, 60), node(-5)};
  for (const Policy policy : kPolicies) {
    const Attribution division = divide(policy, parts, resource_uses, {seconds(3), 1e9});
    EXPECT_EQ(division.jobs[0].energy, (Energies{joules(400), joules(50), joules(300), joules(60), joules(-5)}));
    EXPECT_EQ(division.jobs[0].variance, (Uncertaintys{0, 0, 0, 0, 0}));
    EXPECT_EQ(division.jobs[1].energy, Energies(5));
    EXPECT_EQ(division.system.energy, Energies(5));
  }
}

TEST(Attribute, TwoThatAreBothExclusiveAreNot) {
  std::vector resource_uses{resource_use(0.5, 1), resource_use(0.5, 3)};
  resource_uses[0].exclusive = resource_uses[1].exclusive = true;
  EXPECT_EQ(divide_one(Policy::usage_based, processor(400), resource_uses).energy,
            (Energies{joules(150), joules(250), {}, {}}));
}

TEST(Attribute, MoreThanAllIsScaledDown) {
  const Rows rows = divide_one(Policy::reservation_based, processor(400),
                               {resource_use(1, 1), resource_use(0.5, 1), resource_use(0.5, 1)});
  EXPECT_EQ(rows.energy, (Energies{joules(200), joules(100), joules(100), {}, {}}));
}

// 10 uJ among three thirds: 3 each, and the tenth to the first of equals. Nothing is idle.
TEST(Attribute, TheLastMicrojouleGoesToSomebody) {
  const double third = 1.0 / 3;
  const std::vector resource_uses{resource_use(third, 1), resource_use(third, 1), resource_use(third, 1)};
  const auto of = [&](std::int64_t uj) {
    return divide_one(Policy::reservation_based, {DivisionKey::processor, 0, Joules::of(uj), {}}, resource_uses).energy;
  };
  EXPECT_EQ(of(10), (Energies{Joules::of(4), Joules::of(3), Joules::of(3), {}, {}}));
  EXPECT_EQ(of(-10), (Energies{Joules::of(-4), Joules::of(-3), Joules::of(-3), {}, {}}));
  EXPECT_EQ(of(std::int64_t{1} << 62)[3], Joules{});
}

TEST(Attribute, ANegativeRestIsDividedLikeAnyOther) {
  const Rows rows = divide_one(Policy::usage_based, node(-8), {resource_use(0.5, 1), resource_use(0.25, 1)});
  EXPECT_EQ(rows.energy, (Energies{joules(-4), joules(-2), joules(-2), {}}));
}

TEST(Attribute, NobodyHereLeavesItIdleOrTheSystems) {
  EXPECT_EQ(divide_one(Policy::usage_based, processor(400, 100), {}).energy, (Energies{joules(400), {}}));
  EXPECT_EQ(divide_one(Policy::usage_based, processor(400, 100), {}, {seconds(2), 0}).energy,
            (Energies{joules(100), joules(300)}));
  EXPECT_EQ(divide_one(Policy::reservation_based, processor(400, 100), {}, {seconds(2), 0}).energy,
            (Energies{joules(400), {}}));
}

TEST(Attribute, WhatIsNoFigureCountsAsNothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const std::vector resource_uses{resource_use(nan, -1, nan, nan, {nan}), resource_use(-0.5, 0, -1, -1, {-1}),
                                  resource_use(inf, 1, inf, inf, {inf})};
  for (const Policy policy : kPolicies)
    for (const PartEnergy& part : {processor(400, 100), memory(50, 10), device(0, 300), node(70)}) {
      const Rows rows = divide_one(policy, part, resource_uses);
      EXPECT_EQ(rows.energy, (Energies{{}, {}, part.energy, {}, {}}));
      EXPECT_EQ(rows.u, (Uncertaintys{0, 0, 0, 0, 0}));
    }
}

TEST(Attribute, TheLargestFiguresThereAreStillAddUp) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max(), kLeast = std::numeric_limits<std::int64_t>::min();
  const std::vector<ResourceUse> resource_uses(3, {0.3, 0.3, {0.3}, Nanos::of(kMost), 1e300, false});
  for (const std::int64_t energy : {kMost, kLeast})
    for (const DivisionKey rule :
         {DivisionKey::processor, DivisionKey::memory, DivisionKey::device, DivisionKey::node}) {
      const Rows rows =
          divide_one(Policy::usage_based, {rule, 0, Joules::of(energy), {}}, resource_uses, {Nanos::of(kMost), 1e300});
      Int128 sum = 0;
      for (const Joules one : rows.energy) sum += one.count();
      EXPECT_TRUE(sum == energy);
      EXPECT_LE(std::abs(rows.energy[0].count() / 4 - rows.energy[1].count() / 4), 1);
    }
}

}  // namespace
}  // namespace nw
