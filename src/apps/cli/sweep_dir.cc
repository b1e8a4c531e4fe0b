#include "apps/cli/sweep_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/file.h"

namespace nw::cli {

namespace {
constexpr mode_t kDirMode = 0755, kFileMode = 0644, kOwnMode = 0600;
constexpr const char *kLogs = "logs", *kLock = "sweep.lock", *kRunning = "running";

tl::unexpected<Error> failed_call(const std::string& path) { return tl::make_unexpected(system_error(errno, path)); }

Done check_owner(int dir, const std::string& path) {
  struct stat info {};
  if (::fstat(dir, &info) != 0) return failed_call(path);
  if (::geteuid() != 0 || (info.st_uid == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0)) return {};
  return fail(ErrorKind::denied,
              fmt::format("{} is not root's alone (owner {}, mode {:o}): others could lead elsewhere what root writes "
                          "there. Name another directory with -o; one that is not there yet is made",
                          path, info.st_uid, info.st_mode & 07777));
}

// `path` below the directory `at`. A symbolic link is followed only if it is the user's own and he is not root.
Result<Fd> open_dir(int at, const std::string& path, bool follows_own) {
  std::string place = path;
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();  // with a final slash it would be followed
  const int no_link = follows_own && ::geteuid() != 0 ? 0 : O_NOFOLLOW;
  Fd fd(::openat(at, place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link));
  if (!fd && (errno == ENOTDIR || errno == ELOOP))
    return fail(ErrorKind::failed, path + ": no directory, or a link to one, which is not followed here");
  if (!fd) return failed_call(path);
  NW_CHECK(check_owner(fd.get(), path));
  return fd;
}

Done make_dir(int at, const std::string& path) {
  if (::mkdirat(at, path.c_str(), kDirMode) != 0 && errno != EEXIST) return failed_call(path);
  return {};
}

bool is_held(const Done& locked) { return !locked && locked.error().kind == ErrorKind::busy; }

std::string base_name(const std::string& name) { return name.substr(name.rfind('/') + 1); }
}  // namespace

Result<SweepDir> SweepDir::make(const std::string& path) {
  NW_CHECK(make_dir(AT_FDCWD, path));
  return open(path);
}

Result<SweepDir> SweepDir::open(const std::string& path) {
  const Fd dir = NW_TRY(open_dir(AT_FDCWD, path, true));
  NW_CHECK(make_dir(dir.get(), kLogs));
  Fd logs = NW_TRY(open_dir(dir.get(), kLogs, false));
  Fd lock(::openat(dir.get(), kLock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!lock) return failed_call(path + "/" + kLock);
  if (!lock_file(lock.get(), path)) return fail(ErrorKind::busy, path + ": a sweep is at work there");
  return SweepDir(path, std::move(logs), std::move(lock));
}

Done SweepDir::check(const std::string& path) {
  NW_TRY(open_dir(AT_FDCWD, path, true));
  return ::access(path.c_str(), W_OK) == 0 ? Done() : Done(failed_call(path));
}

Result<Fd> SweepDir::open_log(const std::string& name) const {
  Fd fd(
      ::openat(logs_.get(), base_name(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!fd) return failed_call(path_ + "/" + name);
  [[maybe_unused]] const Done locked = lock_file(fd.get(), name);  // for is_written; without locks it always answers no
  return fd;
}

bool SweepDir::is_written(const std::string& name) const {
  const Fd fd(::openat(logs_.get(), base_name(name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return fd && is_held(lock_file(fd.get(), name, Lock::shared));
}

Result<Fd> SweepDir::make_command_lock() const {
  Fd fd(::openat(logs_.get(), kRunning, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kOwnMode));
  if (!fd) return failed_call(path_ + "/" + kCommandLock);
  NW_CHECK(lock_file(fd.get(), path_ + "/" + kCommandLock, Lock::shared));
  return fd;
}

bool SweepDir::has_command() const {
  const Fd fd(::openat(logs_.get(), kRunning, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  return fd && is_held(lock_file(fd.get(), kRunning));
}

}  // namespace nw::cli
