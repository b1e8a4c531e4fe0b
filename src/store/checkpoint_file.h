// The daemon's checkpoint on disk: segments of checked frames (frames.h), each frame the whole accounting at one time,
// as one zstd frame.
//
//   append   permanently, for whatever must not be lost
//   amend    overwrites the last amendment, which follows the last appended frame: what has been accumulated since, at
//            each sample set, at no cost in space. A kill between two bytes of it leaves the appended frame before it
//
// The newest frame that is whole is the valid one. Every write goes to the page cache at once and survives the process;
// appended frames are synced to the disk at most every kBetweenSyncs, so that a power cut, which restarts the counters
// too, costs no more than that. When the disk is full a write fails and its partial frame is removed; opening still
// works, since a process's first segment is created with its first write, and older ones are deleted to make room for
// it.
//
// A segment that has reached its size is followed by the next; of the older ones, those that are too old, too many, or
// beyond the total space limit are removed. <dir>/lock is held by the one process that writes here.
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
  // Whether there was a file, but no frame of it is whole.
  bool is_unreadable() const { return !found_ && number_ > 0 && had_bytes_; }
  // Gives the newest segment, or the one that the frame was found in, a second name, damaged-...; only the newest
  // kMostAside of these are kept. Returns its path.
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
  std::uint64_t number_ = 0;        // of the newest segment
  std::uint64_t newest_whole_ = 0;  // of the segment with the newest whole frame
  bool had_bytes_ = false;          // the newest that was found, beyond its first line
  std::int64_t size_ = 0;           // of what is permanent
  std::int64_t end_ = 0;            // of the file, with the amendment
  std::optional<std::string> found_;
  Nanos synced_{};
};

}  // namespace nw
