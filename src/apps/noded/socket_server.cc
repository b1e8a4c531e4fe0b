#include "apps/noded/socket_server.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/unix_socket.h"

namespace nw::noded {

namespace {
// Requests that hand memory over.
bool is_link(std::string_view request) { return request.starts_with("attach") || request.starts_with("run"); }

Fd make_socket() { return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

// The next message, which stays there. -1 and errno as recv(2).
struct Seen {
  ssize_t size;
  bool has_files;
};
Seen look_at(int socket, std::span<char> bytes) {
  iovec piece{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_PEEK);
  return {size, (message.msg_flags & MSG_CTRUNC) != 0};  // there is no room for them
}

// Takes the message that was looked at away, and its descriptors: all of them, since the kernel would close the others
// here and now.
void take_next(int socket, bool has_files, std::vector<Fd>& files) {
  alignas(cmsghdr) char control[CMSG_SPACE(SocketServer::kMaxFiles * sizeof(int))];
  msghdr message{};
  if (has_files) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
  if (::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= one->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(one) + at, sizeof fd);
      files.emplace_back(fd);
    }
  }
}

// The file has its mode from the beginning: a change afterwards, by path, could be of another file.
Result<Fd> listen_at(const std::string& path, mode_t mode) {
  const sockaddr_un address = NW_TRY(make_unix_address(path));
  Fd listener = make_socket();
  if (!listener) return tl::make_unexpected(system_error(errno, path));
  if (const Fd knock = make_socket();
      ::connect(knock.get(), as_sockaddr(address), sizeof address) == 0 || errno == EAGAIN)
    return fail(ErrorKind::busy, path + ": another nodewattd listens there");
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(path.c_str());
  const mode_t before = ::umask(0);
  const bool bound =
      ::fchmod(listener.get(), mode) == 0 && ::bind(listener.get(), as_sockaddr(address), sizeof address) == 0;
  const int why = errno;
  ::umask(before);
  if (!bound) return tl::make_unexpected(system_error(why, path));
  if (::listen(listener.get(), SOMAXCONN) != 0) return tl::make_unexpected(system_error(errno, path));
  return listener;
}
}  // namespace

Result<SocketServer> SocketServer::listen(const std::string& path) {
  Fd everyone = NW_TRY(listen_at(path, 0666));
  Fd root = NW_TRY(listen_at(root_socket(path), 0600));
  return SocketServer(std::move(everyone), std::move(root));
}

void SocketServer::add_to(std::vector<pollfd>& polled, Nanos now) const {
  polled.push_back({root_.get(), POLLIN, 0});
  polled.push_back({everyone_.get(), static_cast<short>(now < accepts_from_ ? 0 : POLLIN), 0});
  for (const Client& client : clients_)
    polled.push_back({client.fd.get(), static_cast<short>(client.out.empty() ? POLLIN : POLLOUT), 0});
}

// Where all places are taken, the user with the most gives up the place that has waited longest, to one with fewer.
bool SocketServer::make_place(const Peer& peer) {
  if (peer.uid == 0) return true;
  std::map<std::uint32_t, std::size_t> of;
  for (const Client& client : clients_) ++of[client.peer.uid];
  if (of[peer.uid] >= kMaxOfOne) return false;
  if (clients_.size() < kMaxPeers) return true;
  const auto most = std::max_element(of.begin(), of.end(), [](const auto& a, const auto& b) {
    return a.first == 0 || (b.first != 0 && a.second < b.second);
  });
  if (most->first == 0 || most->second <= of[peer.uid] + 1) return false;
  auto oldest = clients_.end();
  for (auto at = clients_.begin(); at != clients_.end(); ++at)
    if (at->peer.uid == most->first && (oldest == clients_.end() || at->deadline < oldest->deadline)) oldest = at;
  clients_.erase(oldest);
  return true;
}

// False when nobody waits. What the client has sent already is served at once: a link needs its place no longer then.
bool SocketServer::accept_one(int listener, const Handler& handler, Nanos now) {
  Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) return errno == EINTR;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return true;
  const Peer who{peer.uid, static_cast<std::uint32_t>(peer.pid)};
  Connection connection(std::move(fd), who.uid, closer_);
  if (!make_place(who)) return ++refused_, true;
  clients_.push_back({std::move(connection), who, now + kPatience, {}, 0});
  if (!read(clients_.back(), handler, now)) clients_.pop_back();
  return true;
}

bool SocketServer::has_room(const Peer& peer) const {
  if (peer.uid == 0) return true;
  std::size_t own = 0, all = 0;
  for (const Client& client : clients_) {
    all += client.queued;
    if (client.peer.uid == peer.uid) own += client.queued;
  }
  return own < kMaxQueued && all < kMaxQueuedOfAll;
}

bool SocketServer::may_ask(const Peer& peer, const Request& request, Nanos now) {
  if (peer.uid == 0) return true;
  for (auto* buckets : {&buckets_, &links_})
    if (buckets->size() > 4096) buckets->clear();
  if (is_link(request.verb)) return links_.try_emplace(peer.uid, kLinks, kLinksAtOnce).first->second.take(now);
  return buckets_.try_emplace(peer.uid, kRequests, kBurst).first->second.take(now);
}

std::vector<Answer> SocketServer::answer(Client& client, std::string_view text, std::vector<Fd>& files,
                                         const Handler& handler, Nanos now) {
  const auto refuse = [this](const Error& error) { return ++refused_, std::vector<Answer>{make_refusal(error)}; };
  const auto request = parse_request(text);
  if (!may_ask(client.peer, request.value_or(Request{}), now))
    return refuse({ErrorKind::busy, "too many requests a second; ask again later"});
  if (!has_room(client.peer)) return refuse({ErrorKind::busy, "too many answers wait to be read; ask again later"});
  if (!request) return refuse(request.error());
  Handed handed{files, client.fd};
  return handler(client.peer, *request, handed);
}

bool SocketServer::read(Client& client, const Handler& handler, Nanos now) {
  char bytes[kMaxRequest + 1];
  const Seen seen = look_at(client.fd.get(), bytes);
  if (seen.size < 0) return errno == EAGAIN || errno == EINTR;
  const std::string_view text(bytes, static_cast<std::size_t>(seen.size));
  if (seen.has_files && (!is_link(text) || !closer_->may_hand_over(client.peer.uid))) return ++refused_, false;
  std::vector<Fd> files;
  take_next(client.fd.get(), seen.has_files, files);
  if (seen.size == 0 && files.empty()) return false;
  const std::vector<Answer> answers = answer(client, text, files, handler, now);
  for (Fd& file : files)
    if (file) closer_->close(std::move(file), client.peer.uid);
  if (!client.fd) return false;
  for (const Answer& answer : answers)
    for (std::string& message : make_messages(answer)) {
      client.queued += message.size();
      client.out.push_back(std::move(message));
    }
  client.deadline = now + kPatience;
  return write(client, now);
}

bool SocketServer::write(Client& client, Nanos now) {
  while (!client.out.empty()) {
    const std::string& message = client.out.front();
    const ssize_t sent = ::send(client.fd.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == ENOBUFS;
    client.queued -= message.size();
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
  closer_->look(now);
  if (events(root_.get()) != 0)
    while (accept_one(root_.get(), handler, now)) {
    }
  if (events(everyone_.get()) == 0 || now < accepts_from_) return;
  bool may = true;
  while ((may = may_accept(now)) && accept_one(everyone_.get(), handler, now)) {
  }
  if (!may) accepts_from_ = now + kAfterFlood;
}

}  // namespace nw::noded
