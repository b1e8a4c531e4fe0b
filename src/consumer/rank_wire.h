// The messages between ranks and their sampler: of one size, whole or not at all (SOCK_SEQPACKET).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nw {

struct RankMessage {
  enum class Kind : std::uint32_t {
    hello,      // rank: asks to join; text: the group of its repeats, or ""
    welcome,    // sampler: accepted; text: the group of all
    elsewhere,  // sampler: refused, this rank has been in the group; it belongs to another program's
    ready,      // sampler: code 1 when it measures; text: the channel's path
    ended,      // rank: code, or minus the signal; cpu_us, -1 when it is not known
    words,      // sampler: text for standard error
    output,     // sampler: text for standard output
  };
  static constexpr std::uint32_t kMagic = 0x3177636e;  // "ncw1"
  static constexpr std::uint32_t kNoRank = UINT32_MAX;

  std::uint32_t magic = kMagic;
  Kind kind = Kind::hello;
  std::uint32_t rank = kNoRank;
  std::int32_t code = 0;
  std::int64_t cpu_us = 0;
  char text[232] = {};

  // Text that does not fit is dropped.
  void set_text(std::string_view text);
  std::string_view get_text() const;
};
static_assert(sizeof(RankMessage) == 256);

// Nothing when the bytes are no message of this version.
std::optional<RankMessage> read_message(std::string_view bytes);

// Over a socket. False when the other side is gone or its buffer is full.
bool send_message(int socket, const RankMessage& message);
// Nothing at the end, and when what came is no message; `again` is then whether there may be more later.
std::optional<RankMessage> receive_message(int socket, bool& again);

}  // namespace nw
