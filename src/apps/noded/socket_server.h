// SocketServer: the daemon's socket. Takes requests, one at a time a connection, and sends what is answered, without
// ever waiting for anybody: who does not read, or sends what is no request, is hung up on.
//
// The kernel says who is at the other end (SO_PEERCRED), as of its connect(2) and in this process's user namespace.
// Each user has so many connections and requests a second; root has no limit on requests, since a prolog speaks as
// root.
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
  static constexpr double kRequests = 20, kBurst = 40;  // of one user a second, and saved up
  static constexpr Nanos kPatience = seconds(5);        // for a request, and for a slow reader

  using Handler = std::function<std::vector<Answer>(const Peer&, const Request&)>;

  // Takes the path over from a dead process; busy when a living one listens there. Everybody may connect.
  static Result<SocketServer> listen(const std::string& path);

  void add_to(std::vector<pollfd>& polled) const;
  // Answers what has come; call after each poll, with what was polled.
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
  bool read(Client& client, const Handler& handler, Nanos now);  // false: hang up
  bool write(Client& client, Nanos now);
  bool may_ask(const Peer& peer, Nanos now);

  Fd listener_;
  std::vector<Client> clients_;
  std::map<std::uint32_t, TokenBucket> buckets_;
  std::uint64_t refused_ = 0;
};

}  // namespace nw::noded
