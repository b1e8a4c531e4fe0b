// The note of power limits that are to be put back: what each GPU had before a sweep set another, on disk before the
// first is set, gone when all are back.
//
// It lies in /run/nodewatt, which the machine forgets when it restarts, as the GPUs forget their limits; where /run
// outlives that (a container), the kernel's boot id in the note tells. Whoever is answerable for the note holds
// flock(LOCK_EX) on the lock beside it, the sweep and its watcher by one open file between them: a note whose lock is
// free is one whose keepers are both dead, and the next `nodewatt sweep` or `doctor` that may do it puts the limits
// back. Everybody may read the note; the lock is its owner's alone, for whoever can open a file can lock it.
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

// Lines are written one at a time; one without its end was being written when its writer died, and its GPU is as it
// was.
Result<LimitNote> parse_limit_note(std::string_view text);

// What became of the lines of a note. A limit that was as noted already is in none of the three.
struct PutBack {
  std::vector<LimitNote::Line> set, unseen, failed;
  Error error;  // of the failed

  bool is_whole() const { return unseen.empty() && failed.empty(); }
  LimitNote left(std::string boot) const;  // what is still to be put back
  Done done() const;                       // the error names all that is left
};
PutBack put_back(const LimitNote& note, PowerLimits& limits);

// The note of a sweep at work.
class NoteFile {
 public:
  // Busy while another sweep on this machine has one.
  static Result<NoteFile> create(const std::string& root);

  Done add(const std::string& uuid, Watts was);  // on the disk when it returns
  Result<LimitNote> read() const;
  // Puts back what it says. It goes when all is as it was; what was not seen or failed stays in it.
  Done settle(PowerLimits& limits);
  Done remove();
  std::array<int, 2> fds() const { return {fd_.get(), lock_.get()}; }

 private:
  NoteFile(Fd lock, Fd fd, std::string path) : lock_(std::move(lock)), fd_(std::move(fd)), path_(std::move(path)) {}
  Done write(std::string_view text) const;

  Fd lock_, fd_;
  std::string path_;
};

// Puts back what a sweep left that was killed together with its watcher. A sentence on what was done, or on what cannot
// be done and how it can, or that a sweep is at work; "" where there is nothing.
std::string restore_left_limits(const Root& root);

}  // namespace nw::cli
