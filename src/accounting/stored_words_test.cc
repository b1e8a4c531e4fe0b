#include "accounting/stored_words.h"

#include <gtest/gtest.h>

#include "accounting/attribute.h"
#include "energy/containment.h"

namespace nw {
namespace {

TEST(StoredWords, EarlierNamesAreTodays) {
  EXPECT_EQ(current_words("use/1"), name(Policy::usage_based));
  EXPECT_EQ(current_words("allocation/1"), name(Policy::reservation_based));
  EXPECT_EQ(current_words("the whole node, at the plug"), kNodeAtWall);
  EXPECT_EQ(current_words("the whole node, behind its power supplies"), kNodeDc);
  EXPECT_EQ(current_words("the whole node, behind its power supplies, without GPUs"),
            std::string(kNodeDc) + ", without GPUs");
  EXPECT_EQ(current_words("plug minus node"), "wall minus node DC");
  EXPECT_EQ(current_words("Redfish edges"), "Redfish start and end");
  EXPECT_EQ(current_words("n1 Node behind its supplies"), "n1 Node DC");
  EXPECT_EQ(current_words("Node at the plug"), "Node, wall (AC)");
}

TEST(StoredWords, EverythingElseStaysAsItIs) {
  for (const char* word : {"", "usage-based/1", "use/2", "reuse/1", "edges", "CPU package 0", "\xff", "the whole node"})
    EXPECT_EQ(current_words(word), word);
  for (const Policy policy : kPolicies) EXPECT_EQ(current_words(name(policy)), name(policy));
  EXPECT_EQ(current_words(kNodeAtWall), kNodeAtWall);
  EXPECT_EQ(current_words(kNodeDc), kNodeDc);
}

}  // namespace
}  // namespace nw
