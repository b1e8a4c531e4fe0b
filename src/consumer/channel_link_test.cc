// A program that links to the daemon: it makes the channel and hands it over. Each program is a child of its own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <nodewatt/nodewatt.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "base/monotonic.h"
#include "base/unix_socket.h"
#include "client/client.h"
#include "client/daemon_link.h"
#include "support/channel.h"
#include "support/temp_dir.h"

namespace nw {
namespace {

using test::kSeals;
using test::Made;
using test::make_memory;

// The daemon's end of links, as far as they need one.
class Listener {
 public:
  Listener() : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = *make_unix_address(path());
    EXPECT_EQ(::bind(fd_.get(), as_sockaddr(address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_.get(), 8), 0);
  }
  std::string path() { return dir_.at("s"); }
  // The memory that a program hands over; it is answered so.
  Fd take(char answer) {
    pollfd polled{fd_.get(), POLLIN, 0};
    if (::poll(&polled, 1, 5000) != 1) return {};
    connections_.emplace_back(::accept(fd_.get(), nullptr, nullptr));
    char text[100] = {};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec piece{text, sizeof text};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    EXPECT_GT(::recvmsg(connections_.back().get(), &message, 0), 0);
    EXPECT_STREQ(text, "attach protocol=1");
    int memory = -1;
    if (cmsghdr* rights = CMSG_FIRSTHDR(&message); rights != nullptr)
      std::memcpy(&memory, CMSG_DATA(rights), sizeof memory);
    (void)!::send(connections_.back().get(), &answer, 1, MSG_NOSIGNAL);  // one that links again may be gone by now
    return Fd(memory);
  }

 private:
  test::TempDir dir_;
  Fd fd_;
  std::vector<Fd> connections_;
};

// In a child: as in a job. `daemon` runs here meanwhile, on no thread: a fork beside one might keep its locks for ever.
int in_job(const std::string& socket, const std::function<int()>& program, const std::function<void()>& daemon = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::unsetenv(kChannelVariable);
    ::setenv(kSocketVariable, socket.c_str(), 1);
    ::setenv("SLURM_JOB_ID", "4711", 1);
    ::_exit(program());
  }
  if (daemon) daemon();
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int report_one() {
  const nw_phase_id id = nw_phase_begin("train");
  nw_work("train", 3, "sample");
  nw_phase_end(id);
  return nw_measuring();
}

TEST(ChannelLink, AProgramInAJobReportsToTheDaemon) {
  Listener listener;
  std::unique_ptr<Channel> channel;
  EXPECT_EQ(in_job(listener.path(), report_one, [&] { channel = std::move(*Channel::adopt(listener.take('D'))); }), 1);
  ASSERT_NE(channel, nullptr);
  const auto events = channel->take();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].name, "train");
  EXPECT_EQ(events[1].value, 3);
  EXPECT_EQ(events[2].id, events[0].id);
}

TEST(ChannelLink, ARefusedProgramMeasuresNothing) {
  Listener listener;
  EXPECT_EQ(in_job(listener.path(), report_one, [&] { listener.take('E'); }), 0);
}

TEST(ChannelLink, NobodyIsAskedOutsideAJobOrWhenTurnedOff) {
  Listener listener;
  EXPECT_EQ(test::run_child("",
                            [&] {
                              ::setenv(kSocketVariable, listener.path().c_str(), 1);
                              ::unsetenv("SLURM_JOB_ID");
                              return report_one();
                            }),
            0);
  EXPECT_EQ(in_job(listener.path(),
                   [] {
                     ::setenv("NODEWATT_DISABLE", "1", 1);
                     return report_one() + nw_attach();
                   }),
            0);
  EXPECT_EQ(in_job("/nowhere/at/all", report_one), 0);
}

TEST(ChannelLink, ThreadsWhoseFirstCallsMeetLinkOnceAndLoseNothing) {
  Listener listener;
  std::unique_ptr<Channel> channel;
  EXPECT_EQ(in_job(
                listener.path(),
                [] {
                  std::vector<std::thread> threads;
                  for (int i = 0; i < 8; ++i) threads.emplace_back([] { nw_work(nullptr, 1, "sample"); });
                  for (std::thread& thread : threads) thread.join();
                  return nw_measuring();
                },
                [&] { channel = std::move(*Channel::adopt(listener.take('D'))); }),
            1);
  ASSERT_NE(channel, nullptr);
  EXPECT_EQ(channel->take().size(), 8U);
}

