// Descriptors whose close waits for a client: nobody else does.
#include "apps/noded/closer.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

#include "base/monotonic.h"

namespace nw::noded {
namespace {

// A connection whose last close waits an hour for its peer: more was sent than that takes.
struct Lingering {
  Lingering() : listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    socket = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    peer = Fd(::accept(listener.get(), nullptr, nullptr));
    const linger hour{1, 3600};
    EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hour, sizeof hour), 0);
    const std::string much(1 << 16, 'x');
    while (::send(socket.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
    }
  }
  Fd listener, socket, peer;
};

bool may_soon(const Closer& closer, std::uint32_t uid) {
  for (const Nanos until = monotonic() + seconds(20); monotonic() < until; std::this_thread::yield())
    if (closer.may_hand_over(uid)) return true;
  return false;
}

TEST(Closer, ACloseThatWaitsIsInterrupted) {
  Closer closer;
  std::vector<Fd> peers;
  for (std::size_t i = 0; i < Closer::kMaxOfOne; ++i) {
    Lingering one;
    closer.close(std::move(one.socket), 1000);
    peers.push_back(std::move(one.peer));
  }
  EXPECT_TRUE(may_soon(closer, 1000)) << "an hour each";
  EXPECT_TRUE(closer.may_hand_over(1001));
}

TEST(Closer, AConnectionOfAUserIsClosedThere) {
  const auto closer = std::make_shared<Closer>();
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const Fd other(ends[1]);
  {
    Connection connection(Fd(ends[0]), 1000, closer);
    const Connection moved = std::move(connection);
    EXPECT_EQ(moved.get(), ends[0]);
  }
  char byte = 0;
  EXPECT_EQ(::recv(other.get(), &byte, 1, 0), 0);  // waits for its end
}

}  // namespace
}  // namespace nw::noded
