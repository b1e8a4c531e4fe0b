// Limit keeper: the process that sets GPU power limits for a sweep, and restores them however the sweep ends.
// It is forked before anything is set and before any thread or vendor library exists, has a session of its own, ignores
// every signal that can be ignored, and is no child of ours while it works (a run ends with its last descendant, and it
// must not be one). It holds one end of a socket whose other end only we have: end of file means that we have ended, by
// exit, signal or kill -9; then it restores the limits that it has noted (power_limit_note.h) and exits. If the keeper
// is killed, we restore from the same note; if both are, the next nodewatt does.
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
  // Only where GPUs with limits exist. Nothing is set yet.
  static Result<std::unique_ptr<LimitKeeper>> start(const Root& root);
  ~LimitKeeper();  // restores, and logs an error if it cannot
  LimitKeeper(const LimitKeeper&) = delete;
  LimitKeeper& operator=(const LimitKeeper&) = delete;

  const std::vector<GpuLimit>& gpus() const { return gpus_; }
  // Sets the limit to its present value, which changes nothing: tests whether it is permitted.
  Done try_out(const std::string& uuid);
  Done set(const std::string& uuid, Watts limit);
  Result<Watts> read_limit(const std::string& uuid);
  Result<Watts> read_enforced(const std::string& uuid);
  // Restores all limits. Call once.
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
