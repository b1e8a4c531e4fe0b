// The daemon's books on disk: segments of checked frames (frames.h), each frame the whole of the books as of a moment,
// as one zstd frame.
//
//   append   for good, at whatever must not be lost
//   amend    over the last amendment, which is behind the last appended frame: what was booked since, at each sample
//            set, at
//            no cost in space. A kill between two bytes of it leaves the appended frame before it
//
// The newest frame that is whole is the truth. Every write goes to the page cache at once and survives the process;
// appended frames are synced to the disk at most every kBetweenSyncs, so that a power cut, which restarts the counters
// too, costs no more than that. A full disk fails the write and takes back its part of a frame; it keeps nobody from
// opening the books, since a process's first segment is begun with its first write, and older ones make room for it.
//
// A segment that has reached its size is followed by the next; of the older ones, those are removed that are too old,
// too many, or beyond the space that all may have. <dir>/lock is held by the one process that writes here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/units.h"

namespace nw {

class CheckpointFile {
 public:
  struct Limits {
    std::int64_t segment = 128 << 10;  // bytes, roughly
    std::int64_t all = 512 << 10;      // of all segments but the newest two
    Nanos age = seconds(7 * 86400);
    std::size_t segments = 8;  // at most; each process begins one of its own
  };
  static constexpr Nanos kBetweenSyncs = seconds(10);

  // Makes `dir` when it is missing. Busy when another process writes there.
  static Result<CheckpointFile> open(const std::string& dir, Limits limits);
  static Result<CheckpointFile> open(const std::string& dir) { return open(dir, Limits{}); }

  // What was found at open: the newest whole frame's payload.
  const std::optional<std::string>& found() const { return found_; }
  // Whether there was something, and no frame of it is whole.
  bool is_unreadable() const { return !found_ && number_ > 0 && had_bytes_; }
  // The newest segment, or the one that it was found in, gets a second name, damaged-..., which nothing here removes
  // but kMostAside newer ones. Its path.
  static constexpr std::size_t kMostAside = 4;
  Result<std::string> keep_aside() const;

  Done append(std::string_view payload);
  Done amend(std::string_view payload);
  Done sync();

 private:
  CheckpointFile(std::string dir, Limits limits, Fd lock)
      : dir_(std::move(dir)), limits_(limits), lock_(std::move(lock)) {}
  Done begin_segment();
  Done append_frame(std::string_view frame);
  Done write(std::string_view frame);
  void prune(std::size_t most) const;

  std::string dir_;
  Limits limits_;
  Fd lock_, fd_;
  std::uint64_t number_ = 0;  // of the newest segment
  std::uint64_t truth_ = 0;   // of the one with the newest whole frame
  bool had_bytes_ = false;    // the newest that was found, beyond its first line
  std::int64_t size_ = 0;     // of what is there for good
  std::int64_t end_ = 0;      // of the file, with the amendment
  std::optional<std::string> found_;
  Nanos synced_{};
};

}  // namespace nw
