// MetricsServer: the port at which a Prometheus scrapes nodewattd, as a guest in the daemon's own poll loop.
//
// The daemon has a machine to measure, so that nothing here waits and nothing here grows: at most kMostClients at once,
// each with a request of 8 kB and `patience` for all of its visit, one read a client and one page a form each time
// round. A client too many takes the place of the one that came first: a scraper sends its request with its connection
// and is answered the same moment, so that who has sat there longest has nothing to say. Each connection is for one
// answer.
//
// The port asks nobody who they are. What it says is for everybody (metrics.h); where the address should not be open to
// everybody, the site gives a narrower one.
#pragma once

#include <poll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/noded/metrics_request.h"
#include "base/fd.h"
#include "base/result.h"

namespace nw::noded {

class MetricsServer {
 public:
  static constexpr std::size_t kMostClients = 16;
  using Page = std::function<std::string(MetricsFormat)>;  // the text of now

  // `address`: "127.0.0.1:9753" or "[::1]:9753", numbers alone: no name has to be looked up before the machine is
  // measured. An IPv6 address is for IPv6 alone. Port 0: any that is free.
  static Result<MetricsServer> open(const std::string& address, Nanos patience = seconds(5));

  std::uint16_t port() const { return port_; }
  // What to wait for. The next serve() takes the same entries back, at any place among others.
  void add_to(std::vector<pollfd>& polled) const;
  void serve(std::span<const pollfd> polled, const Page& page);
  // When serve() is to be called again though nobody spoke; nothing: whenever somebody does.
  std::optional<Nanos> deadline() const;

 private:
  struct Client {
    Fd socket;
    Nanos deadline{};
    MetricsRequest request;
    std::string answer;
    std::size_t sent = 0;
    std::size_t drained = 0;  // bytes that came after the request, and are nothing to us
    enum { asks, listens, leaves, gone } state = asks;
  };

  MetricsServer(Fd listener, std::uint16_t port, Nanos patience)
      : listener_(std::move(listener)), port_(port), patience_(patience) {}
  void let_in();
  void hear(Client& client, const Page& page) const;
  static void tell(Client& client);
  static void see_off(Client& client);

  Fd listener_;
  std::uint16_t port_ = 0;
  Nanos patience_{};
  std::deque<Client> clients_;  // in the order in which they came
  Nanos shut_until_{};          // the process had no descriptor left
};

}  // namespace nw::noded
