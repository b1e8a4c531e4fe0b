#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/host.h"
#include "base/root.h"
#include "support/temp_dir.h"

namespace nw {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RealHostTest : public ::testing::Test {
 protected:
  Reading read(const std::string& path) {
    const auto source = host->open_number(path, kWholeNumber);
    return source ? (*source)->read() : Reading::none(source.error().kind);
  }
  test::TempDir dir;
  std::unique_ptr<Host> host = make_real_host(dir.path());
};

TEST_F(RealHostTest, ReadsTextNumbersListsAndLinksBelowItsRoot) {
  dir.write("sys/n", "42\n");
  dir.write("sys/m", "x");
  fs::create_symlink("n", dir.at("sys/link"));
  EXPECT_EQ(host->read_text("/sys/n").value(), "42\n");
  EXPECT_EQ(read("/sys/n").value, 42u);
  EXPECT_THAT(host->list("/sys").value(), ElementsAre("link", "m", "n"));
  EXPECT_EQ(host->read_link("/sys/link").value(), "n");
  EXPECT_EQ(read("/sys/link").value, 42u);
  EXPECT_FALSE(host->read_link("/sys/n"));
}

TEST_F(RealHostTest, ErrorsNamePathAndCause) {
  const auto text = host->read_text("/sys/none");
  EXPECT_EQ(text.error().kind, ErrorKind::absent);
  EXPECT_EQ(text.error().what, dir.at("sys/none") + ": No such file or directory");
  EXPECT_EQ(host->list("/sys/none").error().kind, ErrorKind::absent);
  EXPECT_EQ(host->read_link("/sys/none").error().kind, ErrorKind::absent);
  EXPECT_EQ(host->open_number("/sys/none").error().kind, ErrorKind::absent);
}

TEST_F(RealHostTest, AnUnreadableFileIsDenied) {
  dir.write("n", "42");
  fs::permissions(dir.at("n"), fs::perms::none);
  fs::permissions(dir.path(), fs::perms::owner_all | fs::perms::others_exec);
  const bool root = ::geteuid() == 0;  // who may read everything
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const auto text = host->read_text("/n");
  const auto source = host->open_number("/n");
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(text);
  ASSERT_FALSE(source);
  EXPECT_EQ(text.error().kind, ErrorKind::denied);
  EXPECT_EQ(source.error().what, dir.at("n") + ": Permission denied");
}

TEST_F(RealHostTest, EmptyAndGarbageAreMalformedNeverZero) {
  dir.write("empty", "");
  for (const char* garbage : {"\n", "abc", "-1", "1 2", "0x10", "18446744073709551616", "1.5"}) {
    dir.write("n", garbage);
    EXPECT_EQ(read("/n").error, ErrorKind::malformed) << garbage;
    EXPECT_FALSE(read("/n").ok);
  }
  EXPECT_EQ(read("/empty").error, ErrorKind::malformed);
  EXPECT_EQ(host->read_text("/empty").value(), "");
  dir.write("zeros", std::string_view("\0\0\0\0", 4));
  EXPECT_FALSE(read("/zeros").ok);
}

TEST_F(RealHostTest, AHugeFileIsRefusedAndItsBeginningNotBelieved) {
  dir.write("most", std::string(Host::kMaxText, '7'));
  EXPECT_EQ(host->read_text("/most").value().size(), Host::kMaxText);
  dir.write("more", std::string(Host::kMaxText + 1, '7'));
  EXPECT_EQ(host->read_text("/more").error().kind, ErrorKind::malformed);
  EXPECT_THAT(host->read_text("/more").error().what, HasSubstr("more: longer than 16 MiB"));
  EXPECT_EQ(read("/more").error, ErrorKind::malformed);
  dir.write("padded", std::string(10'000, '0') + "5");
  EXPECT_FALSE(read("/padded").ok) << "a number that is cut is no number";
}

TEST_F(RealHostTest, AFifoNeverHangs) {
  ASSERT_EQ(::mkfifo(dir.at("fifo").c_str(), 0600), 0);
  EXPECT_EQ(host->read_text("/fifo").error().kind, ErrorKind::malformed);
  EXPECT_THAT(host->read_text("/fifo").error().what, HasSubstr("not a regular file"));
  EXPECT_EQ(host->open_number("/fifo").error().kind, ErrorKind::malformed);
  dir.write("n", "1");
  const auto source = std::move(*host->open_number("/n"));
  fs::remove(dir.at("n"));
  ASSERT_EQ(::mkfifo(dir.at("n").c_str(), 0600), 0);
  EXPECT_FALSE(source->read().ok);
}

TEST_F(RealHostTest, ADirectoryOrADeviceIsNoFile) {
  fs::create_directory(dir.at("d"));
  EXPECT_EQ(host->read_text("/d").error().kind, ErrorKind::malformed);
  EXPECT_EQ(host->open_number("/d").error().kind, ErrorKind::malformed);
  fs::create_symlink("/dev/zero", dir.at("zero"));
  EXPECT_EQ(host->read_text("/zero").error().kind, ErrorKind::malformed);
  dir.write("f", "1");
  EXPECT_EQ(host->list("/f").error().kind, ErrorKind::absent);
  EXPECT_EQ(host->read_text("/f/x").error().kind, ErrorKind::absent);
}

TEST_F(RealHostTest, AFileThatVanishesOrIsReplaced) {
  dir.write("n", "1");
  const auto source = std::move(*host->open_number("/n"));
  EXPECT_EQ(source->read().value, 1u);
  dir.write("new", "2");
  fs::rename(dir.at("new"), dir.at("n"));
  EXPECT_EQ(source->read().value, 2u);
  fs::remove(dir.at("n"));
  EXPECT_EQ(source->read().error, ErrorKind::absent);
  dir.write("n", "3");
  EXPECT_EQ(source->read().value, 3u);
}

TEST_F(RealHostTest, LinksThatLeadNowhereOrInCircles) {
  fs::create_symlink("nowhere", dir.at("dangling"));
  fs::create_symlink("loop", dir.at("loop"));
  EXPECT_EQ(host->read_text("/dangling").error().kind, ErrorKind::absent);
  EXPECT_EQ(host->read_text("/loop").error().kind, ErrorKind::failed);
  EXPECT_EQ(host->read_text("/" + std::string(5000, 'x')).error().kind, ErrorKind::failed);
}

TEST_F(RealHostTest, LibrariesComeFromBelowTheRootAlone) {
  const auto running = make_real_host(Root{dir.path(), true});
  for (Host* one : {host.get(), running.get()}) EXPECT_EQ(one->load({"libc.so.6"}).error().kind, ErrorKind::absent);
  dir.write("usr/lib64/libgarbage.so", "not ELF");
  const auto library = running->load({"libnone.so", "libgarbage.so"});
  EXPECT_EQ(library.error().kind, ErrorKind::absent);
  EXPECT_THAT(library.error().what, HasSubstr("libgarbage.so"));
}

// A tree may be from another person: its files are read, never executed, unless the user requests it.
TEST_F(RealHostTest, LibrariesBelowARootAreOpenedOnlyWhereThatWasAskedFor) {
  fs::create_directories(dir.at("usr/lib64"));
  std::string real;
  for (const char* folder : {"/lib/x86_64-linux-gnu/", "/lib/aarch64-linux-gnu/", "/lib64/", "/usr/lib/"})
    if (real.empty() && fs::exists(std::string(folder) + "libz.so.1")) real = std::string(folder) + "libz.so.1";
  if (real.empty()) GTEST_SKIP() << "no library to put there";
  fs::copy_file(fs::canonical(real), dir.at("usr/lib64/libvendor.so"));
  const auto library = host->load({"libvendor.so"});
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().kind, ErrorKind::denied);
  EXPECT_THAT(library.error().what, HasSubstr("--root-libraries"));
  EXPECT_TRUE(make_real_host(Root{dir.path(), true})->load({"libvendor.so"}));
  const std::string path_alone = Root{dir.path(), true};
  EXPECT_FALSE(make_real_host(path_alone)->load({"libvendor.so"})) << "a path alone says nothing of it";
}

TEST_F(RealHostTest, PerfCountersBelongToTheRealMachine) {
  EXPECT_EQ(host->open_perf({1, 0, 0}).error().kind, ErrorKind::absent);
  EXPECT_THAT(host->open_perf({1, 0, 0}).error().what, HasSubstr(dir.path()));
}

TEST(RealHost, TheMachineItself) {
  const auto host = make_real_host();
  EXPECT_TRUE(host->read_text("/proc/self/stat"));
  EXPECT_EQ(host->load({"libnone.so.1", "libc.so.6"}).value()->symbol("no such function"), nullptr);
  EXPECT_NE(host->load({"libc.so.6"}).value()->symbol("malloc"), nullptr);
  EXPECT_FALSE(host->open_perf({0xffffffff, 0, 0}));
  const Nanos before = host->now();
  EXPECT_TRUE(host->sleep_until(before + millis(5)));
  EXPECT_GE(host->now() - before, millis(5));
  EXPECT_TRUE(host->sleep_until(before));
  EXPECT_TRUE(host->sleep_until(-seconds(1)));
  EXPECT_GT(host->wall_ns(), 1'600'000'000'000'000'000);
}

TEST(RealHost, ARootMayEndInSlashes) {
  const test::TempDir dir;
  dir.write("n", "1");
  EXPECT_EQ(make_real_host(dir.path() + "//")->read_text("/n").value(), "1");
}

}  // namespace
}  // namespace nw
