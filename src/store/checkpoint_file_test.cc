#include "store/checkpoint_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

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

// A process's files may grow no more: to it every disk is full.
class FullDisk {
 public:
  FullDisk() : before_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    rlimit none = limit_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit limit_{};
  void (*before_)(int);
};

std::size_t count_files(const std::string& dir) {
  const std::filesystem::directory_iterator files(dir);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(CheckpointFile, OnAFullDiskTheyAreOpenedAndWrittenWhenThereIsRoom) {
  const test::TempDir dir;
  ASSERT_TRUE(CheckpointFile::open(dir.path())->append("one"));
  auto full = std::make_unique<FullDisk>();
  auto checkpoint = CheckpointFile::open(dir.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().what;
  EXPECT_EQ(checkpoint->found(), "one");
  EXPECT_FALSE(checkpoint->append("two"));
  EXPECT_FALSE(checkpoint->amend("three"));
  full.reset();
  EXPECT_TRUE(checkpoint->append("four"));
  checkpoint = CheckpointFile::open(dir.path() + "/other");
  EXPECT_EQ(found_in(dir.path()), "four");
}

TEST(CheckpointFile, RestartsDoNotAddFilesForEver) {
  const test::TempDir dir;
  for (int i = 0; i < 50; ++i) {
    auto checkpoint = CheckpointFile::open(dir.path());
    ASSERT_TRUE(checkpoint);
    if (i > 0) EXPECT_EQ(checkpoint->found(), std::to_string(i - 1));
    if (i % 2 == 0)
      ASSERT_TRUE(checkpoint->append(std::to_string(i)));
    else
      ASSERT_TRUE(checkpoint->amend(std::to_string(i)));
  }
  EXPECT_LE(count_files(dir.path()), CheckpointFile::Limits{}.segments + 2);
}

TEST(CheckpointFile, ProcessesThatWriteNothingLeaveNothing) {
  const test::TempDir dir;
  ASSERT_TRUE(CheckpointFile::open(dir.path())->append("one"));
  const std::size_t before = count_files(dir.path());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(found_in(dir.path()), "one");
  EXPECT_EQ(count_files(dir.path()), before);
}

TEST(CheckpointFile, WhatIsKeptAsideStays) {
  const test::TempDir dir;
  std::string aside;
  for (int i = 0; i < 20; ++i) {
    auto checkpoint = CheckpointFile::open(dir.path(), {100, 200, seconds(86400), 3});
    ASSERT_TRUE(checkpoint && checkpoint->append(std::string(300, 'x') + std::to_string(i)));
    if (i != 5) continue;
    checkpoint = CheckpointFile::open(dir.path() + "/other");
    checkpoint = CheckpointFile::open(dir.path());
    const auto path = checkpoint->keep_aside();
    ASSERT_TRUE(path) << path.error().what;
    aside = *path;
    EXPECT_TRUE(checkpoint->keep_aside()) << "twice is once";
  }
  EXPECT_TRUE(std::filesystem::exists(aside));
}

TEST(CheckpointFile, SaysWhenNothingOfItIsWhole) {
  const test::TempDir dir;
  EXPECT_FALSE(CheckpointFile::open(dir.path())->is_unreadable());
  ASSERT_TRUE(CheckpointFile::open(dir.path())->append("one"));
  EXPECT_FALSE(CheckpointFile::open(dir.path())->is_unreadable());
  std::filesystem::resize_file(newest(dir.path()), std::filesystem::file_size(newest(dir.path())) - 1);
  const auto checkpoint = CheckpointFile::open(dir.path());
  EXPECT_FALSE(checkpoint->found());
  EXPECT_TRUE(checkpoint->is_unreadable());
}

}  // namespace
}  // namespace nw
