#include "store/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/file.h"
#include "store/paths.h"
#include "store/uid.h"

namespace nw {

namespace {
constexpr std::string_view kSuffix = ".journal";

tl::unexpected<Error> failed_call(const std::string& path) { return tl::make_unexpected(system_error(errno, path)); }

// The uid becomes part of a file name: only a valid uid may.
Result<std::string> path_of(const std::string& dir, const std::string& uid) {
  if (!is_uid(uid)) return fail(ErrorKind::malformed, fmt::format("{}: '{}' is no uid of a journal", dir, uid));
  return fmt::format("{}/{}{}", dir, uid, kSuffix);
}

Done remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed_call(path);
  return {};
}

bool is_same_file(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}
}  // namespace

Result<Journal> Journal::create(const std::string& dir, const std::string& uid) {
  NW_CHECK(make_private_dir(dir));
  const auto path = NW_TRY(path_of(dir, uid));
  // Locked and begun under another name first, so that under its own it is never seen unlocked. A kill in between
  // leaves that other file, a few bytes that nothing reads.
  const auto unnamed = path + ".new";
  if (::access(path.c_str(), F_OK) == 0) return fail(ErrorKind::busy, path + ": the journal exists already");
  Fd fd(::open(unnamed.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return failed_call(unnamed);
  Journal journal(std::move(fd), path);
  Done done = lock_file(journal.fd_.get(), path);
  if (done) done = journal.write(kFramesMagic);
  if (done && ::rename(unnamed.c_str(), path.c_str()) != 0) done = failed_call(path);
  if (done) return journal;
  ::unlink(unnamed.c_str());
  return tl::make_unexpected(std::move(done).error());
}

Done Journal::append(std::string_view payload) { return write(NW_TRY(make_frame(payload))); }

Done Journal::append(const std::vector<std::string>& payloads) {
  std::string frames;
  for (const std::string& payload : payloads) {
    const auto frame = NW_TRY(make_frame(payload));
    frames += frame;
  }
  return write(frames);
}

Done Journal::write(std::string_view bytes) {
  auto done = write_all(fd_.get(), bytes, path_);
  if (done)
    size_ += static_cast<std::int64_t>(bytes.size());
  else if (::ftruncate(fd_.get(), size_) != 0)
    done.error().what += ", and it could not be cut back to its last whole frame";
  return done;
}

Done Journal::sync() {
  if (::fdatasync(fd_.get()) != 0) return failed_call(path_);
  return {};
}

Done Journal::remove() { return remove_file(path_); }

Result<OrphanedJournal> OrphanedJournal::claim(const std::string& dir, const std::string& uid) {
  const auto path = NW_TRY(path_of(dir, uid));
  Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return failed_call(path);
  const auto locked =
      lock_file(fd.get(), path, Lock::exclusive, kLockLook);  // orphaned_journals() in another process may be checking
  if (!locked && locked.error().kind == ErrorKind::busy)
    return fail(ErrorKind::busy, path + ": its measurement runs, or another command recovers it");
  NW_CHECK(locked);
  // Between open and flock another process may have recovered and removed it.
  if (!is_same_file(fd.get(), path)) return fail(ErrorKind::absent, path + ": recovered by another command");
  return OrphanedJournal(std::move(fd), uid, path);
}

FrameReader OrphanedJournal::frames() const {
  ::lseek(fd_.get(), 0, SEEK_SET);
  return FrameReader(bytes_of_fd(fd_.get(), path_), path_);
}

Done OrphanedJournal::remove() { return remove_file(path_); }

Result<std::vector<std::string>> orphaned_journals(const std::string& dir) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(dir.c_str()), ::closedir);
  if (!listing && errno == ENOENT) return std::vector<std::string>{};
  if (!listing) return failed_call(dir);
  std::vector<std::string> uids;
  while (const auto* entry = ::readdir(listing.get())) {
    std::string_view name = entry->d_name;
    if (!name.ends_with(kSuffix)) continue;
    name.remove_suffix(kSuffix.size());
    if (!is_uid(name)) continue;
    const Fd fd(::openat(::dirfd(listing.get()), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (fd && lock_file(fd.get(), entry->d_name, Lock::shared)) uids.emplace_back(name);
  }
  std::sort(uids.begin(), uids.end());
  return uids;
}

}  // namespace nw
