#include "consumer/rank_wire.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nw {

void RankMessage::set_text(std::string_view from) {
  std::memset(text, 0, sizeof text);
  if (from.size() < sizeof text) std::copy(from.begin(), from.end(), text);
}

std::string_view RankMessage::get_text() const { return {text, ::strnlen(text, sizeof text)}; }

std::optional<RankMessage> read_message(std::string_view bytes) {
  RankMessage message;
  if (bytes.size() != sizeof message) return std::nullopt;
  std::memcpy(&message, bytes.data(), sizeof message);
  if (message.magic != RankMessage::kMagic || message.kind > RankMessage::Kind::output) return std::nullopt;
  return message;
}

bool send_message(int socket, const RankMessage& message) {
  ssize_t sent = 0;
  while ((sent = ::send(socket, &message, sizeof message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  return sent == sizeof message;
}

std::optional<RankMessage> receive_message(int socket, bool& again) {
  char bytes[sizeof(RankMessage) + 1];
  ssize_t size = 0;
  while ((size = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT)) < 0 && errno == EINTR) {
  }
  again = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  return size > 0 ? read_message({bytes, static_cast<std::size_t>(size)}) : std::nullopt;
}

}  // namespace nw
