// Channel and client: both sides in one process, across fork and threads, and hostile channel files. The client
// attaches once in a process, so that each test runs it in a child of its own.
#include "consumer/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nodewatt/nodewatt.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "base/host.h"
#include "base/monotonic.h"
#include "client/client.h"
#include "support/channel.h"
#include "support/temp_dir.h"

namespace nw {
namespace {
using test::make_channel;
using test::run_child;
using Memory = Channel::Memory;

TEST(Channel, UnderSudoIsTheUsersWhoCalledIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "of root alone";
  constexpr uid_t kUser = 4242;
  const test::TempDir roots;  // 0700
  ::setenv("SUDO_UID", "4242", 1);
  ::setenv("SUDO_GID", "4242", 1);
  const char* const before = std::getenv("XDG_RUNTIME_DIR");
  const std::string was = before != nullptr ? before : "";
  ::setenv("XDG_RUNTIME_DIR", roots.path().c_str(), 1);
  const auto channel = make_channel();
  before != nullptr ? ::setenv("XDG_RUNTIME_DIR", was.c_str(), 1) : ::unsetenv("XDG_RUNTIME_DIR");
  ::unsetenv("SUDO_UID");
  ::unsetenv("SUDO_GID");
  struct stat info {};
  ASSERT_EQ(::stat(channel->path().c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, kUser);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  const auto said_by = [&](uid_t uid) {
    return run_child(channel->path(), [uid] {
      if (::setgid(uid) != 0 || ::setuid(uid) != 0) return 7;
      nw_work("train", 1, "sample");
      return nw_measuring();
    });
  };
  EXPECT_EQ(said_by(kUser), 1);
  EXPECT_EQ(said_by(kUser + 1), 0) << "nobody else's";
  EXPECT_EQ(channel->take().size(), 1U);
}

TEST(Channel, ProgramEventsArriveInOrderWithTheirContent) {
  const auto channel = make_channel();
  EXPECT_TRUE(channel->take().empty());
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        if (nw_measuring() != 1 || nw_abi_version() != NW_ABI_VERSION) return 1;
                        const nw_phase_id train = nw_phase_begin("train");
                        nw_work("train", 12.5, "sample");
                        nw_work(nullptr, 1, nullptr);
                        nw_figure("dice", 0.73);
                        nw_figure("nothing", std::nan(""));
                        nw_setting("batch_size", "256");
                        nw_phase_end(train);
                        nw_phase_end(0);
                        return train != 0 ? 0 : 2;
                      }),
            0);
  const auto events = channel->take();
  ASSERT_EQ(events.size(), 6u) << "a figure that is no number and the end of phase 0 are not sent";
  EXPECT_EQ(events[0].kind, ProgramEvent::Kind::begin);
  EXPECT_EQ(events[0].name, "train");
  EXPECT_EQ(events[1].unit, "sample");
  EXPECT_EQ(events[1].value, 12.5);
  EXPECT_EQ(events[2].name, "");
  EXPECT_EQ(events[2].unit, "?");
  EXPECT_EQ(events[3].kind, ProgramEvent::Kind::figure);
  EXPECT_EQ(events[4].kind, ProgramEvent::Kind::setting);
  EXPECT_EQ(events[4].unit + "=" + events[4].name, "batch_size=256");
  EXPECT_EQ(events[5].id, events[0].id);
  for (std::size_t i = 1; i < events.size(); ++i) EXPECT_GE(events[i].at, events[i - 1].at);
  EXPECT_EQ(channel->lost(), 0u);
  EXPECT_TRUE(channel->take().empty());
}

TEST(Channel, ItsMemoryIsTakenAtOnce) {
  for (const Memory memory : {Memory::sealed, Memory::file}) {
    const auto channel = make_channel(memory);
    struct stat info {};
    ASSERT_EQ(::stat(channel->path().c_str(), &info), 0);
    EXPECT_GE(static_cast<std::size_t>(info.st_blocks) * 512, kChannelSize);
  }
}

