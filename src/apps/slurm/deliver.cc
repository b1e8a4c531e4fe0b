#include "apps/slurm/deliver.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/unix_socket.h"
#include "consumer/wire.h"

namespace nw::slurm {

namespace {
constexpr Nanos kKnock = millis(2);  // between tries while the queue is full: nothing signals when it no longer is

Result<Fd> knock(const sockaddr_un& address, const std::string& path) {
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return tl::make_unexpected(system_error(errno, "socket"));
  if (::connect(socket.get(), as_sockaddr(address), sizeof address) == 0) return socket;
  return tl::make_unexpected(system_error(errno, path));
}

Result<Fd> connect_until(const std::string& path, Nanos deadline) {
  const sockaddr_un address = NW_TRY(make_unix_address(path));
  for (;;) {
    auto socket = knock(address, path);
    const Nanos left = deadline - monotonic();
    if (socket || socket.error().kind != ErrorKind::busy || left <= Nanos{}) return socket;
    const timespec wait{0, static_cast<long>(std::min(left, kKnock).count())};
    ::nanosleep(&wait, nullptr);
  }
}

Done await_answer(int socket, const std::string& path, Nanos deadline) {
  pollfd polled{socket, POLLIN, 0};
  for (;;) {
    const std::int64_t left = std::max((deadline - monotonic()).count(), std::int64_t{0});
    const timespec wait{left / kNanosPerSecond, left % kNanosPerSecond};
    const int ready = ::ppoll(&polled, 1, &wait, nullptr);
    if (ready > 0) break;
    if (ready < 0 && errno != EINTR) return tl::make_unexpected(system_error(errno, path));
    if (left == 0) return fail(ErrorKind::busy, path + ": sent, and not answered in time");
  }
  std::array<char, kMaxRequest> bytes;
  const ssize_t length = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (length < 0) return tl::make_unexpected(system_error(errno, path));
  const auto answer = parse_answer({bytes.data(), static_cast<std::size_t>(length)});
  if (!answer) return fail(ErrorKind::malformed, path + ": an answer that is none");
  if (answer->kind == 'E') return tl::make_unexpected(parse_refusal(answer->body));
  return {};
}
}  // namespace

Done deliver(const std::string& path, const std::string& request, Nanos patience) {
  const Nanos deadline = monotonic() + patience;
  // Root's own socket, unless this is not root, or a daemon that has none.
  auto own = ::geteuid() == 0 ? connect_until(root_socket(path), deadline) : fail(ErrorKind::absent, "");
  const Fd socket = own ? std::move(*own) : NW_TRY(connect_until(path, deadline));
  if (::send(socket.get(), request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    return tl::make_unexpected(system_error(errno, path));
  return await_answer(socket.get(), path, deadline);
}

}  // namespace nw::slurm
