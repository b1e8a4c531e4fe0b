#include "store/checkpoint_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace nw {
namespace {

std::string found_in(const std::string& dir) {
  auto checkpoint = CheckpointFile::open(dir);
  EXPECT_TRUE(checkpoint) << (checkpoint ? "" : checkpoint.error().what);
  return checkpoint && checkpoint->found() ? *checkpoint->found() : "nothing";
}

std::string newest(const std::string& dir) {
  std::string last;
  for (const auto& entry : std::filesystem::directory_iterator(dir))
    if (entry.path().string() > last && entry.path().extension() == ".frames") last = entry.path();
  return last;
}

TEST(CheckpointFile, NewestWholeFrameIsTheTruth) {
  const test::TempDir dir;
  EXPECT_EQ(found_in(dir.path()), "nothing");
  {
    auto checkpoint = CheckpointFile::open(dir.path());
    ASSERT_TRUE(checkpoint);
    ASSERT_TRUE(checkpoint->append("one"));
    ASSERT_TRUE(checkpoint->amend("a longer amendment"));
    ASSERT_TRUE(checkpoint->amend("two"));
  }
  EXPECT_EQ(found_in(dir.path()), "two");
  EXPECT_EQ(found_in(dir.path()), "two") << "a segment that was only begun hides what stands in the one before";
}

TEST(CheckpointFile, AppendedFrameStandsWhereTheAmendmentWas) {
  const test::TempDir dir;
  auto checkpoint = CheckpointFile::open(dir.path());
  ASSERT_TRUE(checkpoint);
  ASSERT_TRUE(checkpoint->append("one"));
  ASSERT_TRUE(checkpoint->amend(std::string(5000, 'x')));
  ASSERT_TRUE(checkpoint->append("two"));
  EXPECT_LT(std::filesystem::file_size(newest(dir.path())), 120U);
  *checkpoint = std::move(*CheckpointFile::open(dir.path() + "/other"));
  EXPECT_EQ(found_in(dir.path()), "two");
}

TEST(CheckpointFile, TornAmendmentLeavesWhatWasAppended) {
  const test::TempDir dir;
  {
    auto checkpoint = CheckpointFile::open(dir.path());
    ASSERT_TRUE(checkpoint && checkpoint->append("one") && checkpoint->amend("provisional"));
  }
  for (const std::uintmax_t cut : {1U, 5U, 12U}) {
    const std::string path = newest(dir.path());
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - cut);
    const auto bytes = std::filesystem::file_size(path);
    auto checkpoint = CheckpointFile::open(dir.path());
    ASSERT_TRUE(checkpoint);
    EXPECT_EQ(checkpoint->found(), "one") << bytes;
    ASSERT_TRUE(checkpoint->append("one") && checkpoint->amend("provisional"));
  }
}

TEST(CheckpointFile, OneWriter) {
  const test::TempDir dir;
  const auto checkpoint = CheckpointFile::open(dir.path());
  const auto second = CheckpointFile::open(dir.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
}

TEST(CheckpointFile, SegmentsArePruned) {
  const test::TempDir dir;
  auto checkpoint = CheckpointFile::open(dir.path(), {1000, 3000, seconds(86400)});
  ASSERT_TRUE(checkpoint);
  std::string payload;  // that no packing makes smaller
  for (unsigned i = 0, x = 1; i < 400; ++i) payload += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  std::uintmax_t most = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(checkpoint->append(payload + std::to_string(i)));
    std::uintmax_t all = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) all += entry.file_size();
    most = std::max(most, all);
  }
  EXPECT_LT(most, 3000U + 2 * 1900U);
  EXPECT_GT(most, 3000U);
  checkpoint = CheckpointFile::open(dir.path() + "/other");
  EXPECT_EQ(found_in(dir.path()), payload + "199");
}

TEST(CheckpointFile, FullDiskLosesNothingThatWasThere) {
  auto checkpoint = CheckpointFile::open("/dev/full/books");
  EXPECT_FALSE(checkpoint);
}

}  // namespace
}  // namespace nw
