// SocketServer: the daemon's socket. Takes requests, one at a time a connection, and sends the answers, without ever
// blocking: a client that does not read, or sends anything but a request, is disconnected.
//
// The kernel identifies the client (SO_PEERCRED), as of its connect(2) and in this process's user namespace. Each user
// has limited connections, requests a second and bytes that wait to be read; where all places are taken, the user with
// the most gives one up to a user with fewer. A flood of connections is accepted slowly, so that it costs the sampling
// loop little. Descriptors are taken with an `attach` or a `run` alone, and what a client may have put into its
// connection is closed elsewhere (Closer). Root has no limits, and a socket of its own beside the public one
// (root_socket), since a prolog runs as root and must be served whatever users do.
#pragma once

#include <poll.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/noded/access.h"
#include "apps/noded/closer.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/token_bucket.h"
#include "base/units.h"
#include "consumer/wire.h"

namespace nw::noded {

// What came with a request: descriptors that the client handed over, and its connection. Whoever takes the connection
// answers there himself.
struct Handed {
  std::vector<Fd>& files;
  Connection& connection;
};

class SocketServer {
 public:
  static constexpr std::size_t kMaxPeers = 128, kMaxOfOne = 16;
  static constexpr double kAccepts = 160, kAcceptBurst = 32;  // of users, per second, and burst size
  static constexpr Nanos kAfterFlood = millis(50);            // then none for so long
  static constexpr std::size_t kMaxQueued = 4 << 20;          // bytes that wait for the clients of one user
  static constexpr std::size_t kMaxQueuedOfAll = 4 * kMaxQueued;
  static constexpr double kRequests = 20, kBurst = 40;     // per second for each user, and burst size
  static constexpr double kLinks = 5, kLinksAtOnce = 256;  // likewise of those: all ranks of a program come at once
  static constexpr Nanos kPatience = seconds(5);           // for receiving a request, and for a slow reader

  static constexpr std::size_t kMaxFiles = 253;  // with one message, as the kernel has it (SCM_MAX_FD)

  using Handler = std::function<std::vector<Answer>(const Peer&, const Request&, Handed&)>;

  // Takes the paths over from a dead process; busy when a living one listens there. Everybody may connect to `path`,
  // and root to root_socket(path), from the moment they exist.
  static Result<SocketServer> listen(const std::string& path);

  void add_to(std::vector<pollfd>& polled, Nanos now) const;
  // When connections are accepted again, where a flood has stopped that.
  Nanos accepts_from() const { return accepts_from_; }
  // Serves what is pending; call after each poll, with the polled descriptors.
  void serve(const std::vector<pollfd>& polled, const Handler& handler, Nanos now);
  std::uint64_t refused() const { return refused_; }

 private:
  struct Client {
    Connection fd;
    Peer peer;
    Nanos deadline{};
    std::deque<std::string> out;
    std::size_t queued = 0;  // bytes in `out`
  };
  SocketServer(Fd everyone, Fd root) : everyone_(std::move(everyone)), root_(std::move(root)) {}
  bool may_accept(Nanos now) { return !closer_->is_full() && accepts_.take(now); }
  bool accept_one(int listener, const Handler& handler, Nanos now);
  bool make_place(const Peer& peer);
  bool has_room(const Peer& peer) const;
  bool read(Client& client, const Handler& handler, Nanos now);  // false: disconnect
  std::vector<Answer> answer(Client& client, std::string_view text, std::vector<Fd>& files, const Handler& handler,
                             Nanos now);
  bool write(Client& client, Nanos now);
  bool may_ask(const Peer& peer, const Request& request, Nanos now);

  Fd everyone_, root_;
  std::shared_ptr<Closer> closer_ = std::make_shared<Closer>();
  TokenBucket accepts_{kAccepts, kAcceptBurst};
  Nanos accepts_from_{};
  std::vector<Client> clients_;
  std::map<std::uint32_t, TokenBucket> buckets_, links_;
  std::uint64_t refused_ = 0;
};

}  // namespace nw::noded
