// The directory of a sweep: one sweep at a time is at work in it, and its runs' logs are there.
//
// Whoever owns a directory decides where the names in it lead. So root takes none that another owns or may write into,
// and follows no link to it: a user could have root write where he may not himself, and root would run what another
// wrote into the state.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace nw::cli {

class SweepDir {
 public:
  static constexpr const char* kCommandLock = "logs/running";

  // Makes it where it is not there. Busy: a sweep is at work there.
  static Result<SweepDir> make(const std::string& path);
  // One that is there.
  static Result<SweepDir> open(const std::string& path);
  // Whether it may be written into at all.
  static Done check(const std::string& path);

  const std::string& path() const { return path_; }
  // An empty log. It is locked by one open file that the command's descendants share, until the last has ended.
  Result<Fd> open_log(const std::string& name) const;
  // Whether such a log of a sweep that was killed is still written.
  bool is_written(const std::string& name) const;
  // A lock for one command, which it and its descendants inherit whatever becomes of their streams; of the owner alone,
  // for whoever can open a file can lock it.
  Result<Fd> make_command_lock() const;
  // Whether any command has such a lock: it goes on without the sweep that started it.
  bool has_command() const;

 private:
  SweepDir(std::string path, Fd logs, Fd lock)
      : path_(std::move(path)), logs_(std::move(logs)), lock_(std::move(lock)) {}

  std::string path_;
  Fd logs_, lock_;
};

}  // namespace nw::cli
