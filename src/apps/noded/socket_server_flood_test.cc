// The socket against users who want all of it: they get what is theirs, and root and everybody else are served.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/noded/socket_server.h"
#include "base/monotonic.h"
#include "base/unix_socket.h"
#include "support/temp_dir.h"

namespace nw::noded {
namespace {

Fd connect_to(const std::string& path) {
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = *make_unix_address(path);
  return ::connect(socket.get(), as_sockaddr(address), sizeof address) == 0 ? std::move(socket) : Fd();
}

bool asks(const Fd& socket, const std::string& request) {
  return ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0;
}

std::string receive(const Fd& socket) {
  char bytes[1000];
  const ssize_t size = ::recv(socket.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  return size < 0 ? "nothing" : std::string(bytes, static_cast<std::size_t>(size));
}

// A process of another user, which does its work and then waits for its end.
class User {
 public:
  User(uid_t uid, const std::function<void()>& work) {
    int done[2];
    EXPECT_EQ(::pipe(done), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      if (::setgid(uid) == 0 && ::setuid(uid) == 0) work();
      (void)!::write(done[1], "d", 1);
      ::pause();
      ::_exit(0);
    }
    char byte;
    EXPECT_EQ(::read(done[0], &byte, 1), 1);
    ::close(done[0]), ::close(done[1]);
  }
  User(const User&) = delete;
  User& operator=(const User&) = delete;
  ~User() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

class FloodTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs other users";
    ::chmod(dir.path().c_str(), 0755);
    socket_server = SocketServer::listen(path);
    ASSERT_TRUE(socket_server);
  }
  void turn(const SocketServer::Handler& handler) {
    std::vector<pollfd> polled;
    socket_server->add_to(polled, now);
    ::poll(polled.data(), polled.size(), 0);
    socket_server->serve(polled, handler, now);
  }
  static std::vector<Answer> echo(const Peer& peer, const Request&, Handed&) {
    return {{'S', std::to_string(peer.uid)}, {'D', ""}};
  }
  std::function<void()> holds(int connections) const {
    return [this, connections] {
      static std::vector<Fd> held;
      for (int i = 0; i < connections; ++i) held.push_back(connect_to(path));
    };
  }

  test::TempDir dir;
  const std::string path = dir.at("s");
  Nanos now = monotonic();
  Result<SocketServer> socket_server = tl::make_unexpected(Error{});
};

TEST_F(FloodTest, EachSocketHasItsMode) {
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0666U);
  ASSERT_EQ(::stat(root_socket(path).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(FloodTest, AFloodIsAcceptedSlowlyAndRootAtOnce) {
  const User flood(4242, holds(500));  // some of which are closed at once, by a refusal
  for (int round = 0; round < 100; ++round) turn(echo);
  EXPECT_LE(socket_server->refused(), SocketServer::kAcceptBurst) << "at one time";
  EXPECT_GT(socket_server->accepts_from(), now);
  const Fd root = connect_to(root_socket(path));
  ASSERT_TRUE(asks(root, "end job=1"));
  for (int round = 0; round < 2; ++round) turn(echo);
  EXPECT_EQ(receive(root), "S0");
  const auto before = socket_server->refused();
  now = socket_server->accepts_from();
  for (int round = 0; round < 100; ++round) turn(echo);
  EXPECT_LE(socket_server->refused() - before, SocketServer::kAcceptBurst) << "and at the next";
}

TEST_F(FloodTest, UsersWithManyPlacesGiveThemUpToOneWithFew) {
  std::vector<std::unique_ptr<User>> greedy;
  for (uid_t uid = 4001; uid <= 4008; ++uid) greedy.push_back(std::make_unique<User>(uid, holds(16)));
  for (int round = 0; round < 100; ++round) turn(echo), now += millis(50);
  EXPECT_EQ(socket_server->refused(), 0U) << "each within what one user may have";
  const User honest(4100, [this] {
    static Fd held = connect_to(path);
    asks(held, "ping");
  });
  std::vector<std::uint32_t> asked;
  const auto note = [&](const Peer& peer, const Request& request, Handed& handed) {
    asked.push_back(peer.uid);
    return echo(peer, request, handed);
  };
  for (int round = 0; round < 3; ++round) turn(note);
  EXPECT_EQ(asked, std::vector<std::uint32_t>{4100});
}

TEST_F(FloodTest, WhoDoesNotReadIsNotAnsweredMore) {
  const User lazy(4242, [this] {
    static std::vector<Fd> held;
    for (int i = 0; i < 10; ++i) held.push_back(connect_to(path)), asks(held.back(), "jobs");
  });
  int answered = 0;
  const auto large = [&](const Peer&, const Request&, Handed&) {
    ++answered;
    return std::vector<Answer>{{'R', std::string(1 << 20, 'x')}, {'D', ""}};
  };
  for (int round = 0; round < 10; ++round) turn(large);
  EXPECT_GE(answered, 4);
  EXPECT_LE(answered, 6) << "of 4 MiB that may wait, and what the sockets' own buffers have taken";
  EXPECT_EQ(socket_server->refused(), static_cast<std::uint64_t>(10 - answered));
}

}  // namespace
}  // namespace nw::noded
