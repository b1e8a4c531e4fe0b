// Attempts: which records ran together, what follows what, and what is merged of them.
#include "study/attempts.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "store/uid.h"
#include "study/comparison.h"
#include "study/merge.h"
#include "study/run_group.h"
#include "support/records.h"

namespace nw {
namespace {

using sample::kSecond;

// One rank of two, at the wall.
pb::Record part(const std::string& host, std::uint32_t count, double begin_s, double end_s, double joules,
                int code = 0) {
  pb::Record record = sample::bare(derive_uid({host, std::to_string(begin_s)}), "train", 1);
  record.set_start_unix_ns(record.start_unix_ns() + static_cast<std::int64_t>(begin_s * kSecond));
  record.set_duration_ns(static_cast<std::int64_t>((end_s - begin_s) * kSecond));
  record.mutable_node()->set_host(host);
  record.mutable_node()->set_logical_cpus(64);
  sample::fill(*record.mutable_energy(), joules, 0.01, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
  record.set_boundary_note("the whole node, at the wall (AC)");
  record.set_job_key("torchrun-myjob.a.29500");
  record.set_restart_key("torchrun-myjob");
  record.set_attempt(count);
  record.set_ranks(1);
  record.set_world_size(2);
  record.set_exit_code(code);
  sample::add_part(record, "node", "0", joules, 0.01, pb::KIND_MEASURED, "PSU", 20);
  sample::add_sensor(record, "psu", "PSU", true, 0.01);
  return record;
}

// Two attempts on two nodes, of which the first failed.
std::vector<pb::Record> restarted() {
  return {part("a", 0, 0, 30, 100, 1), part("b", 0, 0, 30, 110, 1), part("a", 1, 35, 135, 400),
          part("b", 1, 35, 135, 440)};
}

pb::Record merged(const std::vector<pb::Record>& records, bool allow_mixed = false) {
  const auto result = merge_records(records, {"", allow_mixed});
  EXPECT_TRUE(result) << (result ? "" : result.error().what);
  return result.value_or(pb::Record());
}

std::uint64_t count_of(const pb::Record& record, std::string_view anomaly) {
  std::uint64_t count = 0;
  for (const auto& one : record.anomalies()) count += one.name() == anomaly ? one.count() : 0;
  return count;
}

// "0: a b, 1: a": the number and the nodes of each attempt.
std::string attempts_of(const pb::Record& record) {
  std::string text;
  for (const pb::Attempt& attempt : record.attempts()) {
    text += (text.empty() ? "" : ", ") + std::to_string(attempt.number()) + ":";
    for (const pb::Member& member : record.members())
      if (member.attempt() == attempt.number()) text += " " + member.host();
  }
  return text;
}

TEST(Attempts, AddUpToTheJobAndTheFailedOneIsNamed) {
  const pb::Record job = merged(restarted());
  EXPECT_EQ(job.energy().energy_uj(), 1'050'000'000);
  EXPECT_EQ(attempts_of(job), "0: a b, 1: a b");
  EXPECT_TRUE(job.attempts(0).failed());
  EXPECT_EQ(job.attempts(0).exit_code(), 1);
  EXPECT_EQ(job.attempts(0).energy().energy_uj(), 210'000'000);
  EXPECT_TRUE(job.attempts(1).has_failed());
  EXPECT_FALSE(job.attempts(1).failed());
  EXPECT_EQ(job.attempts(1).energy().energy_uj(), 840'000'000);
  EXPECT_EQ(job.exit_code(), 0) << "as the last attempt ended";
  EXPECT_EQ(job.duration_ns(), 130 * kSecond) << "the time between them is not the job's";
  EXPECT_EQ(job.ranks(), 2u);
  EXPECT_EQ(job.node().host(), "a,b");
  EXPECT_EQ(job.node().logical_cpus(), 128u) << "each machine once";
  EXPECT_EQ(job.anomalies_size(), 0);
  const FailedAttempts failed = compute_failed_attempts(job);
  EXPECT_EQ(failed.count, 1u);
  EXPECT_DOUBLE_EQ(failed.joules.value(), 210);
  EXPECT_DOUBLE_EQ(failed.fraction.value(), 0.2);
}

TEST(Attempts, AMachinesPartsAddUpOverThem) {
  auto all = restarted();
  for (pb::Record& one : all) sample::add_part(one, "gpu", "0", 10, 0.01, pb::KIND_MEASURED, "NVML", 30).set_depth(1);
  sample::add_part(all[3], "gpu", "1", 7, 0.01, pb::KIND_MEASURED, "NVML", 30).set_depth(1);
  const pb::Record job = merged(all);
  ASSERT_EQ(job.components_size(), 5);
  EXPECT_EQ(job.components(0).device(), "a/0");
  EXPECT_EQ(job.components(0).energy().energy_uj(), 500'000'000);
  EXPECT_EQ(job.components(1).domain(), "gpu");
  EXPECT_EQ(job.components(1).energy().energy_uj(), 20'000'000);
  EXPECT_EQ(job.components(4).device(), "b/1");
  EXPECT_EQ(job.sensors_size(), 2);
}

TEST(Attempts, InAnyOrderAndAttemptByAttemptItIsTheSameRecord) {
  const auto all = restarted();
  const pb::Record job = merged(all);
  EXPECT_EQ(merged({all[3], all[0], all[2], all[1], all[0]}).SerializeAsString(), job.SerializeAsString());
  const pb::Record first = merged({all[1], all[0]}), second = merged({all[2], all[3]});
  EXPECT_EQ(second.attempt(), 1u);
  EXPECT_EQ(count_of(second, "attempt_missing"), 1u) << "the first attempt is not in this sum";
  const pb::Record steps = merged({second, first});
  EXPECT_EQ(steps.uid(), job.uid());
  EXPECT_EQ(steps.energy().energy_uj(), job.energy().energy_uj());
  EXPECT_EQ(attempts_of(steps), attempts_of(job));
  EXPECT_EQ(count_of(steps, "attempt_missing"), 0u);
  EXPECT_EQ(merged({job, all[2]}).SerializeAsString(), job.SerializeAsString());
  EXPECT_FALSE(merge_records({job, part("c", 1, 35, 135, 400)}, {})) << "whose attempts would have to be told again";
}

// torchrun's agents count the failures of their own workers alone.
TEST(Attempts, WhatRanTogetherIsOneAttemptWhateverEachNodeCounts) {
  const std::vector<pb::Record> all{part("a", 0, 0, 30, 100, 1),  part("b", 0, 1, 30, 100, 143),
                                    part("a", 1, 35, 50, 100, 1), part("b", 0, 36, 50, 100, 1),
                                    part("a", 1, 55, 99, 100),    part("b", 1, 55, 99, 100)};
  EXPECT_EQ(attempts_of(merged(all)), "0: a b, 1: a b, 2: a b");
}

TEST(Attempts, ShortOnesAreNotMixed) {
  const std::vector<pb::Record> all{part("a", 0, 0, 3, 10, 1), part("b", 0, 0.2, 3.2, 10, 1),
                                    part("a", 1, 3.1, 6, 10, 1), part("a", 2, 6.2, 9, 10), part("b", 2, 6.3, 9, 10)};
  const pb::Record job = merged(all);
  EXPECT_EQ(attempts_of(job), "0: a b, 1: a, 2: a b");
  EXPECT_EQ(count_of(job, "member_missing"), 1u) << "of node b in attempt 1 there is no record";
}

TEST(Attempts, ANodeThatDiedMakesItsAttemptAFailedOne) {
  const std::vector<pb::Record> all{part("a", 0, 0, 30, 100), part("a", 1, 40, 90, 200), part("c", 1, 40, 90, 200)};
  const pb::Record job = merged(all);
  EXPECT_EQ(attempts_of(job), "0: a, 1: a c") << "on other nodes";
  EXPECT_TRUE(job.attempts(0).failed())
      << "its node ended well, the other one has no record, and the job was restarted";
  EXPECT_EQ(job.attempts(0).world_size(), 2u);
  EXPECT_EQ(job.attempts(0).ranks(), 1u);
  auto late = all;
  late.erase(late.begin() + 2);
  const pb::Record unknown = merged(late);
  EXPECT_FALSE(unknown.attempts(1).has_failed()) << "how the other node of the last attempt ended is unknown";
  EXPECT_FALSE(compute_failed_attempts(unknown).joules);
}

TEST(Attempts, AllMayFail) {
  auto all = restarted();
  for (pb::Record& one : all) one.set_exit_code(9);
  const pb::Record job = merged(all);
  EXPECT_EQ(job.exit_code(), 9);
  EXPECT_EQ(compute_failed_attempts(job).count, 2u);
  EXPECT_DOUBLE_EQ(compute_failed_attempts(job).fraction.value(), 1);
}

TEST(Attempts, UnknownIsNeverZero) {
  auto all = restarted();
  all[0].clear_energy(), all[1].clear_energy();
  const pb::Record job = merged(all);
  EXPECT_EQ(job.energy().energy_uj(), 840'000'000);
  EXPECT_EQ(count_of(job, "member_unknown"), 2u);
  EXPECT_FALSE(job.attempts(0).energy().has_energy_uj());
  EXPECT_EQ(compute_failed_attempts(job).count, 1u);
  EXPECT_FALSE(compute_failed_attempts(job).joules);
  all = restarted();
  all[2].clear_exit_code();
  EXPECT_FALSE(merged(all).attempts(1).has_failed());
  EXPECT_FALSE(merged(all).has_exit_code());
}

TEST(Attempts, AGapInTheNumbersIsSaid) {
  const pb::Record job = merged({part("a", 1, 0, 30, 100, 1), part("a", 3, 40, 90, 100)});
  EXPECT_EQ(attempts_of(job), "1: a, 3: a");
  EXPECT_EQ(count_of(job, "attempt_missing"), 2u);
}

TEST(Attempts, ARequeuedJobStartsItsLauncherAnew) {
  std::vector<pb::Record> all{part("a", 0, 0, 30, 100, 1), part("a", 1, 35, 60, 100, 1), part("c", 0, 9000, 9100, 100)};
  for (pb::Record& one : all) one.set_requeue(0), one.set_world_size(1);
  all[2].set_requeue(1);
  all[2].set_job_key("torchrun-myjob.c.4711");  // another node is its master
  const pb::Record job = merged(all);
  EXPECT_EQ(attempts_of(job), "0: a, 1: a, 2: c");
  EXPECT_EQ(job.job_key(), "torchrun-myjob");
  EXPECT_EQ(job.duration_ns(), 155 * kSecond);
  for (pb::Record& one : all) one.clear_restart_key();
  EXPECT_FALSE(merge_records(all, {})) << "of two jobs";
}

TEST(Attempts, RecordsThatSayNoneAreMergedAsEver) {
  auto all = restarted();
  for (pb::Record& one : all) one.clear_attempt();
  EXPECT_FALSE(merge_records(all, {})) << "four ranks of a program of two";
  const pb::Record run = merged({all[2], all[3]});
  EXPECT_FALSE(run.has_attempt());
  EXPECT_EQ(run.attempts_size(), 0);
  EXPECT_EQ(run.anomalies_size(), 0);
}

Inputs pointers(const std::vector<pb::Record>& records) {
  Inputs all;
  for (const pb::Record& one : records) all.push_back(&one);
  return all;
}

TEST(Attempts, AJobsNameUsedAgainIsNoRestart) {
  const std::vector<pb::Record> all{part("a", 0, 0, 30, 100), part("a", 1, 35, 60, 100), part("a", 0, 70, 90, 100),
                                    part("a", 0, 100, 120, 100), part("a", 2, 130, 140, 100)};
  const auto attempts = find_attempts(pointers(all));
  ASSERT_EQ(attempts.size(), 5u);
  EXPECT_TRUE(follows(attempts[0], attempts[1]));
  EXPECT_FALSE(follows(attempts[1], attempts[2])) << "0 after 0";
  EXPECT_FALSE(follows(attempts[2], attempts[3])) << "0 after 1";
  EXPECT_TRUE(follows(attempts[3], attempts[4]));
  pb::Record other = all[0];
  other.set_name("prepare");
  EXPECT_FALSE(follows({&all[1]}, {&other})) << "another program of the same script";
}

TEST(Attempts, AnAttemptIsNoRepeatAndNeitherIsARestartedJob) {
  auto all = restarted();
  all[1].set_exit_code(0);  // its ranks had ended before the other node's failed
  all.push_back(merged(restarted()));
  for (pb::Record& one : all) one.set_node_type("x");
  auto runs = make_run_groups(pointers(all), GroupBy::node_type);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].runs.size(), 2u);
  EXPECT_EQ(runs[0].failed, 3u);
  const pb::Record plain = part("z", 0, 0, 30, 100);
  const auto compared = compare(pointers({all.back(), plain}));
  ASSERT_TRUE(compared);
  ASSERT_EQ(compared->incomparables.size(), 1u);
  EXPECT_EQ(compared->incomparables[0].why, Incomparable::Why::restarted);
}

// However many nodes and attempts: all joules are in the sum, and the attempts' add up to it exactly.
TEST(AttemptsProperties, TheyAddUp) {
  EXPECT_TRUE(rc::check([] {
    std::vector<pb::Record> all;
    Int128 energy = 0;
    double begin = 0;
    const unsigned attempts = *rc::gen::inRange(2U, 5U);
    for (unsigned attempt = 0; attempt < attempts; ++attempt) {
      const double end = begin + *rc::gen::inRange(1, 50);
      for (int node = 0; node < *rc::gen::inRange(1, 4); ++node) {
        const double late = *rc::gen::inRange(0, 3) / 10.0;
        all.push_back(part("n" + std::to_string(node), attempt, begin + late, end,
                           *rc::gen::inRange(1, 1000) + 0.123457, attempt + 1 < attempts ? 1 : 0));
        all.back().set_world_size(8);
        if (*rc::gen::inRange(0, 5) == 0) all.back().clear_energy();
        energy += all.back().energy().energy_uj();
      }
      begin = end + 0.5;
    }
    const auto job = merge_records(all, {});
    RC_ASSERT(job.has_value());
    RC_ASSERT(job->attempts_size() == static_cast<int>(attempts));
    Int128 sum = 0;
    for (const pb::Attempt& one : job->attempts()) sum += one.energy().energy_uj();
    RC_ASSERT(job->energy().energy_uj() == saturate(energy));
    RC_ASSERT(sum == energy);
    Int128 parts = 0;
    for (const pb::Component& one : job->components()) parts += one.energy().energy_uj();
    RC_ASSERT(parts >= energy);
    RC_ASSERT(job->members_size() == static_cast<int>(all.size()));
  }));
}

}  // namespace
}  // namespace nw