// Work in one long phase must not wait for the next phase to reach the next daemon.
TEST(ChannelLink, AnyEventLinksAgainWhenTheDaemonHasGone) {
  Listener listener;
  std::unique_ptr<Channel> next;
  EXPECT_EQ(in_job(
                listener.path(),
                [] {
                  const ChannelHeader* header =
                      client_channel();  // links; an event would be the first try to link again
                  for (const Nanos until = monotonic() + seconds(5); header->closed.load() == 0 && monotonic() < until;)
                    std::this_thread::yield();
                  nw_work(nullptr, 1, "sample");
                  for (const Nanos until = monotonic() + seconds(5); header->closed.load() != 0 && monotonic() < until;)
                    std::this_thread::yield();
                  return nw_measuring();
                },
                [&] {
                  const auto channel = std::move(*Channel::adopt(listener.take('D')));
                  channel->look(monotonic());
                  channel->close();
                  if (auto adopted = Channel::adopt(listener.take('D'))) next = std::move(*adopted);
                }),
            1);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->take().size(), 1U);
}

TEST(ChannelLink, MemoryThatTheProgramCouldTakeAwayIsRefused) {
  EXPECT_FALSE(Channel::adopt(Fd()));
  EXPECT_FALSE(Channel::adopt(make_memory(kChannelSize, 0))) << "not sealed";
  EXPECT_FALSE(Channel::adopt(make_memory(kChannelSize, F_SEAL_SEAL)));
  EXPECT_FALSE(Channel::adopt(make_memory(kChannelSize - 1, kSeals))) << "too small";
  EXPECT_FALSE(Channel::adopt(make_memory(kChannelSize, kSeals))) << "no magic";
  Fd sparse(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(sparse.get(), static_cast<off_t>(kChannelSize)), 0);
  ASSERT_EQ(::fcntl(sparse.get(), F_ADD_SEALS, kSeals), 0);
  EXPECT_FALSE(Channel::adopt(std::move(sparse))) << "would be allocated in the daemon's name";
  EXPECT_TRUE(sparse) << "whoever handed it over may have made its close wait";
  EXPECT_FALSE(Channel::adopt(Fd(::open("/dev/null", O_RDWR))));
}

TEST(ChannelLink, APunchedHoleIsNoticedBeforeItIsRead) {
  const Made made;
  const auto channel = made.adopt();
  made.write(5);
  EXPECT_TRUE(channel->look(monotonic()));
  EXPECT_EQ(channel->take().size(), 5U);
  ASSERT_EQ(::fallocate(made.memory.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 64 << 10), 0);
  EXPECT_FALSE(channel->look(monotonic()));
  EXPECT_TRUE(channel->damaged());
  EXPECT_TRUE(channel->take().empty());
}

// Pages behind the end would count as many as the holes.
TEST(ChannelLink, PagesBehindTheEndDoNotHideHoles) {
  Fd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(memory.get(), static_cast<off_t>(kChannelSize)), 0);
  ASSERT_EQ(::fallocate(memory.get(), FALLOC_FL_KEEP_SIZE, 1 << 21, static_cast<off_t>(kChannelSize + 4096)), 0);
  ASSERT_EQ(::fcntl(memory.get(), F_ADD_SEALS, kSeals), 0);
  EXPECT_FALSE(Channel::adopt(std::move(memory)));
}

// A hole that is punched between the look and the reading, or the giving back: nothing is allocated for it here.
TEST(ChannelLink, AHoleIsNeverFilledHere) {
  const Made made;
  const auto channel = made.adopt();
  made.write(6000);
  const std::int64_t whole = made.pages();
  ASSERT_TRUE(channel->look(monotonic()));
  made.punch(1, 100);
  const std::int64_t left = made.pages();
  ASSERT_EQ(left, whole - 100);
  (void)channel->take();
  channel->give_back();
  channel->publish({7, 1, 1, 1});
  EXPECT_EQ(made.pages(), left);
  EXPECT_TRUE(channel->damaged());
  channel->close();
  EXPECT_EQ(made.pages(), 0) << "what was allocated for it here before is given up";
}

