// InstrumentedCommand: the command as `run` starts it, with everything that the options add: the channel and NVTX's
// library in its environment, its output scanned for lines that begin or end phases.
#pragma once

#include <memory>
#include <string>

#include "apps/cli/child.h"
#include "apps/cli/command.h"
#include "base/result.h"

namespace nw::cli {

// Whether the options that concern phases make sense; to be called before anything starts.
Done check_phases(const RunOptions& options);

class InstrumentedCommand {
 public:
  // `channel`: the path of the channel for events, "" when there is none. Errors are Child::start's.
  static Result<InstrumentedCommand> start(const RunOptions& options, const std::string& channel,
                                           const Signals& signals);
  InstrumentedCommand(InstrumentedCommand&&) noexcept;
  InstrumentedCommand& operator=(InstrumentedCommand&&) noexcept;
  ~InstrumentedCommand();

  // Until its last descendant has ended and its output is passed on.
  ChildEnd wait(const Signals& signals);

 private:
  class Watched;
  InstrumentedCommand(Child child, std::unique_ptr<Watched> watched);
  Child child_;
  std::unique_ptr<Watched> watched_;  // null where output is not scanned
};

}  // namespace nw::cli