TEST(Channel, ThoseOfKilledReadersAreRemovedAndNoOthers) {
  const auto living = make_channel(Memory::file);
  const std::string folder = std::filesystem::path(living->path()).parent_path();
  const std::string copy = folder + "/nodewatt-" + std::to_string(::getpid()) + "-not-a-channel";
  std::ofstream(copy, std::ios::binary) << std::string(kChannelSize, '\0');
  int path[2];
  ASSERT_EQ(::pipe(path), 0);
  const pid_t reader = ::fork();
  if (reader == 0) {
    const auto its = make_channel(Memory::file);
    if (::write(path[1], its->path().data(), its->path().size()) > 0) ::pause();
    ::_exit(1);
  }
  char name[4096] = {};
  ASSERT_GT(::read(path[0], name, sizeof name - 1), 0);
  const auto second = make_channel(Memory::file);
  EXPECT_TRUE(std::filesystem::exists(name)) << "its reader lives";
  ::kill(reader, SIGKILL);
  ::waitpid(reader, nullptr, 0);
  const auto third = make_channel(Memory::file);
  EXPECT_FALSE(std::filesystem::exists(name));
  for (const auto& kept : {living->path(), second->path(), third->path(), copy})
    EXPECT_TRUE(std::filesystem::exists(kept)) << kept;
  std::filesystem::remove(copy);
}

TEST(Channel, IsPrivateAndGoesWithItsOwner) {
  for (const Memory memory : {Memory::sealed, Memory::file}) {
    auto channel = make_channel(memory);
    const std::string path = channel->path();
    const auto mode = std::filesystem::status(path).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    channel.reset();
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

constexpr std::uint32_t kRoom = kChannelSlots - kChannelSlotsForEnds;  // for all events but ends

TEST(Channel, AFullRingLosesAndCountsAndThenGoesOn) {
  const auto channel = make_channel();
  const auto send = [&](int events) {
    return run_child(channel->path(), [events] {
      for (int i = 0; i < events; ++i) nw_figure("f", i);
      return 0;
    });
  };
  ASSERT_EQ(send(kRoom + 100), 0);
  EXPECT_EQ(channel->lost(), 100u);
  const auto events = channel->take();
  ASSERT_EQ(events.size(), kRoom);
  for (std::size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].value, static_cast<double>(i));
  for (int lap = 0; lap < 3; ++lap) {
    ASSERT_EQ(send(5000), 0);
    EXPECT_EQ(channel->take().size(), 5000u);
  }
  EXPECT_EQ(channel->lost(), 100u);
}

// A phase whose end is lost would contain everything after it.
TEST(Channel, ABurstLosesPhasesWholeAndNeverTheirEnds) {
  const auto channel = make_channel();
  constexpr std::uint64_t kPhases = 20'000;
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        const nw_phase_id outer = nw_phase_begin("outer");
                        for (std::uint64_t i = 0; i < kPhases; ++i) nw_phase_end(nw_phase_begin("inner"));
                        nw_phase_end(outer);
                        return 0;
                      }),
            0);
  std::map<std::uint64_t, int> open;
  std::size_t begins = 0;
  for (const ProgramEvent& event : channel->take()) {
    begins += event.kind == ProgramEvent::Kind::begin;
    open[event.id] += event.kind == ProgramEvent::Kind::begin ? 1 : -1;
  }
  EXPECT_GT(begins, kRoom / 3);
  for (const auto& [id, left] : open) EXPECT_EQ(left, 0);
  EXPECT_EQ(begins + channel->lost(), kPhases + 1);
}

TEST(Channel, WorkThatFindsNoRoomIsAddedUp) {
  const auto channel = make_channel();
  constexpr int kProgramEvents = 30'000;
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        nw_measuring();  // a thread that comes while another attaches is not measured yet
                        const auto work = [] {
                          for (int i = 0; i < kProgramEvents; ++i)
                            nw_work(nullptr, 1, "sample"), nw_work("train", 2, "token");
                          nw_work("train", std::nan(""), "token");
                          nw_work("train", -1, "token");
                        };
                        std::thread other(work);
                        work();
                        other.join();
                        return 0;
                      }),
            0);
  std::map<std::string, double> sums;
  std::set<std::uint32_t> threads;
  const auto take = [&] {
    for (const ProgramEvent& event : channel->take()) {
      ASSERT_EQ(event.kind, ProgramEvent::Kind::work);
      sums[event.name + ":" + event.unit] += event.value;
      threads.insert(event.tid);
    }
  };
  take();
  EXPECT_EQ(sums,
            (std::map<std::string, double>{{":sample", 2.0 * kProgramEvents}, {"train:token", 4.0 * kProgramEvents}}));
  EXPECT_EQ(threads.size(), 2u);
  EXPECT_EQ(channel->lost(), 4u) << "work that is no number";
  take();
  EXPECT_EQ(sums[":sample"], 2.0 * kProgramEvents) << "taken once";
}

