// Limit keeper: the process that sets GPU power limits for a sweep, and puts them back whatever becomes of it.
//
// It is forked before anything is set and before any thread or vendor library is there, has a session of its own, takes
// no signal that it can refuse, and is no child of ours when it works (a run ends with its last descendant, and it must
// not be one). It holds one end of a socket whose other end we alone have: its end of file is our end, by exit, signal
// or kill -9, and then it puts back what it has noted (power_limit_note.h) and goes. When it is the one that was
// killed, we put back from the same note; when both are, the next nodewatt does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/power_limit.h"
#include "apps/cli/power_limit_note.h"

namespace nw::cli {

class LimitKeeper {
 public:
  // Where GPUs are that have limits. Nothing is set yet.
  static Result<std::unique_ptr<LimitKeeper>> start(const Root& root);
  ~LimitKeeper();  // puts back, and complains if it cannot
  LimitKeeper(const LimitKeeper&) = delete;
  LimitKeeper& operator=(const LimitKeeper&) = delete;

  const std::vector<GpuLimit>& gpus() const { return gpus_; }
  // Sets the limit that is set already, which changes nothing: whether it is permitted.
  Done try_out(const std::string& uuid);
  Done set(const std::string& uuid, Watts limit);
  Result<Watts> read_limit(const std::string& uuid);
  Result<Watts> read_enforced(const std::string& uuid);
  // All limits are as they were found. Once.
  Done release();

 private:
  LimitKeeper(Root root, NoteFile note, Fd socket);
  Result<std::string> ask(const std::string& question);
  Done put_back_ourselves();

  Root root_;
  NoteFile note_;
  Fd socket_;
  std::vector<GpuLimit> gpus_;
  bool released_ = false;
};

}  // namespace nw::cli
