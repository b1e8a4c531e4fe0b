// Child: the measured command and all that descends from it. This process has no other children (apart.h).
//
// nodewatt stays the parent, takes neither the terminal nor the streams, and becomes the subreaper: descendants that
// lose their parent become ours, and the run ends when the last of them has, samplers of ranks (sampler.h) aside: those
// wait for other ranks, maybe for this one's end. Signals sent to nodewatt by a process
// (kill, Slurm) are handed on; those from the terminal reach the child by themselves, or are handed on when they came
// before it was there.
#pragma once

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw::cli {

// Those of the signals that end programs (SIGINT, SIGTERM, SIGHUP, SIGQUIT) which this process does not ignore. One
// that was ignored when we were started (nohup, a shell's background) ends neither us nor the command.
sigset_t find_ending_signals();

// Blocks the signals that Child takes care of; gives them back when destroyed. Make it before any thread is.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  const sigset_t& handled() const { return handled_; }
  // Waits so long for a signal that ends programs, and takes it; where no command runs.
  std::optional<int> take_ending(Nanos longest) const;
  // The last of those that has come already; takes all.
  std::optional<int> take_pending() const;
  // In the forked child: everything as it was found.
  void restore() const;

 private:
  sigset_t handled_, ending_, before_;
  struct sigaction pipe_, child_, file_size_;
};

struct ChildEnd {
  std::optional<int> exit_code, signal;
  bool left_some = false;     // descendants were still there when the waiting was over
  std::optional<int> told{};  // the last signal meanwhile that ends programs
};

class Child {
 public:
  // Starts the command with `variables` ("NAME=value" each) added to its environment. The error's kind is absent when
  // there is no such program (exit code 127), else it could not be executed (126). `in_child` runs in the fork.
  static Result<Child> start(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                             const Signals& signals, const std::function<void()>& in_child = nullptr);

  // Waits for the command and its last descendant, handing signals on. A second SIGINT or SIGTERM after the command
  // itself has ended ends the waiting. `resized` is called when the terminal is, and the command told after it.
  ChildEnd wait(const Signals& signals, const std::function<void()>& resized = nullptr);

  // The same until `when` (monotonic) at the latest; false when all have ended.
  bool poll(Nanos when, const Signals& signals, ChildEnd& end);

 private:
  Child(int pid, std::optional<int> told_early) : pid_(pid), told_early_(told_early) {}
  bool reap(ChildEnd& end);
  bool take_signal(int signal, const siginfo_t& info, ChildEnd& end) const;

  int pid_;
  std::optional<int> told_early_;  // came before there was a command, which was told since
  bool ended_ = false;
};

// The name of a sampler's process, also for people who look.
inline constexpr const char* kSamplerName = "nodewatt-node";

// Ends this process as the child ended: the same exit code, or the same signal.
int end_like(const ChildEnd& end);

}  // namespace nw::cli
