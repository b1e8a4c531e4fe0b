#include "apps/noded/socket_server.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/unix_socket.h"

namespace nw::noded {

namespace {
Fd make_socket() { return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }
}  // namespace

Result<SocketServer> SocketServer::listen(const std::string& path) {
  const sockaddr_un address = NW_TRY(make_unix_address(path));
  Fd listener = make_socket();
  if (!listener) return tl::make_unexpected(system_error(errno, path));
  if (const Fd knock = make_socket();
      ::connect(knock.get(), as_sockaddr(address), sizeof address) == 0 || errno == EAGAIN)
    return fail(ErrorKind::busy, path + ": another nodewattd listens there");
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(path.c_str());
  if (::bind(listener.get(), as_sockaddr(address), sizeof address) != 0 || ::chmod(path.c_str(), 0666) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0)
    return tl::make_unexpected(system_error(errno, path));
  return SocketServer(std::move(listener));
}

void SocketServer::add_to(std::vector<pollfd>& polled) const {
  polled.push_back({listener_.get(), POLLIN, 0});
  for (const Client& client : clients_)
    polled.push_back({client.fd.get(), static_cast<short>(client.out.empty() ? POLLIN : POLLOUT), 0});
}

void SocketServer::accept_all(Nanos now) {
  for (;;) {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd && errno == EINTR) continue;
    if (!fd) return;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) continue;
    const auto of_one = std::count_if(clients_.begin(), clients_.end(),
                                      [&](const Client& client) { return client.peer.uid == peer.uid; });
    // Root always gets a connection: a prolog must be served.
    const bool full = clients_.size() >= kMaxPeers || of_one >= static_cast<std::ptrdiff_t>(kMaxOfOne);
    if (full && peer.uid != 0) {
      ++refused_;
      continue;
    }
    clients_.push_back({std::move(fd), {peer.uid}, now + kPatience, {}});
  }
}

bool SocketServer::may_ask(const Peer& peer, Nanos now) {
  if (peer.uid == 0) return true;
  if (buckets_.size() > 4096) buckets_.clear();
  return buckets_.try_emplace(peer.uid, kRequests, kBurst).first->second.take(now);
}

bool SocketServer::read(Client& client, const Handler& handler, Nanos now) {
  char bytes[kMaxRequest + 1];
  const ssize_t size = ::recv(client.fd.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  std::vector<Answer> answers;
  if (!may_ask(client.peer, now)) {
    ++refused_;
    answers.push_back(make_refusal({ErrorKind::busy, "too many requests a second; ask again later"}));
  } else if (const auto request = parse_request({bytes, static_cast<std::size_t>(size)})) {
    answers = handler(client.peer, *request);
  } else {
    ++refused_;
    answers.push_back(make_refusal(request.error()));
  }
  for (const Answer& answer : answers)
    for (std::string& message : make_messages(answer)) client.out.push_back(std::move(message));
  client.deadline = now + kPatience;
  return write(client, now);
}

bool SocketServer::write(Client& client, Nanos now) {
  while (!client.out.empty()) {
    const std::string& message = client.out.front();
    const ssize_t sent = ::send(client.fd.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == ENOBUFS;
    client.out.pop_front();
    client.deadline = now + kPatience;
  }
  return true;
}

void SocketServer::serve(const std::vector<pollfd>& polled, const Handler& handler, Nanos now) {
  const auto events = [&](int fd) {
    for (const pollfd& one : polled)
      if (one.fd == fd) return one.revents;
    return short{0};
  };
  std::erase_if(clients_, [&](Client& client) {
    const short its = events(client.fd.get());
    if ((its & (POLLERR | POLLNVAL)) != 0 || now > client.deadline) return true;
    if ((its & POLLOUT) != 0 && !client.out.empty()) return !write(client, now);
    if ((its & (POLLIN | POLLHUP)) != 0 && client.out.empty()) return !read(client, handler, now);
    return (its & POLLHUP) != 0;
  });
  if (events(listener_.get()) != 0) accept_all(now);
}

}  // namespace nw::noded