TEST(Channel, WorkOfTooManyKindsIsLostAndCounted) {
  const auto channel = make_channel();
  constexpr int kUnits = kChannelOverflowCounts + 50;
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        for (std::uint32_t i = 0; i < kRoom; ++i) nw_figure("f", 1);
                        for (int i = 0; i < kUnits; ++i) nw_work(nullptr, 1, std::to_string(i).c_str());
                        return 0;
                      }),
            0);
  EXPECT_EQ(channel->take().size(), kRoom + kChannelOverflowCounts);
  EXPECT_EQ(channel->lost(), 50u);
}

TEST(Channel, NamesAreCutAtAWholeCharacter) {
  const auto channel = make_channel();
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        nw_phase_begin(std::string(NW_NAME_MAX, 'x').c_str());
                        nw_phase_begin(std::string(NW_NAME_MAX + 1, 'x').c_str());
                        nw_phase_begin((std::string(NW_NAME_MAX - 1, 'x') + "\xc3\xbc").c_str());
                        nw_phase_begin((std::string(NW_NAME_MAX - 2, 'x') + "\xf0\x9f\x94\x8b").c_str());
                        nw_phase_begin((std::string(NW_NAME_MAX - 2, 'x') + "\xc3\xbc").c_str());
                        nw_phase_begin(std::string(100'000, '\x80').c_str());
                        nw_phase_begin(
                            "Pr\xfc"
                            "fung");
                        nw_phase_begin("");
                        nw_phase_begin(nullptr);
                        nw_work("w", 1, std::string(NW_UNIT_MAX + 1, 'u').c_str());
                        return 0;
                      }),
            0);
  const auto events = channel->take();
  ASSERT_EQ(events.size(), 10u);
  EXPECT_EQ(events[0].name.size(), 47u);
  EXPECT_EQ(events[1].name.size(), 47u);
  EXPECT_EQ(events[2].name, std::string(46, 'x'));
  EXPECT_EQ(events[3].name, std::string(45, 'x'));
  EXPECT_EQ(events[4].name, std::string(45, 'x') + "\xc3\xbc");
  EXPECT_EQ(events[6].name,
            "Pr\xef\xbf\xbd"
            "fung")
      << "the reader takes no bytes that are not UTF-8";
  EXPECT_EQ(events[7].name, "?");
  EXPECT_EQ(events[8].name, "?");
  EXPECT_EQ(events[9].unit.size(), 15u);
}

TEST(Channel, ForkedChildrenAndThreadsProgramEventAsThemselves) {
  const auto channel = make_channel();
  constexpr int kThreads = 4, kProgramEvents = 200;
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        nw_phase_begin("parent");
                        const pid_t child = ::fork();
                        const auto work = [] {
                          for (int i = 0; i < kProgramEvents; ++i) nw_work("w", i, "x");
                        };
                        if (child == 0) {
                          nw_phase_begin("child");
                          work();
                          ::_exit(0);
                        }
                        std::vector<std::thread> threads;
                        for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
                        for (auto& thread : threads) thread.join();
                        int status = 0;
                        ::waitpid(child, &status, 0);
                        return status;
                      }),
            0);
  const auto events = channel->take();
  ASSERT_EQ(events.size(), 2u + kProgramEvents * (kThreads + 1));
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> next;
  std::map<std::string, std::pair<std::uint64_t, std::uint32_t>> phases;
  for (const ProgramEvent& event : events) {
    if (event.kind == ProgramEvent::Kind::begin) {
      phases[event.name] = {event.id, event.pid};
      continue;
    }
    EXPECT_EQ(event.value, next[std::make_pair(event.pid, event.tid)]++) << "in order within a thread";
  }
  EXPECT_EQ(next.size(), kThreads + 1u);
  EXPECT_NE(phases["parent"].first, phases["child"].first);
  EXPECT_NE(phases["parent"].second, phases["child"].second);
}

