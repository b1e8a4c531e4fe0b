// Programs that report: whose they are, what one user can do to another's and to this process, what is left when one
// or the other ends. Real memory and connections, cgroups of a folder, and times that are passed in.
#include "apps/noded/programs.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/host.h"
#include "base/monotonic.h"
#include "record/record.pb.h"
#include "support/channel.h"
#include "support/temp_dir.h"

namespace nw::noded {
namespace {
using Kind = ProgramEvent::Kind;
using test::Made;

constexpr std::uint32_t kAlice = 1000, kBob = 1001;

// The program's end of its connection, and what it was answered.
struct Link {
  Fd end;
  Result<bool> known;
  explicit operator bool() const { return known.has_value(); }
};

class ProgramsTest : public ::testing::Test {
 protected:
  ProgramsTest() {
    add_job(kAlice, "1");
    add_job(kBob, "2");
    start();
  }
  void add_job(std::uint32_t uid, const std::string& id) {
    const std::string job = "cpuacct/slurm/uid_" + std::to_string(uid) + "/job_" + id;
    for (const std::string& folder : {job, job + "/step_0"}) dir.write(folder + "/cpuacct.usage", "0\n");
    dir.write(job + "/cgroup.procs", "");
    dir.write(job + "/step_0/cgroup.procs", std::to_string(uid) + "\n");  // the pid of this user's only process
  }
  // A daemon, or the next one after a kill.
  void start() {
    SensorInfo info;
    info.id = info.source = "package/0";
    info.part = {Domain::package, "0"};
    info.update_interval = millis(1);
    AccountedNode node;
    node.make_uid = [] { return std::string("uid"); };
    programs.reset();
    accounting.emplace(std::vector{info}, node, seconds(1));
    programs.emplace(*accounting, scanner, trees);
  }
  void restart() {
    pb::Checkpoint checkpoint;
    accounting->snapshot().write("boot", checkpoint);
    programs->write(checkpoint);
    start();
    accounting->resume(checkpoint, "boot", now);
    programs->resume(checkpoint);
  }
  void point() {
    now += seconds(1);
    programs->take(now);
    scanner.take(cgroups);
    cgroups.at = now;
    accounting->add({{now, now, {}, static_cast<std::uint64_t>(now.count() / 100), Status::ok, {}}}, cgroups,
                    now.count());
    programs->find_steps(now);
    accounting->tick();
    programs->tell(accounting->take_readings());
  }
  Link attach(const Made& made, std::uint32_t uid, const std::string& text = "attach protocol=1") {
    std::vector<Fd> files;
    files.push_back(made.copy());
    return attach_files(uid, std::move(files), text);
  }
  Link attach_files(std::uint32_t uid, std::vector<Fd> files, const std::string& text = "attach protocol=1") {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    Connection connection(Fd(ends[0]), uid, nullptr);
    Handed handed{files, connection};
    auto known = programs->attach({uid, uid}, *parse_request(text), handed, now);
    return {Fd(ends[1]), std::move(known)};
  }
  // What the daemon's poll shows of connections that have ended.
  void notice_ends() {
    std::vector<pollfd> polled;
    programs->add_to(polled);
    ::poll(polled.data(), polled.size(), 0);
    programs->serve(polled, now);
  }
  void event(const Made& made, Kind kind, std::uint64_t id, const char* name = "", double value = 0,
             std::uint32_t pid = 7) {
    write_event(*made.header, {kind, now.count(), id, pid, 1, name, kind == Kind::work ? "sample" : "", value});
  }
  pb::Record record(const std::string& id) {
    for (pb::Record& one : accounting->snapshot().running(false, [](const pb::Record&) { return true; }))
      if (one.job().id() == id) return one;
    return {};
  }
  double work(const std::string& id) {
    const pb::Record its = record(id);
    return its.work().empty() ? 0 : its.work(0).count();
  }
  std::uint64_t count(const std::string& id, const std::string& anomaly) {
    std::uint64_t times = 0;
    const pb::Record its = record(id);
    for (const auto& one : its.anomalies()) times += one.name() == anomaly ? one.count() : 0;
    return times;
  }

  std::uint64_t positions() {  // of all channels, how much was taken
    pb::Checkpoint checkpoint;
    programs->write(checkpoint);
    std::uint64_t sum = 0;
    for (const auto& channel : checkpoint.channels()) sum += channel.position();
    return sum;
  }

