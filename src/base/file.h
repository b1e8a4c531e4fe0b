// What is done to a whole file, once for everybody: writing and reading all of it, locking it, replacing it in one
// step. `name` is what an error calls the file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/units.h"

namespace nw {

// Every byte, or an error; then some of them may have been written.
Done write_all(int fd, std::string_view bytes, const std::string& name);
Done write_all_at(int fd, std::string_view bytes, off_t at, const std::string& name);

inline constexpr std::size_t kMostText = std::size_t{1} << 20;

// At most `size` bytes, one at least but at the end.
Result<std::size_t> read_some(int fd, char* into, std::size_t size, const std::string& name);
// Up to the end. Malformed when there are more than `most` bytes; no more than these are held.
Result<std::string> read_all(int fd, const std::string& name, std::size_t most = kMostText);
Result<std::string> read_file(const std::string& path, std::size_t most = kMostText);

// flock(2): of the open file, in which all share who have a descriptor of that open, and gone with the last of these.
enum class Lock : unsigned char { exclusive, shared };
// Busy where somebody else holds it, and does so for all of `patience`. Where others look whether a file is locked, by
// locking it for microseconds, kLockLook tells these from somebody who stays.
inline constexpr Nanos kLockLook = millis(10);
Done lock_file(int fd, const std::string& name, Lock lock = Lock::exclusive, Nanos patience = {});

// A file that is written under another name, and takes its own when it is whole: a reader never sees half of it, and
// what fails leaves the old one alone. A link at its name is replaced, not followed.
class Replacement {
 public:
  static Result<Replacement> begin(std::string path, mode_t mode = 0644);
  Replacement(Replacement&&) noexcept = default;
  Replacement& operator=(Replacement&&) = delete;
  ~Replacement();  // without commit(), nothing is left of it

  int fd() const { return fd_.get(); }
  Done write(std::string_view bytes) { return write_all(fd_.get(), bytes, path_); }
  // `durable`: on the disk before it has its name, so that a power cut leaves the old file or the new.
  Done commit(bool durable);

 private:
  Replacement(Fd fd, std::string path, std::string partial)
      : fd_(std::move(fd)), path_(std::move(path)), partial_(std::move(partial)) {}

  Fd fd_;  // none: committed, or moved from
  std::string path_, partial_;
};

Done replace_file(const std::string& path, std::string_view bytes, bool durable = false, mode_t mode = 0644);

}  // namespace nw
