#include "consumer/process_trees.h"

#include <gtest/gtest.h>

#include "base/host_memory.h"

namespace nw {
namespace {

class ProcessTreesTest : public ::testing::Test {
 protected:
  void process(std::uint32_t pid, std::uint32_t parent, std::uint32_t uid, std::uint64_t ticks,
               const std::string& children = "", std::uint64_t start = 77) {
    const std::string at = "/proc/" + std::to_string(pid) + "/";
    std::string stat = std::to_string(pid) + " (a b) c) S " + std::to_string(parent) + " 0 0 0 0 0 0 0 0 0 ";
    stat += std::to_string(ticks) + " 1 2 3 20 0 1 0 " + std::to_string(start) + " 0 0\n";
    host.set_file(at + "stat", stat);
    host.set_file(at + "status", "Name:\tx\nUid:\t" + std::to_string(uid) + "\t0\t0\t0\n");
    host.set_file(at + "task/" + std::to_string(pid) + "/children", children);
  }
  CgroupSnapshot snapshot() {
    CgroupSnapshot cgroups;
    cgroups.at = now;
    trees.add_to(cgroups);
    return cgroups;
  }

  MemoryHost host;
  ProcessTrees trees{host};
  Nanos now = seconds(100);
};

TEST_F(ProcessTreesTest, ATreeIsAJobWithTheCpuTimeOfAllItsProcesses) {
  process(1, 0, 0, 5);
  process(10, 1, 1000, 100, "11 12 ");
  process(11, 10, 1000, 200, "13");
  process(12, 10, 1000, 300);
  process(13, 11, 1000, 400);
  process(14, 1, 1000, 9999);
  EXPECT_TRUE(snapshot().jobs.empty());
  const auto tree = trees.add(10, 1000);
  ASSERT_TRUE(tree);
  EXPECT_EQ(*tree, (FoundProcess{"process", "", "10", "0"}));
  const auto jobs = snapshot().jobs;
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].cpu, millis(10 * (100 + 200 + 300 + 400 + 4 * 6)));
  EXPECT_EQ(jobs[0].uid, 1000U);
  EXPECT_TRUE(jobs[0].has_node);
  EXPECT_EQ(jobs[0].steps[0].id, "0");
}

TEST_F(ProcessTreesTest, DescendantsAreFoundAndAreNoTreesOfTheirOwn) {
  process(10, 1, 1000, 0, "11");
  process(11, 10, 1000, 0);
  process(20, 1, 1000, 0);
  ASSERT_TRUE(trees.add(10, 1000));
  EXPECT_EQ(trees.find(11, 1000), trees.find(10, 1000));
  EXPECT_EQ(*trees.add(11, 1000), *trees.find(10, 1000));
  EXPECT_EQ(trees.find(20, 1000), std::nullopt);
  EXPECT_EQ(trees.find(11, 1001), std::nullopt) << "another user's";
  EXPECT_EQ(trees.find(99, 1000), std::nullopt);
}

TEST_F(ProcessTreesTest, NoProcessOfAnotherUserCanBeNamed) {
  process(10, 1, 1001, 0);
  EXPECT_FALSE(trees.add(10, 1000));
  EXPECT_FALSE(trees.add(11, 1000));
  EXPECT_TRUE(snapshot().jobs.empty());
}

TEST_F(ProcessTreesTest, ALaterProcessOfTheSameIdIsNoTree) {
  process(10, 1, 1000, 0);
  ASSERT_TRUE(trees.add(10, 1000));
  process(10, 1, 1000, 0, "", 78);
  EXPECT_EQ(trees.find(10, 1000), std::nullopt);
  EXPECT_TRUE(snapshot().jobs.empty());
}

TEST_F(ProcessTreesTest, AnotherUserSharesTheNode) {
  process(10, 1, 1000, 0);
  process(50, 1, 120, 0);  // the system's
  ASSERT_TRUE(trees.add(10, 1000));
  EXPECT_TRUE(snapshot().jobs[0].has_node);
  process(60, 1, 1001, 0);
  EXPECT_TRUE(snapshot().jobs[0].has_node) << "is looked at every ten seconds";
  now += ProcessTrees::kBetweenUsers;
  EXPECT_FALSE(snapshot().jobs[0].has_node);
}

TEST_F(ProcessTreesTest, TreesOfAUserAreLimited) {
  for (std::uint32_t pid = 10; pid < 10 + ProcessTrees::kMaxOfOne; ++pid) {
    process(pid, 1, 1000, 0);
    EXPECT_TRUE(trees.add(pid, 1000));
  }
  process(90, 1, 1000, 0);
  EXPECT_FALSE(trees.add(90, 1000));
  process(91, 1, 1001, 0);
  EXPECT_TRUE(trees.add(91, 1001));
}

}  // namespace
}  // namespace nw