TEST(ChannelLink, WhatIsGivenBackIsNotOfThisProcess) {
  const auto resident = [] {
    std::ifstream file("/proc/self/smaps");
    std::int64_t kilobytes = 0;
    bool its = false;
    for (std::string line; std::getline(file, line);) {
      if (line.find("/memfd:test") != line.npos) its = true;
      if (its && line.starts_with("Rss:")) kilobytes += std::stoll(line.substr(4)), its = false;
    }
    return kilobytes;
  };
  const Made made;
  const auto channel = made.adopt();
  made.write(6000);
  const std::int64_t before = resident();
  EXPECT_EQ(channel->take().size(), 6000U);
  channel->give_back();
  EXPECT_LT(resident(), before + 100);
}

TEST(ChannelLink, TheNextDaemonGoesOnAfterTheLastEvent) {
  const Made made;
  for (const int rounds : {3, 7000, 8000}) {
    const auto channel = made.adopt();
    made.write(rounds / 2);
    EXPECT_EQ(channel->take().size(), static_cast<std::size_t>(rounds / 2));
    channel->give_back();
    made.write(2);
    const auto next = made.adopt();
    EXPECT_TRUE(next->is_same(*channel));
    const auto events = next->take();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].value, 1);
    next->give_back();
  }
}

// What was taken is kept until it is given back: a daemon that is killed before its checkpoint loses none of it.
TEST(ChannelLink, WhatWasNotKeptIsTakenAgain) {
  const Made made;
  {
    const auto channel = made.adopt();
    made.write(5);
    EXPECT_EQ(channel->take().size(), 5U);
    channel->give_back();
    made.write(3);
    EXPECT_EQ(channel->take().size(), 3U);
  }
  const auto next = made.adopt();
  EXPECT_EQ(next->take().size(), 3U);
  const auto after_kept = made.adopt();
  after_kept->skip_until(next->position());
  EXPECT_TRUE(after_kept->take().empty());
  after_kept->skip_until(next->position() + 1);
  made.write(1);
  EXPECT_EQ(after_kept->take().size(), 1U) << "no position of the future is believed";
}

TEST(ChannelLink, SoMuchIsTakenAtOnceAsWasAskedFor) {
  const Made made;
  const auto channel = made.adopt();
  made.write(100);
  EXPECT_EQ(channel->take(30).size(), 30U);
  EXPECT_EQ(channel->take(100).size(), 70U);
}

// The program asks what a phase was given; it hears of that phase alone.
TEST(ChannelLink, ReadingsAreOfThePhaseThatIsAskedFor) {
  Listener listener;
  std::unique_ptr<Channel> channel;
  EXPECT_EQ(in_job(
                listener.path(),
                [] {
                  const nw_phase_id id = nw_phase_begin("train");
                  double joules = -1, uncertainty = -1;
                  for (const Nanos until = monotonic() + seconds(5); monotonic() < until;)
                    if (nw_energy(id, &joules, &uncertainty) == 3) break;
                  if (joules != 12.5 || uncertainty != 0.5 || nw_energy_is_final(id) != 0) return false;
                  if (nw_energy(id + kChannelReadings, &joules, &uncertainty) != 0 ||
                      nw_energy(id, nullptr, nullptr) != 0 || nw_energy(0, &joules, &uncertainty) != 0 ||
                      nw_energy_is_final(0) != 0)
                    return false;
                  nw_phase_end(id);
                  for (const Nanos until = monotonic() + seconds(5); monotonic() < until;)
                    if (nw_energy_is_final(id) == 1)
                      return nw_energy(id, &joules, &uncertainty) == 3 && joules == 25 &&
                             nw_energy_is_final(id + kChannelReadings) == 0;
                  return false;
                },
                [&] {
                  channel = std::move(*Channel::adopt(listener.take('D')));
                  for (const Nanos until = monotonic() + seconds(5); monotonic() < until;)
                    for (const ProgramEvent& event : channel->take())
                      if (event.kind == ProgramEvent::Kind::begin)
                        channel->publish({event.id, 3, 12.5, 0.5});
                      else
                        return channel->publish({event.id, 3, 25, 0.5, true});
                }),
            1);
}

}  // namespace
}  // namespace nw
