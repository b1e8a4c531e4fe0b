// The journal of one running measurement: <dir>/<uid>.journal, a file of frames (frames.h) that holds what is needed to
// finish the record when the process that measures is killed.
//
// Its writer holds flock(LOCK_EX) from before the file gets its name until it ends. The kernel drops the lock with the
// last descriptor of that open file description, so a journal whose lock is free is one whose writer died: an orphaned
// journal. The descriptor is O_CLOEXEC: a child shares the lock only between fork and exec. flock(2) works across hosts
// over NFS (Linux 2.6.12), but not with the mount option local_lock=flock or Lustre's localflock; there, a command on
// one host takes a running journal of another for an orphaned journal.
// Every append is one write(2) and no fsync: what was appended survives the death of the process, not a power cut,
// which sync() is for. An append that fails removes its partial frame, so that the frames before it stay readable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "store/frames.h"

namespace nw {

class Journal {
 public:
  // Makes `dir` when it is missing. Busy when the journal exists.
  static Result<Journal> create(const std::string& dir, const std::string& uid);

  Done append(std::string_view payload);
  Done append(const std::vector<std::string>& payloads);  // all of them, or none
  Done sync();
  // The record has been stored. Without this call, the journal stays as an orphaned journal.
  Done remove();
  const std::string& path() const { return path_; }

 private:
  Journal(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Done write(std::string_view bytes);

  Fd fd_;
  std::string path_;
  std::int64_t size_ = 0;  // of the whole frames
};

// The journal of a dead writer, locked: nobody else recovers it while this lives.
class OrphanedJournal {
 public:
  // Absent when it is gone, busy when its writer lives or another command recovers it.
  static Result<OrphanedJournal> claim(const std::string& dir, const std::string& uid);

  FrameReader frames() const;  // from the first one on
  Done remove();
  const std::string& uid() const { return uid_; }
  const std::string& path() const { return path_; }

 private:
  OrphanedJournal(Fd fd, std::string uid, std::string path)
      : fd_(std::move(fd)), uid_(std::move(uid)), path_(std::move(path)) {}

  Fd fd_;
  std::string uid_;
  std::string path_;
};

// The uids of the journals in `dir` whose writers died, in order of uid. None when there is no such directory.
Result<std::vector<std::string>> orphaned_journals(const std::string& dir);

}  // namespace nw
