// A bar on the terminal, silent everywhere else.
#pragma once

#include <chrono>
#include <string>

namespace nw::workload {

// Draws on stderr, at most ten times a second, and only when that is a terminal: a measured batch job does no extra
// work and its log stays clean. The line is wiped when the bar is destroyed.
class Progress {
 public:
  Progress(std::string label, long total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void advance(long steps = 1);

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string label_;
  long total_;
  long done_ = 0;
  bool shown_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
};

}  // namespace nw::workload
