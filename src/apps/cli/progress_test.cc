#include "apps/cli/progress.h"

#include <gtest/gtest.h>

namespace nw::cli {
namespace {

TEST(Progress, ExpectsTheEndFromTheRunsSoFar) {
  Progress progress(seconds(100), false);
  EXPECT_EQ(progress.words("x=1", 0, 8, seconds(100)), "sweep: run 1 of 8, x=1");
  progress.took(seconds(10));
  progress.took(seconds(20));
  const std::string words = progress.words("x=2", 2, 6, seconds(131));
  EXPECT_EQ(words.substr(0, words.find(", until")), "sweep: run 3 of 8, x=2; 31 s gone, about 1m30s left");
  const std::string resumed = progress.words("x=2", 5, 1, seconds(131));
  EXPECT_EQ(resumed.substr(0, resumed.find(", until")), "sweep: run 6 of 6, x=2; 31 s gone, about 15 s left");
}

}  // namespace
}  // namespace nw::cli
