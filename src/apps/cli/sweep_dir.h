// The directory of a sweep: used by one sweep at a time, with the logs of its runs.
// Whoever owns a directory decides where the names in it lead. So root uses none that another user owns or may write
// into, and follows no link to it: a user could make root write where he may not himself, and root would run what
// another user wrote into the state.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace nw::cli {

class SweepDir {
 public:
  static constexpr const char* kCommandLock = "logs/running";

  // Creates it where it does not exist. Busy: a sweep is active there.
  static Result<SweepDir> make(const std::string& path);
  // An existing one.
  static Result<SweepDir> open(const std::string& path);
  // Whether it may be used at all.
  static Done check(const std::string& path);

  const std::string& path() const { return path_; }
  // An empty log. Its lock belongs to one open file description that the command's descendants share, until the last
  // has ended.
  Result<Fd> open_log(const std::string& name) const;
  // Whether such a log of a killed sweep is still being written.
  bool is_written(const std::string& name) const;
  // A lock for one command, which it and its descendants inherit even if they close their streams; accessible to the
  // owner only, since whoever can open a file can lock it.
  Result<Fd> make_command_lock() const;
  // Whether any command holds such a lock: it continues without the sweep that started it.
  bool has_command() const;

 private:
  SweepDir(std::string path, Fd logs, Fd lock)
      : path_(std::move(path)), logs_(std::move(logs)), lock_(std::move(lock)) {}

  std::string path_;
  Fd logs_, lock_;
};

}  // namespace nw::cli
