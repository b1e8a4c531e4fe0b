// Both ends of the daemon's socket: what one side writes the other parses by the rules of this file alone.
//
// The parser handles bytes that any user may send to a root process. It accepts a message as a whole or not at all, and
// an error names the position; nothing is trimmed, folded or guessed. Whether a verb or a key is valid is checked by
// the server. Message boundaries come from the kernel (SOCK_SEQPACKET), so there is no length field to falsify and no
// partial message.
#include "consumer/wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/parse.h"
#include "base/unix_socket.h"

namespace nw {

namespace {
constexpr std::size_t kMostMessage = 16U << 20U;  // bytes; the largest record with a timeline has under 1 MiB
constexpr std::size_t kMostAnswer = 256U << 20U;  // bytes of all messages of one answer
constexpr std::string_view kHex = "0123456789ABCDEF";

bool is_plain(char c) { return c > 0x20 && c < 0x7f; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

tl::unexpected<Error> refuse(std::string what) { return fail(ErrorKind::malformed, std::move(what)); }

std::string encode(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (is_plain(c) && c != '%') {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return text;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// `at` is where the value begins in the request.
Result<std::string> decode(std::string_view value, std::size_t at) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      text += value[i];
      continue;
    }
    const auto high = i + 2 < value.size() ? hex_digit(value[i + 1]) : std::nullopt;
    const auto low = i + 2 < value.size() ? hex_digit(value[i + 2]) : std::nullopt;
    if (!high || !low) return refuse(fmt::format("a percent sign without two hex digits at byte {}", at + i));
    text += static_cast<char>(*high << 4U | *low);
    i += 2;
  }
  return text;
}

Done take_word(std::string_view word, std::size_t at, Request& request) {
  const auto equals = word.find('=');
  if (word.empty()) return refuse(fmt::format("a space too many at byte {}", at));
  if (equals == std::string_view::npos) return refuse(fmt::format("no '=' in {} at byte {}", quote(word), at));
  const std::string_view key = word.substr(0, equals);
  if (key.empty()) return refuse(fmt::format("a value without a key at byte {}", at));
  if (!std::all_of(key.begin(), key.end(), is_word))
    return refuse(fmt::format("the key {} at byte {} is not of a-z, 0-9 and _", quote(key), at));
  std::string value = NW_TRY(decode(word.substr(equals + 1), at + equals + 1));
  if (!request.values.emplace(key, std::move(value)).second)
    return refuse(fmt::format("{} is said twice, at byte {}", key, at));
  return {};
}

Done send_request(int socket, const std::string& path, const std::string& bytes) {
  ssize_t sent = 0;
  while ((sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  if (sent >= 0) return {};
  if (errno == EAGAIN) return fail(ErrorKind::busy, path + ": nodewattd does not listen");
  return tl::make_unexpected(system_error(errno, path));
}

Done await_message(int socket, const std::string& path, Nanos patience) {
  const Nanos deadline = monotonic() + patience;
  for (;;) {
    const Nanos left = std::max(deadline - monotonic(), Nanos{});
    pollfd polled{socket, POLLIN, 0};
    const int ready =
        ::poll(&polled, 1, static_cast<int>(std::min<std::int64_t>(left.count() / kMicro + 1, INT32_MAX)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return tl::make_unexpected(system_error(errno, path));
    if (left == Nanos{}) return fail(ErrorKind::busy, path + ": nodewattd does not answer");
  }
}

// The next message, whole. The kernel gives its length before it is taken (MSG_TRUNC).
Result<std::string> next_message(int socket, const std::string& path, Nanos patience) {
  NW_CHECK(await_message(socket, path, patience));
  const ssize_t length = ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  if (length < 0) return tl::make_unexpected(system_error(errno, path));
  if (length == 0) return fail(ErrorKind::failed, path + ": nodewattd hung up in the middle of its answer");
  if (static_cast<std::size_t>(length) > kMostMessage)
    return refuse(fmt::format("{}: a message of {} bytes", path, length));
  std::string bytes(static_cast<std::size_t>(length), '\0');
  if (::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT) != length)
    return tl::make_unexpected(system_error(errno, path));
  return bytes;
}
}  // namespace

std::string_view Request::get(const std::string& key) const {
  const auto found = values.find(key);
  return found == values.end() ? std::string_view() : std::string_view(found->second);
}

std::string make_request(const Request& request) {
  std::string bytes = request.verb;
  for (const auto& [key, value] : request.values) bytes += fmt::format(" {}={}", key, encode(value));
  return bytes;
}

Result<Request> parse_request(std::string_view bytes) {
  if (bytes.size() > kMaxRequest)
    return refuse(fmt::format("a request of {} bytes; {} are allowed", bytes.size(), kMaxRequest));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (!is_plain(bytes[i]) && bytes[i] != ' ')
      return refuse(fmt::format("the byte 0x{:02x} at byte {}", static_cast<unsigned char>(bytes[i]), i));
  Request request;
  const auto words = split(bytes, ' ');
  request.verb = words.front();
  if (request.verb.empty()) return refuse("a request without a verb at byte 0");
  if (!std::all_of(request.verb.begin(), request.verb.end(), is_word))
    return refuse(fmt::format("the verb {} at byte 0 is not of a-z, 0-9 and _", quote(request.verb)));
  std::size_t at = request.verb.size() + 1;
  for (std::size_t i = 1; i < words.size(); at += words[i].size() + 1, ++i) NW_CHECK(take_word(words[i], at, request));
  return request;
}

std::string make_answer(const Answer& answer) { return answer.kind + answer.body; }

std::vector<std::string> make_messages(const Answer& answer) {
  std::vector<std::string> messages;
  const char piece = static_cast<char>(answer.kind - 'A' + 'a');
  std::size_t at = 0;
  for (; answer.body.size() - at > kPiece; at += kPiece) messages.push_back(piece + answer.body.substr(at, kPiece));
  messages.push_back(answer.kind + answer.body.substr(at));
  return messages;
}

Answer make_refusal(const Error& error) { return {'E', fmt::format("{} {}", name(error.kind), error.what)}; }

std::optional<Answer> parse_answer(std::string_view bytes) {
  if (bytes.empty() || std::string_view("RSMWDErs").find(bytes[0]) == std::string_view::npos) return std::nullopt;
  if (bytes[0] == 'D' && bytes.size() > 1) return std::nullopt;
  return Answer{bytes[0], std::string(bytes.substr(1))};
}

Error parse_refusal(std::string_view body) {
  const auto space = body.find(' ');
  if (space == std::string_view::npos) return {error_kind(body), "the daemon refused, and said no reason"};
  return {error_kind(body.substr(0, space)), valid_utf8(body.substr(space + 1))};
}

Result<Fd> connect_to_daemon(const std::string& path, Nanos patience) {
  const sockaddr_un address = NW_TRY(make_unix_address(path));
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return tl::make_unexpected(system_error(errno, "socket"));
  // A full queue of the listener would block connect and send for ever.
  const timeval most{patience.count() / kNanosPerSecond, (patience.count() % kNanosPerSecond) / 1000 + 1};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
  int done = 0;
  while ((done = ::connect(socket.get(), as_sockaddr(address), sizeof address)) != 0 && errno == EINTR) {
  }
  if (done == 0) return socket;
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
    return fail(ErrorKind::absent, "no nodewattd listens at " + path);
  if (errno == EAGAIN) return fail(ErrorKind::busy, path + ": nodewattd takes no more callers now");
  return tl::make_unexpected(system_error(errno, path));
}

Result<std::vector<Answer>> receive_answers(int connection, const std::string& socket, Nanos patience) {
  std::vector<Answer> answers;
  std::string pieces;
  for (std::size_t total = 0; total <= kMostAnswer;) {
    const std::string message = NW_TRY(next_message(connection, socket, patience));
    total += message.size();
    auto answer = parse_answer(message);
    if (!answer) return refuse(socket + ": a message that is no answer of nodewattd");
    if (answer->kind == 'D') return answers;
    if (answer->kind == 'E') return tl::make_unexpected(parse_refusal(answer->body));
    pieces += answer->body;
    if (answer->kind == 'r' || answer->kind == 's') continue;
    answers.push_back({answer->kind, std::exchange(pieces, {})});
  }
  return refuse(socket + ": an answer without an end");
}

Result<std::vector<Answer>> ask_over(int connection, const std::string& socket, const Request& request,
                                     Nanos patience) {
  NW_CHECK(send_request(connection, socket, make_request(request)));
  return receive_answers(connection, socket, patience);
}

Result<std::vector<Answer>> ask_daemon(const std::string& socket, const Request& request, long long patience_ns) {
  NW_CHECK(parse_request(make_request(request)));  // the same error as from the daemon, without the round trip
  const Nanos patience = Nanos::of(patience_ns);
  const Fd peer = NW_TRY(connect_to_daemon(socket, patience));
  return ask_over(peer.get(), socket, request, patience);
}

}  // namespace nw