TEST(Channel, AForkedChildCannotEndItsParentsPhase) {
  const auto channel = make_channel();
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        const nw_phase_id id = nw_phase_begin("parent");
                        const pid_t child = ::fork();
                        if (child == 0) {
                          nw_phase_end(id);
                          nw_phase_end(nw_phase_begin("child"));
                          ::_exit(0);
                        }
                        int status = 0;
                        ::waitpid(child, &status, 0);
                        nw_phase_end(id);
                        return status;
                      }),
            0);
  const auto events = channel->take();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1].id, events[2].id);
  EXPECT_EQ(events[3].id, events[0].id);
  EXPECT_EQ(events[3].pid, events[0].pid);
}

// An extension module, an injected library and the program may each have this library linked in.
TEST(Channel, IdsAreUniqueAmongCopiesOfTheLibraryAndProcesses) {
  const auto channel = make_channel();
  constexpr int kPhases = 100;
  const auto program = [] {
    for (int i = 0; i < kPhases; ++i)
      if (nw_phase_begin("a") == 0) return 1;
    return 0;
  };
  ASSERT_EQ(run_child(channel->path(), program), 0);
  ASSERT_EQ(run_child(channel->path(), program), 0);
  std::map<std::uint64_t, int> places;  // an id without its process
  for (const ProgramEvent& event : channel->take()) ++places[event.id & ((std::uint64_t{1} << 40) - 1)];
  EXPECT_EQ(places.size(), 2u * kPhases) << "two copies in one process share all of an id but this";
}

TEST(Channel, APhaseWhoseBeginIsLostIsNone) {
  const auto channel = make_channel();
  ASSERT_EQ(run_child(channel->path(),
                      [] {
                        for (std::uint32_t i = 0; i < kRoom; ++i) nw_work("w", 1, "x");
                        const nw_phase_id id = nw_phase_begin("a");
                        nw_phase_end(id);
                        return id == 0 ? 0 : 1;
                      }),
            0);
  EXPECT_EQ(channel->lost(), 1u) << "the begin alone: the end was not even tried";
}

// A program that writes events as fast as it can must not keep its reader from returning.
TEST(Channel, TakeComesBackWhileProgramEventsPourIn) {
  const auto channel = make_channel();
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kChannelVariable, channel->path().c_str(), 1);
    for (;;) nw_work("w", 1, "x");
  }
  std::size_t most = 0;
  for (int i = 0; i < 50; ++i)
    most = std::max(most, channel->take().size()), std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_GT(most, 0u);
  EXPECT_LE(most, kChannelSlots);
}

