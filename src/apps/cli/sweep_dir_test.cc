#include "apps/cli/sweep_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "apps/cli/cli_common.h"
#include "support/temp_dir.h"

namespace nw::cli {
namespace {
namespace fs = std::filesystem;
constexpr uid_t kSomebody = 4242;

TEST(SweepDir, IsMadeAndHeldByOne) {
  const test::TempDir root;
  EXPECT_EQ(SweepDir::open(root.at("out")).error().kind, ErrorKind::absent);
  EXPECT_EQ(SweepDir::check(root.at("out")).error().kind, ErrorKind::absent);
  {
    const auto dir = SweepDir::make(root.at("out"));
    ASSERT_TRUE(dir) << dir.error().what;
    EXPECT_EQ(SweepDir::make(root.at("out")).error().kind, ErrorKind::busy);
  }
  EXPECT_TRUE(SweepDir::open(root.at("out/")));
  EXPECT_TRUE(SweepDir::check(root.at("out")));
  root.write("file", "");
  EXPECT_FALSE(SweepDir::make(root.at("file")));
}

TEST(SweepDir, KnowsWhetherALogIsStillWritten) {
  const test::TempDir root;
  const auto dir = SweepDir::make(root.path());
  ASSERT_TRUE(dir) << dir.error().what;
  EXPECT_FALSE(dir->is_written("logs/001-1.log"));
  {
    const auto log = dir->open_log("logs/001-1.log");
    ASSERT_TRUE(log);
    EXPECT_TRUE(dir->is_written("logs/001-1.log"));
  }
  EXPECT_FALSE(dir->is_written("logs/001-1.log"));
}

TEST(SweepDir, KnowsWhetherACommandIsLeft) {
  const test::TempDir root;
  const auto dir = SweepDir::make(root.path());
  ASSERT_TRUE(dir) << dir.error().what;
  EXPECT_FALSE(dir->has_command());
  {
    const auto one = dir->make_command_lock(), other = dir->make_command_lock();
    ASSERT_TRUE(one && other) << "one that is left does not keep others from running";
    EXPECT_TRUE(dir->has_command());
  }
  EXPECT_FALSE(dir->has_command());
  EXPECT_EQ(fs::status(root.at(SweepDir::kCommandLock)).permissions(), fs::perms{0600});
}

TEST(SweepDir, WritesThroughNoLink) {
  const test::TempDir root;
  root.write("victim", "precious");
  root.write("out/logs/001-2.log", "old");
  fs::create_symlink(root.at("victim"), root.at("out/logs/001-1.log"));
  {
    const auto dir = SweepDir::make(root.at("out"));
    ASSERT_TRUE(dir) << dir.error().what;
    EXPECT_FALSE(dir->open_log("logs/001-1.log"));
    EXPECT_TRUE(dir->open_log("logs/001-2.log"));
  }
  fs::remove(root.at("out/sweep.lock"));
  fs::create_symlink(root.at("victim"), root.at("out/sweep.lock"));
  EXPECT_FALSE(SweepDir::make(root.at("out")));
  fs::create_symlink(root.at("victim"), root.at("out/sweep.md.new-" + std::to_string(::getpid())));
  EXPECT_TRUE(write_out(root.at("out/sweep.md"), "table"));
  EXPECT_EQ(test::slurp(root.at("out/sweep.md")), "table");
  EXPECT_EQ(test::slurp(root.at("victim")), "precious");
}

TEST(SweepDir, FollowsNoLinkToItsLogs) {
  const test::TempDir root;
  fs::create_directories(root.at("elsewhere"));
  fs::create_directories(root.at("out"));
  fs::create_directory_symlink(root.at("elsewhere"), root.at("out/logs"));
  EXPECT_FALSE(SweepDir::make(root.at("out")));
}

TEST(SweepDir, OfAnotherIsNotRoots) {
  if (::geteuid() != 0) GTEST_SKIP() << "of root alone";
  const test::TempDir root;
  fs::create_directories(root.at("out"));
  ASSERT_EQ(::chown(root.at("out").c_str(), kSomebody, kSomebody), 0);
  const auto refused = SweepDir::make(root.at("out"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_NE(refused.error().what.find("Name another directory with -o"), std::string::npos);
  EXPECT_FALSE(SweepDir::check(root.at("out")));
  EXPECT_TRUE(fs::is_empty(root.at("out")));

  fs::create_directories(root.at("open/logs"));
  ASSERT_EQ(::chmod(root.at("open/logs").c_str(), 0777), 0);
  EXPECT_EQ(SweepDir::make(root.at("open")).error().kind, ErrorKind::denied);
  fs::create_directory_symlink(root.at("open"), root.at("link"));
  EXPECT_FALSE(SweepDir::check(root.at("link/")));
}

}  // namespace
}  // namespace nw::cli
