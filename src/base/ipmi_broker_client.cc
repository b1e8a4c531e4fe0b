#include "base/ipmi_broker_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/parse.h"
#include "base/unix_socket.h"

namespace nw {

namespace {
constexpr std::string_view kErrors = "adbmf";  // the letters of ErrorKind, in its order
constexpr std::size_t kMostSentence = 200;

bool is_row(const IpmiAllowed& row, const IpmiRequest& request) {
  return row.netfn == request.netfn && row.command == request.command &&
         std::equal(row.data, row.data + row.length, request.data.begin(), request.data.end());
}

Result<Fd> connect_to(const std::string& path) {
  const sockaddr_un address = NW_TRY(make_unix_address(path));
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return tl::make_unexpected(system_error(errno, "socket"));
  if (::connect(socket.get(), as_sockaddr(address), sizeof address) == 0) return socket;
  if (errno == ECONNREFUSED) return fail(ErrorKind::absent, path + ": nobody listens there");
  return tl::make_unexpected(system_error(errno, path));
}

class IpmiBrokerClient : public Ipmi {
 public:
  IpmiBrokerClient(std::string path, Fd socket) : path_(std::move(path)), socket_(std::move(socket)) {}

  IpmiAnswer send(const IpmiRequest& request, Nanos deadline) override {
    const auto row = ipmi_row(request);
    if (!row)
      return fail(ErrorKind::denied, fmt::format("{}: netfn {:#04x}, command {:#04x} is not one that may pass", path_,
                                                 request.netfn, request.command));
    auto answer = ask(*row, deadline);
    if (!answer && answer.error().kind == ErrorKind::busy)
      socket_ = Fd();  // else the next request would get this one's answer
    return answer;
  }

 private:
  IpmiAnswer ask(std::uint8_t row, Nanos deadline) {
    NW_CHECK(send_request(row));
    const Nanos until = monotonic() + deadline;
    pollfd polled{socket_.get(), POLLIN, 0};
    for (;;) {
      const Nanos left = std::max(until - monotonic(), Nanos{});
      const int ready = ::poll(&polled, 1, static_cast<int>(left.count() / kMicro + 1));
      if (ready > 0) break;
      if (ready < 0 && errno != EINTR) return tl::make_unexpected(system_error(errno, path_));
      if (left == Nanos{})
        return fail(ErrorKind::busy, fmt::format("{}: no answer within {} ms", path_, deadline.count() / kMicro));
    }
    std::array<std::uint8_t, kMostIpmiAnswer> bytes;
    const ssize_t length = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (length > 0) return parse_ipmi_answer({bytes.data(), static_cast<std::size_t>(length)});
    const int error = length < 0 ? errno : 0;
    socket_ = Fd();
    if (error != 0) return tl::make_unexpected(system_error(error, path_));
    return fail(ErrorKind::failed, path_ + ": nodewatt-ipmi hung up");
  }

  // An existing connection may be to a process that has ended: retried once with a new one.
  Done send_request(std::uint8_t row) {
    for (const bool again : {false, true}) {
      if (!socket_) socket_ = NW_TRY(connect_to(path_));
      if (::send(socket_.get(), &row, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) return {};
      const int error = errno;
      socket_ = Fd();
      if (again && error == EPIPE) return fail(ErrorKind::denied, path_ + ": nodewatt-ipmi does not hear this user");
      if (again) return tl::make_unexpected(system_error(error, path_));
    }
    return {};
  }

  std::string path_;
  Fd socket_;
};
}  // namespace

std::optional<std::uint8_t> ipmi_row(const IpmiRequest& request) {
  if (request.lun != 0 || request.slave != 0 || request.channel != 0) return {};
  for (std::size_t i = 0; i < std::size(kIpmiAllowed); ++i)
    if (is_row(kIpmiAllowed[i], request)) return static_cast<std::uint8_t>(i);
  return {};
}

std::optional<IpmiRequest> parse_ipmi_question(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != 1 || bytes[0] >= std::size(kIpmiAllowed)) return {};
  const IpmiAllowed& row = kIpmiAllowed[bytes[0]];
  return IpmiRequest{row.netfn, row.command, {row.data, row.data + row.length}};
}

std::string make_ipmi_answer(const IpmiAnswer& answer) {
  if (!answer) {
    const char kind = kErrors[static_cast<unsigned>(answer.error().kind)];
    return std::string("E") + kind + answer.error().what.substr(0, kMostSentence);
  }
  const std::size_t length = std::min(answer->size(), kMostIpmiAnswer - 1);
  return "A" + std::string(answer->begin(), answer->begin() + static_cast<std::ptrdiff_t>(length));
}

IpmiAnswer parse_ipmi_answer(std::span<const std::uint8_t> bytes) {
  if (bytes.size() >= 2 && bytes[0] == 'A') return std::vector<std::uint8_t>(bytes.begin() + 1, bytes.end());
  const auto kind = bytes.size() >= 2 && bytes[0] == 'E' ? kErrors.find(static_cast<char>(bytes[1])) : kErrors.npos;
  if (kind == kErrors.npos) return fail(ErrorKind::malformed, "an answer that is none of nodewatt-ipmi");
  const std::string_view sentence(reinterpret_cast<const char*>(bytes.data()) + 2, bytes.size() - 2);
  return fail(static_cast<ErrorKind>(kind), valid_utf8(sentence));
}

Result<std::shared_ptr<Ipmi>> open_ipmi_broker(const std::string& socket) {
  Fd connection = NW_TRY(connect_to(socket));
  return std::make_shared<IpmiBrokerClient>(socket, std::move(connection));
}

Result<std::shared_ptr<Ipmi>> open_ipmi_or_broker(const std::string& device, const std::string& socket) {
  auto own = open_real_ipmi(device);
  if (own || (own.error().kind != ErrorKind::denied && own.error().kind != ErrorKind::absent)) return own;
  auto broker = open_ipmi_broker(socket);
  return broker ? std::move(broker) : std::move(own);
}

}  // namespace nw
