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
// too, costs no more than that. A full disk fails the write and takes back its part of a frame.
//
// A segment that has reached its size is followed by the next; of the older ones, those are removed that are too old
// or beyond the space that all may have. <dir>/lock is held by the one process that writes here.
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
  };
  static constexpr Nanos kBetweenSyncs = seconds(10);

  // Makes `dir` when it is missing. Busy when another process writes there.
  static Result<CheckpointFile> open(const std::string& dir, Limits limits);
  static Result<CheckpointFile> open(const std::string& dir) { return open(dir, Limits{}); }

  // What was found at open: the newest whole frame's payload.
  const std::optional<std::string>& found() const { return found_; }

  Done append(std::string_view payload);
  Done amend(std::string_view payload);
  Done sync();

 private:
  CheckpointFile(std::string dir, Limits limits, Fd lock)
      : dir_(std::move(dir)), limits_(limits), lock_(std::move(lock)) {}
  Done begin_segment();
  Done write(std::string_view frame);
  void prune() const;

  std::string dir_;
  Limits limits_;
  Fd lock_, fd_;
  std::uint64_t number_ = 0;  // of the segment
  std::int64_t size_ = 0;     // of what is there for good
  std::int64_t end_ = 0;      // of the file, with the amendment
  std::optional<std::string> found_;
  Nanos synced_{};
};

}  // namespace nw
