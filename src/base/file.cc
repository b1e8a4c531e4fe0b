#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/monotonic.h"

namespace nw {

namespace {
tl::unexpected<Error> failed_call(const std::string& name) { return tl::make_unexpected(system_error(errno, name)); }

std::string size_text(std::size_t bytes) {
  constexpr std::size_t kMib = std::size_t{1} << 20;
  return bytes > 0 && bytes % kMib == 0 ? fmt::format("{} MiB", bytes / kMib) : fmt::format("{} bytes", bytes);
}

template <class Write>
Done write_by(std::string_view bytes, const std::string& name, Write write) {
  while (!bytes.empty()) {
    const ssize_t done = write(bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failed_call(name);
    bytes.remove_prefix(static_cast<std::size_t>(done));  // a short write has no error; writing the rest returns it
  }
  return {};
}
}  // namespace

Done write_all(int fd, std::string_view bytes, const std::string& name) {
  return write_by(bytes, name, [fd](std::string_view rest) { return ::write(fd, rest.data(), rest.size()); });
}

Done write_all_at(int fd, std::string_view bytes, off_t at, const std::string& name) {
  const off_t end = at + static_cast<off_t>(bytes.size());
  return write_by(bytes, name, [fd, end](std::string_view rest) {
    return ::pwrite(fd, rest.data(), rest.size(), end - static_cast<off_t>(rest.size()));
  });
}

Result<std::size_t> read_some(int fd, char* into, std::size_t size, const std::string& name) {
  for (;;) {
    const ssize_t got = ::read(fd, into, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return failed_call(name);
  }
}

Result<std::string> read_all(int fd, const std::string& name, std::size_t most) {
  constexpr std::size_t kFirst = 4096, kStep = std::size_t{1} << 20;
  std::string text;
  for (std::size_t used = 0;;) {
    // Reading one byte more than allowed distinguishes a file that is too long from one that just fits.
    text.resize(std::min(std::max(most, most + 1), used + std::clamp(used, kFirst, kStep)));
    const std::size_t got = NW_TRY(read_some(fd, text.data() + used, text.size() - used, name));
    used += got;
    if (used > most) return fail(ErrorKind::malformed, fmt::format("{}: longer than {}", name, size_text(most)));
    if (got > 0) continue;
    text.resize(used);
    return text;
  }
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return failed_call(path);
  return read_all(fd.get(), path, most);
}

Done lock_file(int fd, const std::string& name, Lock lock, Nanos patience) {
  const int how = (lock == Lock::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  for (const Nanos deadline = monotonic() + patience; ::flock(fd, how) != 0;) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failed_call(name);
    if (monotonic() >= deadline) return fail(ErrorKind::busy, name + ": locked by another process");
    ::usleep(1000);
  }
  return {};
}

Result<Replacement> Replacement::begin(std::string path, mode_t mode) {
  constexpr int kHow = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  std::string partial = fmt::format("{}.new-{}", path, ::gettid());
  Fd fd(::open(partial.c_str(), kHow, mode));
  if (!fd && errno == EEXIST && ::unlink(partial.c_str()) == 0)  // left by a killed process
    fd = Fd(::open(partial.c_str(), kHow, mode));
  if (!fd) return failed_call(path);
  return Replacement(std::move(fd), std::move(path), std::move(partial));
}

Replacement::~Replacement() {
  if (fd_) ::unlink(partial_.c_str());
}

// Some file systems report a full disk only when the file is closed.
Done Replacement::commit(bool durable) {
  if (durable && ::fsync(fd_.get()) != 0) return failed_call(path_);
  const int copy = ::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0);
  if (copy >= 0 && ::close(copy) != 0) return failed_call(path_);
  if (::rename(partial_.c_str(), path_.c_str()) != 0) return failed_call(path_);
  fd_ = Fd();
  return {};
}

Done replace_file(const std::string& path, std::string_view bytes, bool durable, mode_t mode) {
  auto file = NW_TRY(Replacement::begin(path, mode));
  NW_CHECK(file.write(bytes));
  return file.commit(durable);
}

}  // namespace nw
