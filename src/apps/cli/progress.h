// Progress: the state of a sweep on standard error: one line that is overwritten on a terminal, plain lines elsewhere.
//
// The expected end assumes, for each run that is left, the mean duration of this process's runs so far.
#pragma once

#include <cstddef>
#include <string>

#include "base/units.h"

namespace nw::cli {

class Progress {
 public:
  // `rewrites`: the line may be overwritten (a terminal that nothing else writes to).
  Progress(Nanos now, bool rewrites) : begun_(now), rewrites_(rewrites) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // This many runs are done and left, and the next of them is at `what`.
  void show(const std::string& what, std::size_t done, std::size_t left, Nanos now);
  void took(Nanos time);  // a run has ended
  void clear();           // before other output
  // "sweep: run 5 of 24, ...; 3m10s gone, about 12m left, until 14:32"
  std::string words(const std::string& what, std::size_t done, std::size_t left, Nanos now) const;

 private:
  Nanos begun_;
  bool rewrites_, shown_ = false;
  Nanos spent_{};
  std::size_t timed_ = 0;
};

}  // namespace nw::cli
