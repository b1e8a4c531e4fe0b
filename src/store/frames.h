// A file of checked frames: the journal of a running measurement, and the file that carries records between machines.
//
//   "nodewatt-frames 1\n", then any number of [u32 LE length][u32 LE CRC-32][payload of that length]
//
// The CRC (zlib's polynomial) covers the four bytes of the length and the payload. So a run of zeros, which a power cut
// can leave at the end of a file, is no valid frame, while an empty payload is one. A reader returns every whole frame
// before the first that is not, and states where and why it stopped: `cut` when the file ends inside a frame (kill -9,
// a full disk, an incomplete copy), `garbage` when the bytes cannot be a frame. A damaged length that points past the
// end of the file cannot be told from a cut. Memory grows with the file's actual size, never by what a length claims.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nw {

inline constexpr std::string_view kFramesMagic = "nodewatt-frames 1\n";
inline constexpr std::size_t kMaxFrame = std::size_t{64} << 20;

// One frame as it stands in the file; malformed when the payload is over kMaxFrame.
Result<std::string> make_frame(std::string_view payload);

// Reads up to `size` bytes; 0 at the end of the file.
using ReadBytes = std::function<Result<std::size_t>(char* into, std::size_t size)>;
// From the descriptor's position on; the descriptor stays the caller's. `name` is used in errors.
ReadBytes bytes_of_fd(int fd, std::string name);
// `bytes` must outlive what this returns.
ReadBytes bytes_of_memory(std::string_view bytes);

enum class Stop : unsigned char { clean, cut, garbage, unreadable };

struct FramesEnd {
  Stop stop = Stop::clean;
  std::uint64_t offset = 0;  // every byte before it belongs to the magic line or a whole frame
  Error error;               // of every stop but clean; names file and offset
};

class FrameReader {
 public:
  FrameReader(ReadBytes bytes, std::string name);
  // The next payload; nothing when there is no further whole frame, and then end() says why.
  std::optional<std::string> next();
  const FramesEnd& end() const { return end_; }

 private:
  bool read_magic();
  bool read_payload(std::string& payload, std::size_t length);
  std::size_t fill(char* into, std::size_t size);
  std::nullopt_t stop(Stop why, const std::string& what);

  ReadBytes bytes_;
  std::string name_;
  std::string buffer_;
  std::size_t used_ = 0;  // of buffer_
  bool begun_ = false;
  bool ended_ = false;
  FramesEnd end_;
};

struct Frames {
  std::vector<std::string> payloads;
  FramesEnd end;
};

Frames read_frames(ReadBytes bytes, const std::string& name);
// An error only when the file cannot be opened; everything else is in Frames::end.
Result<Frames> read_frames(const std::string& path);

}  // namespace nw
