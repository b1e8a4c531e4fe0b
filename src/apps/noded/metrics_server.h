// MetricsServer: the port at which Prometheus scrapes nodewattd, served in the daemon's own poll loop.
//
// The daemon has a machine to measure, so nothing here blocks and all memory is bounded: at most kMostClients at once,
// each with a request of 8 kB and `patience` for the whole connection; one read a client and one rendered page a format
// per turn of the loop. A client too many replaces the one that connected first: a scraper sends its request with its
// connection and is answered at once, so the oldest connection is the idlest. Each connection gets one answer.
//
// The port has no authentication. Its content is for everybody (metrics.h); where the address should not be reachable
// by everybody, the site sets a narrower one.
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
  using Page = std::function<std::string(MetricsFormat)>;  // renders the current text

  // `address`: "127.0.0.1:9753" or "[::1]:9753", numeric only: no name lookup may delay measuring. An IPv6 address
  // serves IPv6 only. Port 0: any free one.
  static Result<MetricsServer> open(const std::string& address, Nanos patience = seconds(5));

  std::uint16_t port() const { return port_; }
  // The descriptors to poll. The next serve() expects the same entries, at any position among others.
  void add_to(std::vector<pollfd>& polled) const;
  void serve(std::span<const pollfd> polled, const Page& page);
  // When serve() is to be called again without any input; nothing: only on input.
  std::optional<Nanos> deadline() const;

 private:
  struct Client {
    Fd socket;
    Nanos deadline{};
    MetricsRequest request;
    std::string answer;
    std::size_t sent = 0;
    std::size_t drained = 0;  // bytes that came after the request, and are ignored
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
  std::deque<Client> clients_;  // in order of connection
  Nanos shut_until_{};          // accepting is paused: the process was out of descriptors
};

}  // namespace nw::noded
