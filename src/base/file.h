// Operations on whole files, each in one place: writing and reading all of it, locking it, replacing it atomically.
// `name` is what an error calls the file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/units.h"

namespace nw {

// Writes every byte, or returns an error; then some of them may have been written.
Done write_all(int fd, std::string_view bytes, const std::string& name);
Done write_all_at(int fd, std::string_view bytes, off_t at, const std::string& name);

inline constexpr std::size_t kMostText = std::size_t{1} << 20;

// At most `size` bytes; 0 only at the end of the file.
Result<std::size_t> read_some(int fd, char* into, std::size_t size, const std::string& name);
// Reads to the end. Malformed when there are more than `most` bytes; no more than these are kept in memory.
Result<std::string> read_all(int fd, const std::string& name, std::size_t most = kMostText);
Result<std::string> read_file(const std::string& path, std::size_t most = kMostText);

// flock(2): belongs to the open file description, so that all duplicates of a descriptor share it, and ends when the
// last of them is closed.
enum class Lock : unsigned char { exclusive, shared };
// Busy when another process holds it for all of `patience`. Some processes test whether a file is locked by locking it
// for microseconds; waiting for kLockLook tells them from a real owner.
inline constexpr Nanos kLockLook = millis(10);
Done lock_file(int fd, const std::string& name, Lock lock = Lock::exclusive, Nanos patience = {});

// A file that is written under a temporary name and renamed when it is complete: a reader never sees half of it, and a
// failure leaves the old one untouched. A symbolic link at its name is replaced, not followed.
class Replacement {
 public:
  static Result<Replacement> begin(std::string path, mode_t mode = 0644);
  Replacement(Replacement&&) noexcept = default;
  Replacement& operator=(Replacement&&) = delete;
  ~Replacement();  // without commit(), nothing is left of it

  int fd() const { return fd_.get(); }
  Done write(std::string_view bytes) { return write_all(fd_.get(), bytes, path_); }
  // `durable`: synced to disk before it is renamed, so that a power cut leaves the old file or the new one.
  Done commit(bool durable);

 private:
  Replacement(Fd fd, std::string path, std::string partial)
      : fd_(std::move(fd)), path_(std::move(path)), partial_(std::move(partial)) {}

  Fd fd_;  // closed: committed, or moved from
  std::string path_, partial_;
};

Done replace_file(const std::string& path, std::string_view bytes, bool durable = false, mode_t mode = 0644);

}  // namespace nw
