// Rendezvous, RankConnection and RankGroup together: ranks as threads and processes, the sampler as a thread or a
// process to be killed.
#include "consumer/rank_group.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/unix_socket.h"
#include "consumer/rendezvous.h"
#include "support/temp_dir.h"

namespace nw {
namespace {

constexpr Nanos kSoon = seconds(20);  // the machine may be loaded
bool never() { return false; }
RankEnd exited(int code) { return {code, {}, millis(5)}; }

// A sampler in a thread, of the rank group that this founds.
class Sampler {
 public:
  Sampler(Rendezvous& rendezvous, std::optional<std::uint32_t> expected = {}, const std::string& group = "") {
    auto founded = rendezvous.found(group);
    EXPECT_TRUE(founded) << (founded ? "" : founded.error().what);
    rank_group_.emplace(std::move(*founded));
    thread_ = std::thread([this, expected] { rank_group_->serve(expected); });
  }
  ~Sampler() { thread_.join(); }
  RankGroup* operator->() { return &*rank_group_; }

 private:
  std::optional<RankGroup> rank_group_;
  std::thread thread_;
};

class Meeting : public testing::Test {
 protected:
  Rendezvous rendezvous(const std::string& key = "job") {
    return Rendezvous::enter({folder_.path()}, key, kSoon).value();
  }
  std::optional<RankConnection> connection(std::uint32_t rank, const std::string& key = "job") {
    return rendezvous(key).join(rank, "").value();
  }
  std::size_t files() const {
    const auto all = std::filesystem::directory_iterator(folder_.at("nodewatt-" + std::to_string(::geteuid())));
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  test::TempDir folder_;
};

TEST_F(Meeting, TheFirstFoundsAndTheOthersJoin) {
  std::optional<Rendezvous> first(rendezvous());
  ASSERT_FALSE(first->join(0, "").value());
  Sampler sampler(*first, {}, "the group");
  auto founder = first->join(0, "").value();
  ASSERT_TRUE(founder);
  first.reset();
  auto second = connection(1), third = connection(7);
  ASSERT_TRUE(second && third);
  EXPECT_EQ(third->group(), "the group");
  EXPECT_EQ(second->await_ready(millis(50)).error().kind, ErrorKind::busy);
  sampler->announce("/a/channel", true);
  for (const RankConnection* one : {&*founder, &*second, &*third}) {
    const auto ready = one->await_ready(kSoon);
    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->channel, "/a/channel");
    EXPECT_TRUE(ready->measures);
  }
  auto late = connection(3);
  EXPECT_TRUE(late->await_ready(kSoon)) << "who comes later hears it at once";
  EXPECT_EQ(founder->leave(exited(0), kSoon, never).value(), RankReport{}) << "who leaves first waits for nobody";
  EXPECT_EQ(late->leave({{}, 9, millis(7)}, kSoon, never).value(), RankReport{});
  EXPECT_EQ(second->leave(exited(3), kSoon, never).value(), RankReport{});
  const RankReport words{std::string(5000, 'w'), std::string(3000, 'o')};
  RankReport heard;
  std::thread last([&] { heard = third->leave(exited(0), kSoon, never).value_or(RankReport{"none", ""}); });
  const RankGroupSum sum = sampler->wait();
  sampler->finish(words);
  last.join();
  EXPECT_TRUE(heard == words) << "the last hears the report";
  EXPECT_EQ(sum.ranks, 4u);
  EXPECT_EQ(sum.failed, 2u);
  EXPECT_EQ(sum.lost, 0u);
  EXPECT_EQ(sum.first_failure->signal, 9);
  EXPECT_EQ(sum.lowest, 0u);
  EXPECT_EQ(sum.cpu, millis(22));
  EXPECT_GT(sum.ended, Nanos{});
  EXPECT_EQ(files(), 0u) << "nothing is left behind";
}

// srun script.sh, and the script runs two programs: a fast rank's second is not part of the others' first.
TEST_F(Meeting, ARankTakesPartOnce) {
  std::optional<Rendezvous> first(rendezvous());
  ASSERT_FALSE(first->join(0, "").value());
  Sampler prepare(*first);
  auto rank0 = first->join(0, "").value();
  first.reset();
  auto rank1 = connection(1);
  EXPECT_EQ(rank0->leave(exited(0), kSoon, never).value(), RankReport{});
  std::optional<Rendezvous> again(rendezvous());
  ASSERT_FALSE(again->join(0, "").value()) << "the crew that lives has had rank 0";
  Sampler main(*again);
  auto rank0_main = again->join(0, "").value();
  ASSERT_TRUE(rank0_main);
  again.reset();
  std::thread last([&] { (void)rank1->leave(exited(0), kSoon, never); });
  EXPECT_EQ(prepare->wait().ranks, 2u);
  prepare->finish({});
  last.join();
  auto rank1_main = connection(1);
  ASSERT_TRUE(rank1_main) << "joins its fellow's crew although an earlier place is free";
  (void)rank0_main->leave(exited(0), kSoon, never);
  std::thread very_last([&] { (void)rank1_main->leave(exited(0), kSoon, never); });
  EXPECT_EQ(main->wait().ranks, 2u);
  main->finish({});
  very_last.join();
}

TEST_F(Meeting, ProgramsOfDifferentKeysDoNotMeet) {
  std::optional<Rendezvous> first(rendezvous("a"));
  ASSERT_FALSE(first->join(0, "").value());
  Sampler sampler(*first);
  auto mine = first->join(0, "").value();
  EXPECT_FALSE(connection(1, "b"));
  mine.reset();
  EXPECT_EQ(sampler->wait().lost, 1u);
  sampler->finish({});
}

// If a rank's nodewatt is killed, the end of its connection shows it; no other rank is affected.
TEST_F(Meeting, ARankThatDiesIsLost) {
  std::optional<Rendezvous> first(rendezvous());
  ASSERT_FALSE(first->join(0, "").value());
  Sampler sampler(*first);
  auto alive = first->join(0, "").value();
  const pid_t child = ::fork();
  if (child == 0) {
    auto rendezvous = std::move(*first);
    const auto place = rendezvous.join(1, "");
    ::kill(::getpid(), place && *place ? SIGKILL : SIGTERM);
  }
  first.reset();
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  std::thread last([&] { (void)alive->leave(exited(0), kSoon, never); });
  const RankGroupSum sum = sampler->wait();
  sampler->finish({});
  last.join();
  EXPECT_EQ(sum.ranks, 2u);
  EXPECT_EQ(sum.lost, 1u);
}

TEST_F(Meeting, ASamplerThatIsKilledFreesItsPlaceAtOnce) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto own = rendezvous();
    if (!own.join(0, "")) ::_exit(1);
    auto rank_group = own.found("");
    if (!rank_group) ::_exit(2);
    { const Rendezvous closed = std::move(own); }
    std::thread serving([&] { rank_group->serve({}); });
    (void)!::write(ready[1], "x", 1);
    serving.join();
    ::_exit(3);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  auto rank = connection(1);
  ASSERT_TRUE(rank);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(rank->leave(exited(0), kSoon, never).has_value());
  std::optional<Rendezvous> next(rendezvous());
  ASSERT_FALSE(next->join(2, "").value());
  Sampler sampler(*next);
  auto again = next->join(2, "").value();
  EXPECT_TRUE(again);
  next.reset();
  again.reset();
  sampler->wait();
  sampler->finish({});
  EXPECT_EQ(files(), 0u) << "what the killed one left is gone too";
}

// A rank that fails at once does not end the rank group before the others have joined: they would found another one.
TEST_F(Meeting, ThoseThatAreToComeAreWaitedForAtTheBeginning) {
  std::optional<Rendezvous> first(rendezvous());
  ASSERT_FALSE(first->join(0, "").value());
  Sampler sampler(*first, 2);
  auto quick = first->join(0, "").value();
  first.reset();
  std::thread leaving([&] {
    EXPECT_EQ(quick->leave(exited(1), kSoon, never).value_or(RankReport{"?", ""}), RankReport{});
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  auto second = connection(1);
  ASSERT_TRUE(second);
  leaving.join();
  std::thread last([&] { (void)second->leave(exited(0), kSoon, never); });
  EXPECT_EQ(sampler->wait().ranks, 2u);
  sampler->finish({});
  last.join();
}

TEST_F(Meeting, TheRendezvousIsForOneAtATimeAndForAWhile) {
  const Rendezvous open = rendezvous();
  const auto second = Rendezvous::enter({folder_.path()}, "job", millis(30));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  EXPECT_TRUE(Rendezvous::enter({folder_.path()}, "another", millis(30)));
}

TEST_F(Meeting, WhatOthersMayWriteToIsRefused) {
  const std::string own = folder_.at("nodewatt-" + std::to_string(::geteuid()));
  std::filesystem::create_directory(own);
  std::filesystem::permissions(own, std::filesystem::perms::all);
  EXPECT_EQ(Rendezvous::enter({folder_.path()}, "job", kSoon).error().kind, ErrorKind::denied);
  std::filesystem::remove(own);
  std::filesystem::create_directory_symlink("/tmp", own);
  EXPECT_FALSE(Rendezvous::enter({folder_.path()}, "job", kSoon));
  const test::TempDir second;
  EXPECT_TRUE(Rendezvous::enter({folder_.path(), second.path()}, "job", kSoon)) << "the next folder is tried";
  EXPECT_EQ(Rendezvous::enter({folder_.path() + "/none"}, "job", kSoon).error().kind, ErrorKind::absent);
}

TEST_F(Meeting, AnotherUsersFolderAndSocketAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be another user too";
  const std::string own = folder_.at("nodewatt-0");
  std::filesystem::create_directory(own);
  std::filesystem::permissions(own, std::filesystem::perms::owner_all);
  ASSERT_EQ(::chown(own.c_str(), 65534, 65534), 0);
  EXPECT_EQ(Rendezvous::enter({folder_.path()}, "job", kSoon).error().kind, ErrorKind::denied);
}

// Bytes from a foreign program, and messages out of turn, close the sender's connection and affect nobody else.
TEST_F(Meeting, NonsenseIsShownOut) {
  std::optional<Rendezvous> first(rendezvous());
  ASSERT_FALSE(first->join(0, "").value());
  Sampler sampler(*first);
  auto good = first->join(0, "").value();
  first.reset();
  std::string path;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.at("nodewatt-" + std::to_string(::geteuid()))))
    if (entry.path().extension() == ".sock") path = entry.path();
  const sockaddr_un address = *make_unix_address(path);
  RankMessage early;
  early.kind = RankMessage::Kind::ended;
  for (const std::string_view bytes :
       {std::string_view("x"), std::string_view(reinterpret_cast<const char*>(&early), sizeof early)}) {
    const Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(socket.get(), as_sockaddr(address), sizeof address), 0);
    ASSERT_GT(::send(socket.get(), bytes.data(), bytes.size(), 0), 0);
    char byte = 0;
    EXPECT_EQ(::recv(socket.get(), &byte, 1, 0), 0) << "closed";
  }
  std::thread last([&] { (void)good->leave(exited(0), kSoon, never); });
  const RankGroupSum sum = sampler->wait();
  sampler->finish({});
  last.join();
  EXPECT_EQ(sum.ranks, 1u);
  EXPECT_EQ(sum.lost, 0u);
}

TEST(RankMessage, OnlyWholeMessagesOfThisVersion) {
  RankMessage message;
  message.set_text("words");
  const std::string bytes(reinterpret_cast<const char*>(&message), sizeof message);
  ASSERT_TRUE(read_message(bytes));
  EXPECT_EQ(read_message(bytes)->get_text(), "words");
  EXPECT_FALSE(read_message(bytes.substr(1)));
  EXPECT_FALSE(read_message(bytes + "x"));
  EXPECT_FALSE(read_message(""));
  for (const std::size_t at : {0U, 5U}) {  // the magic, the kind
    std::string bad = bytes;
    bad[at] = '\x7f';
    EXPECT_FALSE(read_message(bad));
  }
  message.set_text(std::string(232, 'x'));
  EXPECT_EQ(message.get_text(), "") << "half a path is worse than none";
}

}  // namespace
}  // namespace nw