// The channel's file as its writers see it.
class Ring {
 public:
  explicit Ring(const Channel& channel) : header_(map_channel(channel.path().c_str())) {}
  ~Ring() { unmap_channel(header_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  // Takes a slot and does not fill it, as SIGKILL leaves it.
  void take_slot() const { header_->head.fetch_add(1); }
  ChannelHeader& header() const { return *header_; }

 private:
  ChannelHeader* header_;
};

TEST(Channel, AWriterThatDiesInAProgramEventCostsThatProgramEventAlone) {
  const auto channel = make_channel();
  Ring(*channel).take_slot();
  ASSERT_EQ(run_child(channel->path(), [] { return nw_work("w", 1, "x"), 0; }), 0);
  EXPECT_TRUE(channel->take().empty()) << "it may still be written";
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(channel->take().size(), 1u);
  EXPECT_EQ(channel->lost(), 1u);
}

TEST(Channel, AtTheEndNobodyWaitsForAWriter) {
  const auto channel = make_channel();
  Ring(*channel).take_slot();
  ASSERT_EQ(run_child(channel->path(), [] { return nw_work("w", 1, "x"), 0; }), 0);
  Ring(*channel).take_slot();
  ASSERT_EQ(run_child(channel->path(), [] { return nw_work("w", 1, "x"), 0; }), 0);
  EXPECT_EQ(channel->take_rest().size(), 2u);
  EXPECT_EQ(channel->lost(), 2u);
}

// A name on a page that cannot be read yet: its writer stops in the middle of the event until released.
struct Stopper {
  Stopper() {
    if (::pipe(reached) != 0 || ::pipe(let_go) != 0) std::abort();
    page = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  static void stop(int) {
    char byte = 0;
    if (::write(here->reached[1], &byte, 1) != 1 || ::read(here->let_go[0], &byte, 1) != 1) ::_exit(9);
    ::mprotect(here->page, 4096, PROT_READ);
  }
  int reached[2], let_go[2];
  void* page;
  static inline Stopper* here = nullptr;
};

TEST(Channel, AWriterThatComesBackTooLateHoldsNobodyUp) {
  const auto channel = make_channel();
  Stopper stopper;
  Stopper::here = &stopper;
  const pid_t late = ::fork();
  if (late == 0) {
    std::signal(SIGSEGV, Stopper::stop);
    const RawProgramEvent event{ProgramEvent::Kind::begin, 0, 0, 1, 1, static_cast<const char*>(stopper.page)};
    ::_exit(write_event(*map_channel(channel->path().c_str()), event) == 0 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(stopper.reached[0], &byte, 1), 1);
  EXPECT_TRUE(channel->take().empty());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(channel->take().empty());
  ASSERT_EQ(channel->lost(), 1u) << "its slot is given away";
  ASSERT_EQ(::write(stopper.let_go[1], &byte, 1), 1);
  int status = 0;
  ::waitpid(late, &status, 0);
  EXPECT_EQ(status, 0) << "its begin is none";
  std::size_t taken = 0;
  for (std::uint32_t round = 0; round < 4; ++round) {
    ASSERT_EQ(run_child(channel->path(),
                        [] {
                          for (std::uint32_t i = 0; i < kChannelSlots / 2; ++i) nw_work("w", 1, "x");
                          return 0;
                        }),
              0);
    taken += channel->take().size();
  }
  EXPECT_EQ(taken, 2u * kChannelSlots);
  EXPECT_EQ(channel->lost(), 1u);
}

TEST(Channel, ACrowdOfProgramEventsEndsAWaitThatOneDoesNot) {
  const auto channel = make_channel();
  const auto host = make_real_host();
  const auto wait_beside = [&](std::uint32_t events, bool for_edges) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv(kChannelVariable, channel->path().c_str(), 1);
      ::usleep(200'000);
      for (std::uint32_t i = 0; i < events; ++i) nw_work("w", 1, "x");
      nw_figure("f", 1), nw_setting("k", "v");
      ::_exit(0);
    }
    const Nanos start = host->now();
    channel->wait(start + (events == 1 ? millis(600) : seconds(20)), for_edges);
    ::waitpid(child, nullptr, 0);
    channel->take();
    return host->now() - start;
  };
  for (const bool for_edges : {false, true}) {  // work is no edge, nor are figures and settings
    EXPECT_GE(wait_beside(1, for_edges), millis(599));
    EXPECT_LT(wait_beside(kChannelWakeThreshold + 10, for_edges), seconds(10));
  }
}

TEST(Channel, WaitIsEndedByAnEdgeOrAnInterruptOrTheTime) {
  const auto channel = make_channel();
  const auto host = make_real_host();
  Nanos start = host->now();
  channel->wait(start + millis(30), true);
  EXPECT_GE(host->now() - start, millis(29));
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kChannelVariable, channel->path().c_str(), 1);
    ::usleep(50'000);
    nw_phase_begin("w");
    ::_exit(0);
  }
  start = host->now();
  channel->wait(start + seconds(20), true);
  ::waitpid(child, nullptr, 0);
  EXPECT_LT(host->now() - start, seconds(10));
  EXPECT_EQ(channel->take().size(), 1u);
  std::thread other([&] {
    ::usleep(50'000);
    channel->interrupt();
  });
  start = host->now();
  channel->wait(start + seconds(20), true);
  EXPECT_LT(host->now() - start, seconds(10));
  other.join();
}

}  // namespace
}  // namespace nw
