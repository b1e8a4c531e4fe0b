#include "apps/ipmi/broker.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace nw::ipmi_app {

namespace {
constexpr std::size_t kMostPeers = 4;
constexpr Nanos kDeadline = millis(480);  // for the controller; the clients' own is 500 ms

bool is_allowed(int socket, const std::vector<uid_t>& users) {
  ucred who{};
  socklen_t length = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) return false;
  return who.uid == 0 || std::ranges::find(users, who.uid) != users.end();
}

bool send_answer(int socket, const IpmiAnswer& answer) {
  const std::string bytes = make_ipmi_answer(answer);
  return ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}
}  // namespace

IpmiBroker::IpmiBroker(Fd listener, std::vector<uid_t> users, Open open)
    : listener_(std::move(listener)), users_(std::move(users)), open_(std::move(open)) {}

Done IpmiBroker::serve_once(Nanos patience) {
  // With kMostPeers connected, further ones wait in the listener's queue.
  std::vector<pollfd> polled{{peers_.size() < kMostPeers ? listener_.get() : -1, POLLIN, 0}};
  for (const Peer& peer : peers_) polled.push_back({peer.socket.get(), POLLIN, 0});
  const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(patience.count() / kMicro));
  if (ready < 0 && errno != EINTR) return tl::make_unexpected(system_error(errno, "poll"));
  if (ready <= 0) return {};
  if ((polled[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return fail(ErrorKind::failed, "the socket is closed");
  std::vector<Peer> staying;
  for (std::size_t i = 0; i < peers_.size(); ++i)
    if (polled[i + 1].revents == 0 || answer(peers_[i])) staying.push_back(std::move(peers_[i]));
  peers_ = std::move(staying);
  if ((polled[0].revents & POLLIN) != 0) let_in();
  return {};
}

void IpmiBroker::let_in() {
  Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!peer) return;
  const bool may_ask = is_allowed(peer.get(), users_);
  // An answer before the request would be lost with it. One slot is enough for clients that are to be refused.
  if (!may_ask) std::erase_if(peers_, [](const Peer& other) { return !other.may_ask; });
  peers_.push_back({std::move(peer), may_ask});
}

bool IpmiBroker::answer(const Peer& peer) {
  const int socket = peer.socket.get();
  std::array<std::uint8_t, 8> bytes;
  const ssize_t length = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (length < 0) return errno == EAGAIN || errno == EINTR;
  if (length == 0) return false;
  if (!peer.may_ask)
    return send_answer(socket, fail(ErrorKind::denied, "nodewatt-ipmi answers root and the daemon alone")), false;
  const std::size_t taken = std::min(static_cast<std::size_t>(length), bytes.size());
  const auto request = parse_ipmi_question({bytes.data(), taken});
  if (!request) return send_answer(socket, fail(ErrorKind::denied, "no question that may pass")), false;
  return send_answer(socket, ask(*request));
}

IpmiAnswer IpmiBroker::ask(const IpmiRequest& request) {
  if (device_ == nullptr) device_ = NW_TRY(open_());
  auto answer = device_->send(request, kDeadline);
  if (!answer && answer.error().kind != ErrorKind::busy) device_ = nullptr;
  return answer;
}

}  // namespace nw::ipmi_app
