#include "apps/noded/metrics_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "base/monotonic.h"
#include "base/parse.h"

namespace nw::noded {

namespace {
constexpr int kBacklog = 32;
constexpr std::size_t kPiece = 4096;           // bytes read from one client at once
constexpr std::size_t kMostDrained = 1 << 16;  // of input after a request; more is not read
constexpr Nanos kShut = seconds(1);

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// Numeric addresses only, in the usual notation.
Result<Address> parse_address(const std::string& text) {
  const auto refuse = [&] {
    return fail(ErrorKind::malformed, fmt::format("metrics address {}: wanted ADDRESS:PORT in numbers, such as "
                                                  "127.0.0.1:9753 or [::1]:9753",
                                                  quote(text, 80)));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return refuse();
  std::string host = text.substr(0, colon);
  const std::string digits = text.substr(colon + 1);
  const auto port = parse_u64(digits);
  if (!port || *port > 65535 || digits.find_first_not_of("0123456789") != std::string::npos) return refuse();
  const auto wire_port = htons(static_cast<std::uint16_t>(*port));
  Address address;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
    six.sin6_family = AF_INET6;
    six.sin6_port = wire_port;
    address.size = sizeof six;
    if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) return address;
  } else {
    auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
    four.sin_family = AF_INET;
    four.sin_port = wire_port;
    address.size = sizeof four;
    if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) return address;
  }
  return refuse();
}

std::uint16_t port_of(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

std::string_view reason(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 431: return "Request Header Fields Too Large";
    default: return "Bad Request";
  }
}

// The body of an error response is its reason, for a user with a browser.
std::string make_response(const MetricsOutcome& outcome, const MetricsServer::Page& page) {
  const bool good = outcome.status == 200;
  const std::string body =
      good ? page(outcome.form) : fmt::format("{} /metrics is what there is\n", reason(outcome.status));
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}",
                     outcome.status, reason(outcome.status),
                     good ? content_type(outcome.form) : "text/plain; charset=utf-8", body.size(),
                     outcome.status == 405 ? "Allow: GET, HEAD\r\n" : "", outcome.head ? "" : body);
}

bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }
}  // namespace

Result<MetricsServer> MetricsServer::open(const std::string& address, Nanos patience) {
  const Address at = NW_TRY(parse_address(address));
  const std::string what = "metrics address " + address;
  Fd socket(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return tl::make_unexpected(system_error(errno, what));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (at.storage.ss_family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at.storage), at.size) != 0 ||
      ::listen(socket.get(), kBacklog) != 0)
    return tl::make_unexpected(system_error(errno, what));
  const std::uint16_t port = port_of(socket.get());
  return MetricsServer(std::move(socket), port, patience);
}

void MetricsServer::add_to(std::vector<pollfd>& polled) const {
  if (shut_until_ <= monotonic()) polled.push_back({listener_.get(), POLLIN, 0});
  for (const Client& client : clients_)
    polled.push_back({client.socket.get(), static_cast<short>(client.state == Client::listens ? POLLOUT : POLLIN), 0});
}

void MetricsServer::serve(std::span<const pollfd> polled, const Page& page) {
  std::map<MetricsFormat, std::string> pages;
  const Page once = [&](MetricsFormat form) {
    auto& text = pages[form];
    if (text.empty()) text = page(form);
    return text;
  };
  const auto spoke = [&](int fd) {
    return std::any_of(polled.begin(), polled.end(),
                       [&](const pollfd& each) { return each.fd == fd && each.revents != 0; });
  };
  const bool knocked = spoke(listener_.get());
  for (Client& client : clients_) {
    if (!spoke(client.socket.get())) continue;
    if (client.state == Client::asks) hear(client, once);
    // Falls through on purpose: an answer is sent in the same turn in which its request came in.
    if (client.state == Client::listens)
      tell(client);
    else if (client.state == Client::leaves)
      see_off(client);
  }
  const Nanos now = monotonic();
  std::erase_if(clients_, [&](const Client& each) { return each.state == Client::gone || each.deadline <= now; });
  if (knocked) let_in();
}

std::optional<Nanos> MetricsServer::deadline() const {
  std::optional<Nanos> first;
  if (!clients_.empty()) first = clients_.front().deadline;
  if (shut_until_ > monotonic()) first = std::min(first.value_or(shut_until_), shut_until_);
  return first;
}

// As many as there is room for, no more: a flood does not hold up the loop.
void MetricsServer::let_in() {
  for (std::size_t i = 0; i < kMostClients; ++i) {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      // A connection that was aborted meanwhile is ignored. Without free descriptors it would stay pending, and wake
      // us, for ever.
      if (!is_passing(errno) && errno != ECONNABORTED && errno != EPROTO) shut_until_ = monotonic() + kShut;
      return;
    }
    if (clients_.size() == kMostClients) clients_.pop_front();
    clients_.emplace_back();
    clients_.back().socket = std::move(socket);
    clients_.back().deadline = monotonic() + patience_;
  }
}

void MetricsServer::hear(Client& client, const Page& page) const {
  char piece[kPiece];
  const ssize_t size = ::recv(client.socket.get(), piece, sizeof piece, 0);
  if (size <= 0) {
    if (size == 0 || !is_passing(errno)) client.state = Client::gone;
    return;
  }
  const auto outcome = client.request.feed({piece, static_cast<std::size_t>(size)});
  if (!outcome) return;
  client.answer = make_response(*outcome, page);
  client.state = Client::listens;
}

void MetricsServer::tell(Client& client) {
  const ssize_t size =
      ::send(client.socket.get(), client.answer.data() + client.sent, client.answer.size() - client.sent, MSG_NOSIGNAL);
  if (size < 0) {
    if (!is_passing(errno)) client.state = Client::gone;
    return;
  }
  client.sent += static_cast<std::size_t>(size);
  if (client.sent < client.answer.size()) return;
  // Closing a socket with unread input sends a reset, which may overtake the answer. So the other side closes first.
  client.answer.clear();
  ::shutdown(client.socket.get(), SHUT_WR);
  client.state = Client::leaves;
}

void MetricsServer::see_off(Client& client) {
  char piece[kPiece];
  const ssize_t size = ::recv(client.socket.get(), piece, sizeof piece, 0);
  if (size > 0) client.drained += static_cast<std::size_t>(size);
  if (size == 0 || (size < 0 && !is_passing(errno)) || client.drained > kMostDrained) client.state = Client::gone;
}

}  // namespace nw::noded