  test::TempDir dir;
  std::unique_ptr<Host> host = make_real_host();
  CgroupScanner scanner{*host, {dir.path(), ""}};
  ProcessTrees trees{*host};
  std::optional<EnergyAccounting> accounting;
  std::optional<Programs> programs;
  CgroupSnapshot cgroups;
  Nanos now = monotonic() - seconds(1000);
};

TEST_F(ProgramsTest, ReportToTheJobThatTheyAreIn) {
  point();
  const Made alices(1), bobs(2);
  const Link alice = attach(alices, kAlice), bob = attach(bobs, kBob);
  ASSERT_TRUE(alice && bob);
  EXPECT_TRUE(*alice.known && *bob.known);
  event(alices, Kind::work, 0, "", 3);
  event(bobs, Kind::work, 0, "", 4);
  point();
  EXPECT_EQ(work("1"), 3);
  EXPECT_EQ(work("2"), 4);
}

TEST_F(ProgramsTest, OneWhoseJobIsNeverSeenIsLetGo) {
  point();
  const Made made(1);
  const Link stranger = attach(made, 1002);
  ASSERT_TRUE(stranger);
  EXPECT_FALSE(*stranger.known);
  event(made, Kind::work, 0, "", 3);
  for (int i = 0; i < 12; ++i) point();
  EXPECT_EQ(made.header->closed.load(), 1U);
  EXPECT_FALSE(programs->next_look());
  EXPECT_EQ(work("1") + work("2"), 0);
}

// Whoever holds another user's memory can neither push his program out nor have his figures.
TEST_F(ProgramsTest, AnothersMemoryIsRefused) {
  point();
  const Made alices(1);
  const Link alice = attach(alices, kAlice);
  ASSERT_TRUE(alice);
  const Link bob = attach(alices, kBob);
  ASSERT_FALSE(bob);
  EXPECT_EQ(bob.known.error().kind, ErrorKind::busy);
  event(alices, Kind::work, 0, "", 3);
  point();
  EXPECT_EQ(work("1"), 3);
  EXPECT_EQ(work("2"), 0);
}

TEST_F(ProgramsTest, WhatIsNoChannelStaysTheCallers) {
  point();
  std::vector<Fd> two;
  const Made made(1);
  two.push_back(made.copy()), two.push_back(made.copy());
  EXPECT_FALSE(attach_files(kAlice, {}));
  EXPECT_FALSE(attach_files(kAlice, std::move(two)));
  EXPECT_FALSE(attach(made, kAlice, "attach protocol=2"));
  EXPECT_FALSE(attach(made, kAlice, "attach"));
  EXPECT_FALSE(programs->next_look());
}

TEST_F(ProgramsTest, OneUsersProgramsLeaveRoomForOthers) {
  point();
  std::vector<std::unique_ptr<Made>> all;
  std::vector<Link> links;
  for (std::size_t i = 0; i <= Programs::kMaxOfOne; ++i) {
    all.push_back(std::make_unique<Made>(i));
    links.push_back(attach(*all.back(), kAlice));
    EXPECT_EQ(static_cast<bool>(links.back()), i < Programs::kMaxOfOne);
  }
  const Made bobs(1);
  EXPECT_TRUE(attach(bobs, kBob));
}

// All that link again with one memory, after a restart, are one program until the last has ended.
TEST_F(ProgramsTest, EndsWithTheLastOfItsConnections) {
  point();
  const Made made(1);
  Link first = attach(made, kAlice);
  const Link second = attach(made, kAlice);
  ASSERT_TRUE(first && second);
  event(made, Kind::begin, 5, "train");
  point();
  first.end = Fd();
  notice_ends();
  point();
  EXPECT_EQ(count("1", "phase_unended"), 0U);
  EXPECT_EQ(made.header->closed.load(), 0U);
  ::shutdown(second.end.get(), SHUT_RDWR);
  notice_ends();
  point();
  EXPECT_EQ(count("1", "phase_unended"), 1U);
  EXPECT_EQ(made.header->closed.load(), 1U);
}

// A client that has ended, and whose descriptor's number a program that came since has now, is not that program.
TEST_F(ProgramsTest, AnothersEndIsNotItsOwn) {
  point();
  std::vector<pollfd> polled;
  polled.push_back({-1, 0, 0});
  programs->add_to(polled);
  const Made made(1);
  const Link link = attach(made, kAlice);
  std::vector<pollfd> now_polled;
  programs->add_to(now_polled);
  programs->add_to(polled);
  polled[0] = {now_polled[0].fd, 0, POLLHUP};
  programs->serve(polled, now);
  event(made, Kind::work, 0, "", 3);
  point();
  EXPECT_EQ(made.header->closed.load(), 0U);
  EXPECT_EQ(work("1"), 3);
}

TEST_F(ProgramsTest, ManyConnectionsOfOneProgramAreNotKept) {
  point();
  const Made made(1);
  std::vector<Link> links;
  for (std::size_t i = 0; i < 3 * Programs::kMaxConnections; ++i) links.push_back(attach(made, kAlice));
  std::vector<pollfd> polled;
  programs->add_to(polled);
  EXPECT_EQ(polled.size(), Programs::kMaxConnections);
}

// More than one look takes: what it reported still counts, however often it has to be looked at.
TEST_F(ProgramsTest, OneThatEndsWithAFullRingIsTakenWhole) {
  point();
  const Made made(1);
  Link link = attach(made, kAlice);
  for (int i = 0; i < 6000; ++i) event(made, Kind::work, 0, "", 1);
  link.end = Fd();
  notice_ends();
  for (int i = 0; i < 6000 && programs->next_look(); ++i) point();
  EXPECT_FALSE(programs->next_look());
  EXPECT_EQ(work("1"), 6000);
}

// What a shell reports comes from a program for each call, and must be taken in that order.
TEST_F(ProgramsTest, AreTakenInTheOrderInWhichTheyCame) {
  constexpr std::uint64_t kShells = std::uint64_t{1} << 63U | 5;
  point();
  for (int round = 1; round < 6; ++round) {
    const Made first(1), second(2), third(3);
    const Link begins = attach(first, kAlice), works = attach(second, kAlice), ends = attach(third, kAlice);
    event(third, Kind::end, kShells);
    event(first, Kind::begin, kShells, "load");
    write_event(*second.header, {Kind::work, now.count(), kShells, 7, 1, "load", "file", 7});
    point();
    point();
    const pb::Record its = record("1");
    ASSERT_EQ(its.phases_size(), 1);
    ASSERT_EQ(its.phases(0).work_size(), 1);
    EXPECT_EQ(its.phases(0).work(0).count(), 7 * round);
  }
}

// A daemon that is killed: nothing counts twice, neither work nor what was lost.
TEST_F(ProgramsTest, NothingCountsTwiceAfterARestart) {
  point();
  const Made made(1);
  Link link = attach(made, kAlice);
  event(made, Kind::work, 0, "", 3);
  made.header->lost = 10;
  point();
  point();
  EXPECT_EQ(count("1", "phase_lost"), 10U);
  restart();
  event(made, Kind::work, 0, "", 4);
  made.header->lost = 12;
  point();
  link = attach(made, kAlice);
  ASSERT_TRUE(link);
  point();
  EXPECT_EQ(work("1"), 7);
  EXPECT_EQ(count("1", "phase_lost"), 12U);
}

// The cookie is the program's word: with another's, a user does not reach what is remembered of that one.
TEST_F(ProgramsTest, ACookieIsOfItsUserAlone) {
  point();
  const Made alices(1), bobs(1);
  Link alice = attach(alices, kAlice), bob = attach(bobs, kBob);
  bobs.write(5);
  point();
  alices.write(1), event(alices, Kind::work, 0, "", 3);
  restart();
  point();
  alice = attach(alices, kAlice), bob = attach(bobs, kBob);
  ASSERT_TRUE(alice && bob);
  point();
  EXPECT_EQ(work("1"), 3);
  EXPECT_EQ(work("2"), 10);
}

// It has reported nothing since, and ends: what it had open before ends with it.
TEST_F(ProgramsTest, WhatWasOpenBeforeARestartEndsWithItsProgram) {
  point();
  const Made made(1);
  Link link = attach(made, kAlice);
  event(made, Kind::begin, 5, "train");
  point();
  point();
  restart();
  point();
  link = attach(made, kAlice);
  ASSERT_TRUE(link);
  point();
  ASSERT_EQ(count("1", "phase_unended"), 0U);
  link.end = Fd();
  notice_ends();
  point();
  EXPECT_EQ(count("1", "phase_unended"), 1U);
}

TEST_F(ProgramsTest, HolesEndIt) {
  point();
  const Made made(1);
  const Link link = attach(made, kAlice);
  event(made, Kind::begin, 5, "train");
  point();
  made.punch(0, 280);
  point();
  EXPECT_EQ(count("1", "channel_damaged"), 1U);
  EXPECT_EQ(count("1", "phase_unended"), 1U);
  EXPECT_FALSE(programs->next_look());
}

// A number of processes that no program has: they are not remembered each for itself.
TEST_F(ProgramsTest, NotEveryPidThatIsSaidIsRemembered) {
  point();
  const Made made(1);
  const Link link = attach(made, kAlice);
  for (std::uint32_t pid = 1; pid <= 4 * Programs::kMaxPids; ++pid) event(made, Kind::work, 0, "", 1, pid);
  while (made.header->head.load() > positions()) point();
  pb::Checkpoint checkpoint;
  programs->write(checkpoint);
  EXPECT_EQ(checkpoint.channels(0).pids_size(), static_cast<int>(Programs::kMaxPids));
  EXPECT_EQ(work("1"), 4 * Programs::kMaxPids);
}

// What one was given is told to the process that asks, and to no program of the same step besides.
TEST_F(ProgramsTest, AReadingIsToldToItsOwnProgram) {
  point();
  const Made made(3), other(4);
  const Link one = attach(made, kAlice), two = attach(other, kAlice);
  const std::uint64_t id = std::uint64_t{7} << 40U | 5;
  event(made, Kind::begin, id, "train");
  event(other, Kind::work, 0, "", 1, 8);
  for (int i = 0; i < 150; ++i) point();  // on a shared node an owner is shown a step of a minute
  EXPECT_EQ(reading_of(*made.header, id).id.load(), id);
  EXPECT_GT(reading_of(*made.header, id).energy_j.load(), 0);
  EXPECT_EQ(reading_of(*other.header, id).id.load(), 0U);
}

}  // namespace
}  // namespace nw::noded
