#include "store/checkpoint_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>

#include "base/monotonic.h"
#include "base/parse.h"
#include "store/frames.h"
#include "store/packed.h"
#include "store/paths.h"

namespace nw {

namespace {
constexpr std::string_view kPrefix = "books-", kSuffix = ".frames";
constexpr int kFast = 1;  // level of zstd

tl::unexpected<Error> failed_call(const std::string& path) { return tl::make_unexpected(system_error(errno, path)); }

std::string name_of(const std::string& dir, std::uint64_t number) {
  return fmt::format("{}/{}{:012}{}", dir, kPrefix, number, kSuffix);
}

// Numbers of the segments, ascending.
std::vector<std::uint64_t> segments_in(const std::string& dir) {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename();
    std::string_view digits = name;
    if (!digits.starts_with(kPrefix) || !digits.ends_with(kSuffix)) continue;
    digits.remove_prefix(kPrefix.size());
    digits.remove_suffix(kSuffix.size());
    if (const auto number = parse_u64(digits)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<std::string> pack(std::string_view plain) { return compress(plain, kFast, "books"); }

// Nothing when it is no frame of zstd's that says its size, or of more than a frame of ours may hold.
std::optional<std::string> unpack(std::string_view packed) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kMaxFrame) return std::nullopt;
  std::string plain(size, '\0');
  const std::size_t done = ZSTD_decompress(plain.data(), plain.size(), packed.data(), packed.size());
  return done == size ? std::optional(std::move(plain)) : std::nullopt;
}

std::optional<std::string> last_frame(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return std::nullopt;
  FrameReader reader(bytes_of_fd(fd.get(), path), path);
  std::optional<std::string> last;
  while (auto payload = reader.next()) last = std::move(payload);
  return last ? unpack(*last) : std::nullopt;
}
}  // namespace

Result<CheckpointFile> CheckpointFile::open(const std::string& dir, Limits limits) {
  NW_CHECK(make_private_dir(dir));
  const std::string lock_path = dir + "/lock";
  Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return failed_call(lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(ErrorKind::busy, dir + ": another nodewattd keeps its checkpoint here");
    return failed_call(lock_path);
  }
  CheckpointFile checkpoint(dir, limits, std::move(lock));
  const auto numbers = segments_in(dir);
  for (auto at = numbers.rbegin(); at != numbers.rend() && !checkpoint.found_; ++at)
    checkpoint.found_ = last_frame(name_of(dir, *at));
  checkpoint.number_ = numbers.empty() ? 0 : numbers.back();
  NW_CHECK(checkpoint.begin_segment());
  return checkpoint;
}

Done CheckpointFile::begin_segment() {
  const std::string path = name_of(dir_, number_ + 1);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed_call(path);
  if (::pwrite(fd.get(), kFramesMagic.data(), kFramesMagic.size(), 0) != static_cast<ssize_t>(kFramesMagic.size())) {
    auto error = failed_call(path);
    ::unlink(path.c_str());
    return error;
  }
  fd_ = std::move(fd);
  ++number_;
  size_ = end_ = static_cast<std::int64_t>(kFramesMagic.size());
  return {};
}

Done CheckpointFile::write(std::string_view frame) {
  const auto fails = [&] {
    auto error = failed_call(name_of(dir_, number_));
    if (::ftruncate(fd_.get(), size_) == 0) end_ = size_;
    return error;
  };
  std::int64_t at = size_;
  for (std::string_view rest = frame; !rest.empty();) {
    const ssize_t done = ::pwrite(fd_.get(), rest.data(), rest.size(), at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fails();
    rest.remove_prefix(static_cast<std::size_t>(done));
    at += done;
  }
  if (at < end_ && ::ftruncate(fd_.get(), at) != 0) return fails();
  end_ = at;
  return {};
}

Done CheckpointFile::amend(std::string_view payload) {
  const std::string packed = NW_TRY(pack(payload));
  const std::string frame = NW_TRY(make_frame(packed));
  return write(frame);
}

Done CheckpointFile::append(std::string_view payload) {
  const std::string packed = NW_TRY(pack(payload));
  const std::string frame = NW_TRY(make_frame(packed));
  const bool full = size_ > static_cast<std::int64_t>(kFramesMagic.size()) && size_ >= limits_.segment;
  if (full) NW_CHECK(begin_segment());
  NW_CHECK(write(frame));
  size_ = end_;
  if (full) prune();
  if (monotonic() - synced_ >= kBetweenSyncs) return sync();
  return {};
}

Done CheckpointFile::sync() {
  synced_ = monotonic();
  if (::fdatasync(fd_.get()) != 0) return failed_call(name_of(dir_, number_));
  return {};
}

// The newest segment and the one before it always stay.
void CheckpointFile::prune() const {
  auto numbers = segments_in(dir_);
  std::int64_t all = 0;
  for (std::size_t i = 2; i < numbers.size(); ++i) {
    const std::string path = name_of(dir_, numbers[numbers.size() - 1 - i]);
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    all += info.st_size;
    if (all > limits_.all || std::time(nullptr) - info.st_mtime > limits_.age.count() / kNanosPerSecond)
      ::unlink(path.c_str());
  }
}

}  // namespace nw
