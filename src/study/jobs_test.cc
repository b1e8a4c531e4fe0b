// Joining what several daemons report about the same jobs: one record a run of a job, sums that add up, and partial
// sums marked as such.
#include "study/jobs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/records_jobs.h"

namespace nw {
namespace {

using sample::job_on;

std::uint64_t missing(const pb::Record& record) {
  std::uint64_t count = 0;
  for (const auto& one : record.anomalies()) count += one.name() == "job_node_missing" ? one.count() : 0;
  return count;
}

TEST(GatherJobs, NodesOfOneRunBecomeOneRecord) {
  const auto jobs = gather_jobs({job_on("n1", 1e6), job_on("n2", 1.2e6, 2), job_on("n3", 0.8e6, 1)});
  ASSERT_EQ(jobs.size(), 1U);
  const pb::Record& job = jobs[0];
  EXPECT_EQ(job.energy().energy_uj(), 3'000'000'000'000);
  EXPECT_EQ(job.energy().coverage(), 1);
  EXPECT_EQ(job.members_size(), 3);
  EXPECT_EQ(job.state(), "ended");
  EXPECT_EQ(job.job().id(), "4730");
  EXPECT_EQ(job.job().gpus(), 12U);
  EXPECT_EQ(job.job().cpus_count(), 768U);
  EXPECT_FALSE(job.job().has_cpus()) << "a share of one node is none of three";
  EXPECT_EQ(job.job().unused_gpu_uj(), 3 * 226'100'000'000);
  ASSERT_EQ(job.job().others_size(), 1);
  EXPECT_EQ(job.job().others(0).energy().energy_uj(), 3'000'000'000'000);
  ASSERT_EQ(job.job().steps_size(), 1);
  EXPECT_EQ(job.job().steps(0).energy().energy_uj(), 2'700'000'000'000);
  EXPECT_EQ(job.job().steps(0).begin_ns(), sample::kSecond);
  EXPECT_EQ(job.job().steps(0).duration_ns(), 702 * sample::kSecond);
  EXPECT_EQ(missing(job), 0U);
  EXPECT_EQ(measured_nodes(job), 3U);
}

// What ran on two nodes at once took its time once, and the energy of both; in the job and in its step.
TEST(GatherJobs, PhasesOfOneNameAreJoinedOverTheNodes) {
  std::vector<pb::Record> nodes{job_on("n1", 1e6), job_on("n2", 1.2e6, 2)};
  for (pb::Record& node : nodes)
    for (auto* phases : {node.mutable_phases(), node.mutable_job()->mutable_steps(0)->mutable_phases()}) {
      pb::Phase& train = *phases->Add();
      train.set_path("train");
      train.set_count(1);
      train.set_duration_ns(100 * sample::kSecond);
      train.set_resolved(true);
      sample::fill(*train.mutable_energy(), 1e5, 0.03, pb::KIND_MEASURED, node.energy().boundary());
      train.add_spans()->set_end_ns(100 * sample::kSecond);
      pb::Work& work = *train.add_work();
      work.set_unit("sample");
      work.set_count(50);
    }
  const auto jobs = gather_jobs(std::move(nodes));
  ASSERT_EQ(jobs.size(), 1U);
  for (const auto* phases : {&jobs[0].phases(), &jobs[0].job().steps(0).phases()}) {
    ASSERT_EQ(phases->size(), 1);
    EXPECT_EQ((*phases)[0].energy().energy_uj(), 200'000'000'000);
    EXPECT_EQ((*phases)[0].duration_ns(), 102 * sample::kSecond);
    EXPECT_EQ((*phases)[0].work(0).count(), 100);
  }
}

TEST(GatherJobs, OneIdOfTwoManagersIsTwoJobs) {
  pb::Record pod = job_on("n2", 1e6);
  pod.mutable_job()->set_manager("kubernetes");
  EXPECT_EQ(gather_jobs({job_on("n1", 1e6), pod}).size(), 2U);
}

TEST(GatherJobs, ANodeThatIsMissingIsSaid) {
  const auto one = gather_jobs({job_on("n1", 1e6)});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(missing(one[0]), 2U);
  EXPECT_NEAR(one[0].energy().coverage(), 1.0 / 3, 1e-9);
  EXPECT_NEAR(one[0].job().others(0).energy().coverage(), 1.0 / 3, 1e-9);
  const auto two = gather_jobs({job_on("n1", 1e6), job_on("n2", 1e6)});
  ASSERT_EQ(two.size(), 1U);
  EXPECT_EQ(missing(two[0]), 1U);
}

TEST(GatherJobs, ARequeueIsAnotherRun) {
  pb::Record later = job_on("n1", 1e6, 5000);
  later.set_uid("another");
  const auto jobs = gather_jobs({job_on("n1", 2e6), later, job_on("n2", 3e6, 1)});
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].energy().energy_uj(), 1'000'000'000'000) << "newest first";
  EXPECT_EQ(jobs[1].energy().energy_uj(), 5'000'000'000'000);
  pb::Record restarted = job_on("n2", 1e6);
  restarted.mutable_job()->set_restart(1);
  EXPECT_EQ(gather_jobs({job_on("n1", 1e6), restarted}).size(), 2U);
}

TEST(GatherJobs, TheSameRecordTwiceIsOne) {
  const auto jobs = gather_jobs({job_on("n1", 1e6), job_on("n1", 1e6), job_on("n2", 1e6)});
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].energy().energy_uj(), 2'000'000'000'000);
}

TEST(GatherJobs, AnotherClustersNumberIsAnotherJob) {
  pb::Record other = job_on("n2", 1e6);
  other.mutable_job()->set_cluster("adroit");
  EXPECT_EQ(gather_jobs({job_on("n1", 1e6), other}).size(), 2U);
}

TEST(GatherJobs, OneThatRunsOnANodeRuns) {
  pb::Record running = job_on("n2", 1e6);
  running.set_state("running");
  running.mutable_job()->clear_end_basis();
  const auto jobs = gather_jobs({job_on("n1", 1e6), running});
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].state(), "running");
  EXPECT_EQ(jobs[0].job().end_basis(), "");
}

TEST(GatherJobs, DifferentBoundariesAreOneSumThatSaysSo) {
  pb::Record chips = job_on("n2", 1e6);
  chips.mutable_energy()->set_boundary(pb::BOUNDARY_ON_CHIP);
  const auto jobs = gather_jobs({job_on("n1", 1e6), chips});
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_TRUE(std::any_of(jobs[0].anomalies().begin(), jobs[0].anomalies().end(),
                          [](const auto& one) { return one.name() == "boundaries_mixed"; }));
}

}  // namespace
}  // namespace nw
