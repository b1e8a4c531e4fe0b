// Child: the measured command and all its descendants. This process has no other children (apart.h).
//
// nodewatt stays the parent, takes over neither the terminal nor the streams, and becomes the subreaper: orphaned
// descendants are reparented to it, and the run ends when the last of them has, except for samplers of ranks
// (sampler.h): those wait for other ranks, maybe for this one's end. Signals sent to nodewatt by a process (kill,
// Slurm) are forwarded; those from the terminal reach the child directly, or are forwarded when they came before it
// existed.
#pragma once

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw::cli {

// The terminating signals (SIGINT, SIGTERM, SIGHUP, SIGQUIT) that this process does not ignore. One that was ignored
// when we were started (nohup, a shell's background) ends neither us nor the command.
sigset_t find_ending_signals();

// Blocks the signals that Child handles; restores them when destroyed. Create it before any thread.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  const sigset_t& handled() const { return handled_; }
  // Waits this long for a terminating signal, and takes it; for when no command runs.
  std::optional<int> take_ending(Nanos longest) const;
  // The last terminating signal that is pending; takes all of them.
  std::optional<int> take_pending() const;
  // In the forked child: restores everything as it was found.
  void restore() const;

 private:
  sigset_t handled_, ending_, before_;
  struct sigaction pipe_, child_, file_size_;
};

struct ChildEnd {
  std::optional<int> exit_code, signal;
  bool left_some = false;     // descendants were still running when the waiting ended
  std::optional<int> told{};  // the last terminating signal meanwhile
};

class Child {
 public:
  // Starts the command with `variables` ("NAME=value" each) added to its environment. The error's kind is absent when
  // there is no such program (exit code 127), else it could not be executed (126). `in_child` runs in the fork.
  static Result<Child> start(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                             const Signals& signals, const std::function<void()>& in_child = nullptr);

  // Waits for the command and its last descendant, forwarding signals. A second SIGINT or SIGTERM after the command
  // itself has ended ends the waiting. `resized` is called when the terminal is resized, and the command gets SIGWINCH
  // after it.
  ChildEnd wait(const Signals& signals, const std::function<void()>& resized = nullptr);

  // The same until `when` (monotonic) at the latest; false when all have ended.
  bool poll(Nanos when, const Signals& signals, ChildEnd& end);

 private:
  Child(int pid, std::optional<int> told_early) : pid_(pid), told_early_(told_early) {}
  bool reap(ChildEnd& end);
  bool take_signal(int signal, const siginfo_t& info, ChildEnd& end) const;

  int pid_;
  std::optional<int> told_early_;  // came before there was a command, and was forwarded to it since
  bool ended_ = false;
};

// The process name of a sampler, also shown by ps.
inline constexpr const char* kSamplerName = "nodewatt-node";

// Ends this process as the child ended: the same exit code, or the same signal.
int end_like(const ChildEnd& end);

}  // namespace nw::cli
