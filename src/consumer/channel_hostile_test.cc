// Channel and client where something is wrong: no channel, files that are none, programs that write over it, calls that
// meet.
#include <gtest/gtest.h>
#include <nodewatt/nodewatt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/host.h"
#include "base/monotonic.h"
#include "client/client.h"
#include "support/channel.h"
#include "support/temp_dir.h"

namespace nw {
namespace {
using test::make_channel;
using test::run_child;

// A program that makes the memory smaller would end its reader, and every other program of the run, by SIGBUS.
TEST(HostileChannel, NobodyMakesItSmaller) {
  const auto channel = make_channel();
  EXPECT_EQ(channel->path().find("/proc/"), 0U);
  EXPECT_EQ(run_child(channel->path(), [&] { return ::truncate(channel->path().c_str(), 0) == 0 ? 1 : 0; }), 0);
  EXPECT_EQ(run_child(channel->path(), [&] { return ::truncate(channel->path().c_str(), 1 << 30) == 0 ? 1 : 0; }), 0);
  ASSERT_EQ(run_child(channel->path(), [] { return nw_work("w", 1, "x"), 0; }), 0);
  EXPECT_EQ(channel->take().size(), 1U);
}

// Whatever a program writes over it: the reader neither hangs nor runs hot, and says so; a client's call returns.
TEST(HostileChannel, IsGivenUpWhenItIsDamaged) {
  for (const int byte : {0xff, 0x7f, 0x01, 0x00}) {
    const auto channel = make_channel();
    ASSERT_EQ(run_child(channel->path(), [] { return nw_work("w", 1, "x"), 0; }), 0);
    ASSERT_EQ(channel->take().size(), 1U);
    ASSERT_EQ(run_child(channel->path(),
                        [&] {
                          ChannelHeader* header = map_channel(channel->path().c_str());
                          std::memset(static_cast<void*>(&header->head), byte,
                                      kChannelSize - offsetof(ChannelHeader, head));
                          for (int i = 0; i < 100; ++i) nw_work("w", 1, "x"), nw_phase_end(nw_phase_begin("p"));
                          return 0;
                        }),
              0);
    for (int i = 0; i < 3; ++i) channel->take();
    channel->take_rest();
    if (byte != 0) EXPECT_TRUE(channel->damaged()) << byte;
    const Nanos before = monotonic();
    channel->wait(before + millis(20), true);
    if (channel->damaged()) EXPECT_GE(monotonic() - before, millis(20));
    channel->interrupt();
    channel->wait(monotonic() + seconds(3600), true);
  }
}

// The first calls of threads that begin at once: each attaches, and no event is lost.
TEST(HostileChannel, FirstCallsThatMeetAllCount) {
  constexpr int kThreads = 8, kRounds = 40;
  const auto channel = make_channel();
  for (int round = 0; round < kRounds; ++round)
    ASSERT_EQ(run_child(channel->path(),
                        [] {
                          std::atomic<int> there = 0;
                          std::vector<std::thread> threads;
                          for (int i = 0; i < kThreads; ++i)
                            threads.emplace_back([&] {
                              for (++there; there < kThreads;) std::this_thread::yield();
                              nw_work("w", 1, "x");
                            });
                          for (auto& thread : threads) thread.join();
                          return 0;
                        }),
              0);
  EXPECT_EQ(channel->take().size(), static_cast<std::size_t>(kThreads * kRounds));
  EXPECT_EQ(channel->lost(), 0U);
}

TEST(HostileChannel, WithoutTheVariableNothingHappens) {
  EXPECT_EQ(run_child("",
                      [] {
                        const nw_phase_id id = nw_phase_begin("a");
                        nw_work("a", 1, "x"), nw_figure("f", 1), nw_setting("k", "v"), nw_phase_end(5);
                        client_event({});
                        return id == 0 && nw_measuring() == 0 ? 0 : 1;
                      }),
            0);
}

TEST(HostileChannel, HostileFilesAreRefused) {
  const test::TempDir dir;
  const auto channel = make_channel();
  const std::string good = test::slurp(channel->path());
  const auto refused = [&](const std::string& path) {
    return run_child(path, [] { return nw_phase_begin("a") == 0 && nw_measuring() == 0 ? 0 : 1; }) == 0;
  };
  const auto write = [&](const std::string& content) { return dir.write("c", content), dir.at("c"); };
  EXPECT_FALSE(refused(write(good)));
  EXPECT_TRUE(refused(write("")));
  EXPECT_TRUE(refused(write(good.substr(0, good.size() - 1))));
  EXPECT_TRUE(refused(write(good + "x")));
  for (const std::size_t at : {0u, 8u, 12u}) {  // magic, slots, slot size
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] + 1);
    EXPECT_TRUE(refused(write(bad))) << at;
  }
  EXPECT_TRUE(refused(write(std::string(good.size(), '\0'))));
  EXPECT_TRUE(refused(dir.at("none")));
  EXPECT_TRUE(refused(dir.path()));
  EXPECT_TRUE(refused("/dev/zero"));
  EXPECT_TRUE(refused("relative/path"));
  std::filesystem::create_symlink(channel->path(), dir.at("link"));
  EXPECT_TRUE(refused(dir.at("link")));
  EXPECT_FALSE(refused(channel->path()));
  ASSERT_EQ(::mkfifo(dir.at("fifo").c_str(), 0600), 0);
  EXPECT_TRUE(refused(dir.at("fifo")));
}

}  // namespace
}  // namespace nw
