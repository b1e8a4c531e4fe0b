// The checks are on the open file, not the path, so that it cannot be exchanged in between. The file is opened
// O_NONBLOCK: opening a FIFO would wait for its writer.
#include "base/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/file.h"

namespace nw {

namespace {
constexpr std::size_t kLongest = 4096;

Result<void> check(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return tl::make_unexpected(system_error(errno, path));
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::denied, path + ": credentials must be in a regular file");
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return fail(ErrorKind::denied,
                fmt::format("{0}: belongs to user {1}, who is neither root nor you: sudo chown {2} {0}", path,
                            info.st_uid, ::geteuid()));
  if ((info.st_mode & 077) != 0)
    return fail(ErrorKind::denied, fmt::format("{0}: others may touch it (mode {1:04o}): chmod 0600 {0}", path,
                                               static_cast<unsigned>(info.st_mode) & 07777));
  if (static_cast<std::size_t>(info.st_size) > kLongest)
    return fail(ErrorKind::malformed, path + ": longer than 4096 bytes; are these credentials?");
  return {};
}
}  // namespace

Result<std::string> read_secret(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return tl::make_unexpected(system_error(errno, path));
  NW_CHECK(check(fd.get(), path));
  return read_all(fd.get(), path, kLongest);
}

}  // namespace nw
