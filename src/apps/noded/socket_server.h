// SocketServer: the daemon's socket. Takes requests, one at a time a connection, and sends the answers, without ever
// blocking: a client that does not read, or sends anything but a request, is disconnected.
//
// The kernel identifies the client (SO_PEERCRED), as of its connect(2) and in this process's user namespace. Each user
// has limited connections and requests a second; root has no limit on requests, since a prolog runs as root.
#pragma once

#include <poll.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "apps/noded/access.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/token_bucket.h"
#include "base/units.h"
#include "consumer/wire.h"

namespace nw::noded {

class SocketServer {
 public:
  static constexpr std::size_t kMaxPeers = 128, kMaxOfOne = 16;
  static constexpr double kRequests = 20, kBurst = 40;  // per second for each user, and burst size
  static constexpr Nanos kPatience = seconds(5);        // for receiving a request, and for a slow reader

  using Handler = std::function<std::vector<Answer>(const Peer&, const Request&)>;

  // Takes the path over from a dead process; busy when a living one listens there. Everybody may connect.
  static Result<SocketServer> listen(const std::string& path);

  void add_to(std::vector<pollfd>& polled) const;
  // Serves what is pending; call after each poll, with the polled descriptors.
  void serve(const std::vector<pollfd>& polled, const Handler& handler, Nanos now);
  std::uint64_t refused() const { return refused_; }

 private:
  struct Client {
    Fd fd;
    Peer peer;
    Nanos deadline{};
    std::deque<std::string> out;
  };
  explicit SocketServer(Fd listener) : listener_(std::move(listener)) {}
  void accept_all(Nanos now);
  bool read(Client& client, const Handler& handler, Nanos now);  // false: disconnect
  bool write(Client& client, Nanos now);
  bool may_ask(const Peer& peer, Nanos now);

  Fd listener_;
  std::vector<Client> clients_;
  std::map<std::uint32_t, TokenBucket> buckets_;
  std::uint64_t refused_ = 0;
};

}  // namespace nw::noded
