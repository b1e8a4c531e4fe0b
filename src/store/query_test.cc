#include "store/query.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

const std::string kOne = "7f3k2abcdefghjkmnpqrstvwxy";
const std::string kTwo = "7f3k2abddefghjkmnpqrstvwxy";
const std::string kThree = "7f3zzzzzzzzzzzzzzzzzzzzzzz";

TEST(Query, one_candidate_is_meant) { EXPECT_EQ(choose_id("7f", {kOne}, "db").value(), kOne); }

TEST(Query, none_is_absent_and_says_where) {
  const auto chosen = choose_id("@7f", {}, "db");
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().kind, ErrorKind::absent);
  EXPECT_EQ(chosen.error().what, "db: no run '@7f'");
}

TEST(Query, several_are_listed_long_enough_to_choose) {
  const auto chosen = choose_id("7f", {kOne, kTwo, kThree}, "db");
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().kind, ErrorKind::malformed);
  EXPECT_EQ(chosen.error().what, "db: '7f' begins several runs: @7f3k2abc, @7f3k2abd, @7f3zzzzz");
}

TEST(Query, a_long_list_is_cut) {
  std::vector<std::string> candidates;
  for (char c = 'a'; candidates.size() < kMaxCandidates; ++c)
    candidates.push_back(std::string("7") + c + kOne.substr(2));
  const auto what = choose_id("7", candidates, "db").error().what;
  EXPECT_TRUE(what.ends_with(", ...")) << what;
  EXPECT_EQ(what.find(candidates.back().substr(0, 5)), std::string::npos) << what;
}

}  // namespace
}  // namespace nw
