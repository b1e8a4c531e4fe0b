// What a program that is started now would inherit from this one.
#pragma once

#include <fcntl.h>

#include <filesystem>
#include <set>
#include <string>

namespace nw::test {

// Descriptors that are not closed at exec.
inline std::set<std::string> inherited() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int flags = ::fcntl(std::stoi(entry.path().filename()), F_GETFD);
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0 && !gone) found.insert(entry.path().filename().string() + " " + target);
  }
  return found;
}

}  // namespace nw::test
