#include "apps/cli/nearest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace nw::cli {
namespace {

using Words = std::vector<std::string>;
const Words kKnown{"run", "runs", "report", "record", "compare", "completion", "sensors"};

TEST(Nearest, NamesWhatWasMeant) {
  EXPECT_EQ(find_nearest("rnu", kKnown), Words{"run"});
  EXPECT_EQ(find_nearest("reprot", kKnown), Words{"report"});
  EXPECT_EQ(find_nearest("comp", kKnown), (Words{"compare", "completion"}));
  EXPECT_EQ(find_nearest("sensor", kKnown), Words{"sensors"});
  EXPECT_EQ(find_nearest("runn", kKnown), (Words{"run", "runs"}));
  EXPECT_EQ(find_nearest("python", kKnown), Words{});
  EXPECT_EQ(find_nearest("", kKnown), Words{});
  EXPECT_EQ(find_nearest("--", {"--json"}), Words{});
  EXPECT_EQ(find_nearest(std::string(1 << 20, 'r'), kKnown), Words{});
  EXPECT_EQ(nearest_words("runn", kKnown), "; did you mean run or runs?");
  EXPECT_EQ(nearest_words("python", kKnown), "");
}

// A distance: nothing to oneself, the same both ways, one for each change, never more than writing the word anew.
RC_GTEST_PROP(Nearest, OneChangeIsOneApart, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::inRange('a', 'd'));
  const std::string word = *rc::gen::suchThat(letters, [](const std::string& one) { return one.size() > 1; });
  const std::string other = *letters;
  RC_ASSERT(compute_distance(word, word) == 0U);
  RC_ASSERT(compute_distance(word, other) == compute_distance(other, word));
  RC_ASSERT(compute_distance(word, other) <= std::max(word.size(), other.size()));
  const auto at = *rc::gen::inRange<std::size_t>(0, word.size() - 1);
  std::string less = word, more = word, swapped = word;
  less.erase(at, 1);
  more.insert(at, "x");
  std::swap(swapped[at], swapped[at + 1]);
  RC_ASSERT(compute_distance(word, less) == 1U);
  RC_ASSERT(compute_distance(word, more) == 1U);
  RC_ASSERT(compute_distance(word, swapped) == (word == swapped ? 0U : 1U));
}

}  // namespace
}  // namespace nw::cli
