// The note of power limits to be restored: what each GPU had before a sweep set another limit; on disk before the first
// is set, removed when all are restored.
//
// It lies in /run/nodewatt, which is cleared at a restart, as the GPUs' limits are; where /run outlives that (a
// container), the boot id in the note shows it. The process responsible for the note holds flock(LOCK_EX) on the lock
// file beside it, sweep and keeper through one open file description: a note whose lock is free is one whose owners are
// both dead, and the next `nodewatt sweep` or `doctor` with permission restores the limits. Everybody may read the
// note; only its owner can open the lock, since whoever can open a file can lock it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/power_limit.h"
#include "base/fd.h"
#include "base/root.h"

namespace nw::cli {

struct LimitNote {
  struct Line {
    std::string uuid;
    Watts was;
  };
  std::string boot;  // "": unknown
  std::vector<Line> lines;
};

// Lines are written one at a time; one without its line end was being written when its writer died, and its GPU has not
// been changed.
Result<LimitNote> parse_limit_note(std::string_view text);

// What happened to each line of a note. A limit that was already as noted is in none of the three.
struct PutBack {
  std::vector<LimitNote::Line> set, unseen, failed;
  Error error;  // of the failed

  bool is_whole() const { return unseen.empty() && failed.empty(); }
  LimitNote left(std::string boot) const;  // what is still to be restored
  Done done() const;                       // the error names everything that is left
};
PutBack put_back(const LimitNote& note, PowerLimits& limits);

// The note of an active sweep.
class NoteFile {
 public:
  // Busy while another sweep on this machine has one.
  static Result<NoteFile> create(const std::string& root);

  Done add(const std::string& uuid, Watts was);  // on the disk when it returns
  Result<LimitNote> read() const;
  // Restores what it lists. The file is removed when all is restored; GPUs that were not seen or failed stay in it.
  Done settle(PowerLimits& limits);
  Done remove();
  std::array<int, 2> fds() const { return {fd_.get(), lock_.get()}; }

 private:
  NoteFile(Fd lock, Fd fd, std::string path) : lock_(std::move(lock)), fd_(std::move(fd)), path_(std::move(path)) {}
  Done write(std::string_view text) const;

  Fd lock_, fd_;
  std::string path_;
};

// Restores what a sweep left that was killed together with its keeper. Returns a sentence on what was done, or on what
// cannot be done and how it can, or that a sweep is active; "" where there is nothing.
std::string restore_left_limits(const Root& root);

}  // namespace nw::cli
