#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include "support/temp_dir.h"

namespace nw {
namespace {

using testing::ElementsAre;

class File : public testing::Test {
 protected:
  Fd open(const std::string& name, int how) { return Fd(::open(dir_.at(name).c_str(), how | O_CLOEXEC, 0600)); }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) all.push_back(entry.path().filename());
    std::sort(all.begin(), all.end());
    return all;
  }
  std::string text_of(const std::string& name) { return read_file(dir_.at(name)).value(); }

  test::TempDir dir_;
};

// In a process of its own, in which no file grows past `bytes`.
template <class Work>
int with_full_disk(rlim_t bytes, Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    ::_exit(::setrlimit(RLIMIT_FSIZE, &limit) == 0 && work() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// A pipe takes 64 KiB at a time, and its reader less.
TEST_F(File, all_of_it_goes_through_a_pipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd from(ends[0]);
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i);
  std::thread writer([&] {
    const Fd to(ends[1]);
    EXPECT_TRUE(write_all(to.get(), text, "pipe"));
  });
  EXPECT_EQ(read_all(from.get(), "pipe").value(), text);
  writer.join();
}

TEST_F(File, every_length_is_read_and_none_over_the_most) {
  for (const std::size_t size : {0, 1, 4095, 4096, 4097, 8192, 100'000}) {
    const std::string text(size, 'x');
    dir_.write("f", text);
    EXPECT_EQ(read_file(dir_.at("f")).value(), text);
    EXPECT_EQ(read_file(dir_.at("f"), size).value(), text);
    EXPECT_EQ(read_file(dir_.at("f"), SIZE_MAX).value(), text);
    if (size == 0) continue;
    const auto refused = read_file(dir_.at("f"), size - 1);
    EXPECT_EQ(refused.error().kind, ErrorKind::malformed);
    EXPECT_EQ(refused.error().what, dir_.at("f") + ": longer than " + std::to_string(size - 1) + " bytes");
  }
  EXPECT_EQ(read_file("/dev/zero", 1 << 20).error().what, "/dev/zero: longer than 1 MiB");
  EXPECT_EQ(read_file(dir_.at("none")).error().kind, ErrorKind::absent);
  EXPECT_EQ(read_file(dir_.at("")).error().what, dir_.at("") + ": Is a directory");
}

TEST_F(File, written_at_its_place) {
  const Fd fd = open("f", O_RDWR | O_CREAT);
  ASSERT_TRUE(write_all_at(fd.get(), "0123456789", 0, "f"));
  ASSERT_TRUE(write_all_at(fd.get(), "abc", 4, "f"));
  EXPECT_EQ(text_of("f"), "0123abc789");
}

TEST_F(File, a_full_disk_is_an_error_that_names_the_file) {
  if (std::filesystem::is_character_file("/dev/full")) {
    const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(write_all(full.get(), "x", "full").error().what, "full: No space left on device");
  }
  dir_.write("f", "old");
  EXPECT_EQ(with_full_disk(100,
                           [&] {
                             const auto done = replace_file(dir_.at("f"), std::string(1000, 'x'));
                             return !done && done.error().what == dir_.at("f") + ": File too large";
                           }),
            0);
  EXPECT_EQ(text_of("f"), "old");
  EXPECT_THAT(names(), ElementsAre("f"));
}

TEST_F(File, a_lock_is_one_opens) {
  const Fd one = open("f", O_RDWR | O_CREAT), other = open("f", O_RDONLY);
  ASSERT_TRUE(lock_file(one.get(), "f"));
  EXPECT_TRUE(lock_file(one.get(), "f")) << "again, by who has it";
  for (const Lock lock : {Lock::shared, Lock::exclusive}) {
    EXPECT_EQ(lock_file(other.get(), "f", lock).error().kind, ErrorKind::busy);
    EXPECT_EQ(lock_file(other.get(), "f", lock, kLockLook).error().what, "f: locked by another process");
  }
  ASSERT_TRUE(lock_file(one.get(), "f", Lock::shared));
  EXPECT_TRUE(lock_file(other.get(), "f", Lock::shared));
  EXPECT_FALSE(lock_file(one.get(), "f"));
  EXPECT_EQ(lock_file(-1, "none").error().what, "none: Bad file descriptor");
}

// A caller with patience gets the lock when the other one releases it.
TEST_F(File, a_lock_that_goes_is_taken) {
  Fd one = open("f", O_RDWR | O_CREAT);
  const Fd other = open("f", O_RDONLY);
  ASSERT_TRUE(lock_file(one.get(), "f"));
  std::thread holder([&] { one = Fd(); });
  EXPECT_TRUE(lock_file(other.get(), "f", Lock::exclusive, seconds(60)));
  holder.join();
}

TEST_F(File, replaced_in_one_step_with_the_mode_it_should_have) {
  ::umask(022);
  ASSERT_TRUE(replace_file(dir_.at("f"), "new", true, 0600));
  struct stat info {};
  ASSERT_EQ(::stat(dir_.at("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  const Fd reader = open("f", O_RDONLY);
  ASSERT_TRUE(replace_file(dir_.at("f"), "newer"));
  EXPECT_EQ(read_all(reader.get(), "f").value(), "new") << "who reads the old one reads on";
  EXPECT_EQ(text_of("f"), "newer");
  EXPECT_THAT(names(), ElementsAre("f"));
}

TEST_F(File, what_is_not_committed_is_not_there) {
  dir_.write("f", "old");
  {
    auto file = Replacement::begin(dir_.at("f")).value();
    const Replacement moved = std::move(file);
    ASSERT_TRUE(write_all(moved.fd(), "new", "f"));
    EXPECT_EQ(text_of("f"), "old");
    EXPECT_EQ(names().size(), 2U);
  }
  EXPECT_EQ(text_of("f"), "old");
  EXPECT_THAT(names(), ElementsAre("f"));
  EXPECT_EQ(replace_file(dir_.at("none/f"), "x").error().kind, ErrorKind::absent);
  std::filesystem::create_directory(dir_.at("folder"));
  EXPECT_EQ(replace_file(dir_.at("folder"), "x").error().what, dir_.at("folder") + ": Is a directory");
  EXPECT_THAT(names(), ElementsAre("f", "folder"));
}

// Neither a killed process's leftover nor somebody else's link is written to.
TEST_F(File, nothing_stands_in_the_way) {
  dir_.write("theirs", "theirs");
  const std::string partial = "f.new-" + std::to_string(::gettid());
  std::filesystem::create_symlink(dir_.at("theirs"), dir_.at(partial));
  std::filesystem::create_symlink(dir_.at("theirs"), dir_.at("f"));
  ASSERT_TRUE(replace_file(dir_.at("f"), "mine"));
  EXPECT_EQ(text_of("f"), "mine");
  EXPECT_EQ(text_of("theirs"), "theirs");
  EXPECT_FALSE(std::filesystem::is_symlink(dir_.at("f")));
  EXPECT_THAT(names(), ElementsAre("f", "theirs"));
}

// The calls in this file and in program.h are used nowhere else.
TEST(Sources, LockAndRunProgramsInOnePlace) {
  std::map<std::string, std::set<std::string>> found;
  for (const char* folder : {NODEWATT_SOURCE_DIR "/src", NODEWATT_SOURCE_DIR "/sim"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      if (entry.path().extension() != ".cc" || name.ends_with("_test.cc")) continue;
      const std::string text = read_file(entry.path(), SIZE_MAX).value();
      for (const char* call : {"::flock(", "posix_spawn", "popen("})
        if (text.find(call) != std::string::npos) found[call].insert(name);
    }
  const std::map<std::string, std::set<std::string>> once{{"::flock(", {"file.cc"}}, {"posix_spawn", {"program.cc"}}};
  EXPECT_EQ(found, once);
}

}  // namespace
}  // namespace nw
