#include "apps/cli/progress.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "report/escape.h"
#include "report/number.h"

namespace nw::cli {

namespace {
// "14:32", with the day where it is not today.
std::string clock_text(double in_seconds) {
  const std::time_t now = std::time(nullptr), then = now + static_cast<std::time_t>(in_seconds);
  std::tm here{}, there{};
  std::array<char, 32> text{};
  if (::localtime_r(&now, &here) == nullptr || ::localtime_r(&then, &there) == nullptr) return "";
  const bool today = here.tm_yday == there.tm_yday && here.tm_year == there.tm_year;
  const std::size_t n = std::strftime(text.data(), text.size(), today ? "%H:%M" : "%Y-%m-%d %H:%M", &there);
  return {text.data(), n};
}
}  // namespace

std::string Progress::words(const std::string& what, std::size_t done, std::size_t left, Nanos now) const {
  std::string text = fmt::format("sweep: run {} of {}, {}", done + 1, done + left, what);
  if (timed_ == 0) return text;
  const double to_come = to_seconds(spent_) / static_cast<double>(timed_) * static_cast<double>(left);
  return text + fmt::format("; {} gone, about {} left, until {}", duration_text(to_seconds(now - begun_)),
                            duration_text(to_come), clock_text(to_come));
}

void Progress::show(const std::string& what, std::size_t done, std::size_t left, Nanos now) {
  const std::string line = clean(words(what, done, left, now));
  if (!rewrites_) return std::fprintf(stderr, "%s\n", line.c_str()), void();
  const auto width = static_cast<std::size_t>(style_for(STDERR_FILENO).width);
  std::fprintf(stderr, "\r\x1b[K%s", cut_middle(line, width - 1).c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::took(Nanos time) {
  ++timed_;
  spent_ += time;
}

void Progress::clear() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace nw::cli
