// Output: passes the command's standard output and error through us, so that its lines can be read.
// The command gets what it would have had: a pipe where ours is no terminal, a pseudo terminal of the same size where
// it is one, so that colours and progress bars stay. Our terminal stays its standard input and controlling terminal:
// Ctrl-C, Ctrl-Z and the process group work as always; modes that a program sets through its output (curses) only reach
// the pseudo terminal. Where standard output and error are one, they stay one, in their order. Every byte is passed on
// unchanged, at once; each stream has a thread of its own, so that one with a blocked reader does not stop the other.
// When the reader of our output has gone, the command's end is closed: its next write fails as it would have without
// us. A stream that cannot be set up is left as it is.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "consumer/lines.h"

namespace nw::cli {

class Output {
 public:
  // Gets every line as soon as it is read, from the streams' threads, one at a time.
  using Watch = std::function<void(const Line&, Nanos at)>;

  // Set up for the streams that are open; or, where there is a `log`, for both as one into that file. The error states
  // which could not be set up; those that could are in place.
  static std::unique_ptr<Output> make(Watch watch, std::string& error, int log = -1);
  ~Output();  // finishes at once
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void in_child() const;  // between fork and exec
  void begin();           // in the parent, after the fork
  void resized();         // our terminal was resized
  // Call when all possible writers have ended: passes on what they left. A terminating signal ends the waiting for a
  // reader that does not read. Returns the error when output was lost.
  std::string finish();

 private:
  class Stream;
  Output() = default;
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace nw::cli
