// A daemon that is there, is not, answers nonsense, never accepts, or has a full queue: in every case the caller
// continues in time.
#include "apps/slurm/deliver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/unix_socket.h"
#include "support/temp_dir.h"

namespace nw::slurm {
namespace {

Fd make_socket() { return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

Fd listen_at(const std::string& path, int backlog) {
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = *make_unix_address(path);
  EXPECT_EQ(::bind(socket.get(), as_sockaddr(address), sizeof address), 0);
  EXPECT_EQ(::listen(socket.get(), backlog), 0);
  return socket;
}

// One caller's request, answered.
std::string serve(const Fd& listener, std::string_view answer) {
  const Fd peer(::accept(listener.get(), nullptr, nullptr));
  std::string request(5000, '\0');
  request.resize(static_cast<std::size_t>(::recv(peer.get(), request.data(), request.size(), 0)));
  ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  return request;
}

struct Timed {
  Done done;
  std::int64_t ms = 0;
};
Timed deliver_timed(const std::string& socket, Nanos patience) {
  const Nanos begin = monotonic();
  Done done = deliver(socket, "begin job=1 uid=2", patience);
  return {std::move(done), (monotonic() - begin).count() / kMicro};
}

class Deliver : public ::testing::Test {
 protected:
  test::TempDir dir;
  std::string path = dir.at("sock");
};

TEST_F(Deliver, IsDoneWithTheAnswer) {
  const Fd listener = listen_at(path, 4);
  std::string request;
  std::thread daemon([&] { request = serve(listener, "D"); });
  EXPECT_TRUE(deliver(path, "begin job=1 uid=2", seconds(5)));
  daemon.join();
  EXPECT_EQ(request, "begin job=1 uid=2");
}

TEST_F(Deliver, HandsOnARefusalAndTellsNonsense) {
  const Fd listener = listen_at(path, 4);
  for (const auto& [answer, kind] :
       {std::pair{"Edenied not yours", ErrorKind::denied}, {"x", ErrorKind::malformed}, {"", ErrorKind::malformed}}) {
    std::thread daemon([&listener, a = answer] { serve(listener, a); });
    EXPECT_EQ(deliver(path, "end job=1", seconds(5)).error().kind, kind);
    daemon.join();
  }
}

TEST_F(Deliver, NobodyThereIsAbsentAtOnce) {
  EXPECT_EQ(deliver_timed(path, seconds(5)).done.error().kind, ErrorKind::absent);
  { const Fd gone = listen_at(path, 1); }
  const Timed refused = deliver_timed(path, seconds(5));
  EXPECT_FALSE(refused.done) << "a socket's file without a daemon behind it";
  EXPECT_LT(refused.ms, 1000);
  EXPECT_EQ(deliver("", "end job=1", seconds(5)).error().kind, ErrorKind::malformed);
  EXPECT_EQ(deliver(std::string(200, 'x'), "end job=1", seconds(5)).error().kind, ErrorKind::malformed);
}

TEST_F(Deliver, ADaemonThatStandsStillIsNotWaitedForAndHearsItLater) {
  const Fd listener = listen_at(path, 4);
  const Timed still = deliver_timed(path, millis(40));
  EXPECT_EQ(still.done.error().kind, ErrorKind::busy);
  EXPECT_GE(still.ms, 39);
  EXPECT_LT(still.ms, 500);
  EXPECT_EQ(serve(listener, "D"), "begin job=1 uid=2") << "the caller has gone, what it said has not";
}

TEST_F(Deliver, AFullQueueIsTriedUntilTheTimeIsOver) {
  const Fd listener = listen_at(path, 0);
  const sockaddr_un address = *make_unix_address(path);
  std::vector<Fd> queue;
  do {
    queue.push_back(make_socket());
  } while (::connect(queue.back().get(), as_sockaddr(address), sizeof address) == 0);
  const Timed full = deliver_timed(path, millis(40));
  EXPECT_EQ(full.done.error().kind, ErrorKind::busy);
  EXPECT_GE(full.ms, 39);
  EXPECT_LT(full.ms, 500);
}

}  // namespace
}  // namespace nw::slurm
