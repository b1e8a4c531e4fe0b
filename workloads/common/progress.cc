#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace nw::workload {
namespace {

constexpr int kWidth = 30;
constexpr std::chrono::milliseconds kRedraw{100};

bool on_terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && term && std::string_view(term) != "dumb";
}

}  // namespace

Progress::Progress(std::string label, long total)
    : label_(std::move(label)), total_(std::max(1L, total)), shown_(on_terminal()) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::advance(long steps) {
  done_ = std::min(total_, done_ + steps);
  if (!shown_) return;
  const auto now = Clock::now();
  if (now - drawn_ >= kRedraw) draw(now);
}

void Progress::draw(Clock::time_point now) {
  drawn_ = now;
  const double passed = std::chrono::duration<double>(now - start_).count();
  const double left = done_ > 0 ? passed / static_cast<double>(done_) * static_cast<double>(total_ - done_) : 0;
  const auto filled = static_cast<std::size_t>(kWidth * done_ / total_);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "\r\033[K%s [%s] %ld/%ld, %.0f s left", label_.c_str(), bar.c_str(), done_, total_, left);
  std::fflush(stderr);
}

}  // namespace nw::workload
