#include "store/checkpoint_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>

#include "base/file.h"
#include "base/monotonic.h"
#include "base/parse.h"
#include "store/frames.h"
#include "store/packed.h"
#include "store/paths.h"

namespace nw {

namespace {
constexpr std::string_view kPrefix = "books-", kSuffix = ".frames";
constexpr std::string_view kAside = "damaged-";
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

// Nothing when it is not a zstd frame that states its size, or when it is larger than one of our frames may be.
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
  const auto locked = lock_file(lock.get(), lock_path);
  if (!locked && locked.error().kind == ErrorKind::busy)
    return fail(ErrorKind::busy, dir + ": another nodewattd keeps its checkpoint here");
  NW_CHECK(locked);
  CheckpointFile checkpoint(dir, limits, std::move(lock));
  const auto numbers = segments_in(dir);
  for (auto at = numbers.rbegin(); at != numbers.rend() && !checkpoint.found_; ++at) {
    checkpoint.found_ = last_frame(name_of(dir, *at));
    checkpoint.newest_whole_ = *at;
  }
  checkpoint.number_ = numbers.empty() ? 0 : numbers.back();
  if (!checkpoint.found_) checkpoint.newest_whole_ = checkpoint.number_;
  std::error_code error;
  const auto size = std::filesystem::file_size(name_of(dir, checkpoint.number_), error);
  checkpoint.had_bytes_ = !error && size > kFramesMagic.size();
  checkpoint.prune(limits.segments);
  return checkpoint;
}

Done CheckpointFile::begin_segment() {
  const std::string path = name_of(dir_, number_ + 1);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed_call(path);
  if (auto done = write_all_at(fd.get(), kFramesMagic, 0, path); !done) {
    ::unlink(path.c_str());
    return done;
  }
  fd_ = std::move(fd);
  ++number_;
  size_ = end_ = static_cast<std::int64_t>(kFramesMagic.size());
  return {};
}

Done CheckpointFile::write(std::string_view frame) {
  if (!fd_) NW_CHECK(begin_segment());
  const std::string name = name_of(dir_, number_);
  const std::int64_t end = size_ + static_cast<std::int64_t>(frame.size());
  Done done = write_all_at(fd_.get(), frame, size_, name);
  if (done && end < end_ && ::ftruncate(fd_.get(), end) != 0) done = failed_call(name);
  if (done) {
    end_ = end;
    newest_whole_ = number_;
  } else if (::ftruncate(fd_.get(), size_) == 0) {
    end_ = size_;
  }
  return done;
}

Done CheckpointFile::amend(std::string_view payload) {
  const std::string packed = NW_TRY(pack(payload));
  const std::string frame = NW_TRY(make_frame(packed));
  if (write(frame)) return {};
  prune(1);  // older segments, kept in case one is damaged, are worth less than the present accounting
  return write(frame);
}

Done CheckpointFile::append(std::string_view payload) {
  const std::string packed = NW_TRY(pack(payload));
  const std::string frame = NW_TRY(make_frame(packed));
  if (!append_frame(frame)) {
    prune(1);
    NW_CHECK(append_frame(frame));
  }
  if (monotonic() - synced_ >= kBetweenSyncs) return sync();
  return {};
}

Done CheckpointFile::append_frame(std::string_view frame) {
  const bool full = size_ > static_cast<std::int64_t>(kFramesMagic.size()) && size_ >= limits_.segment;
  if (full) NW_CHECK(begin_segment());
  const bool first = newest_whole_ != number_;  // of this segment
  NW_CHECK(write(frame));
  size_ = end_;
  if (first || full) prune(limits_.segments);
  return {};
}

Done CheckpointFile::sync() {
  synced_ = monotonic();
  if (!fd_) return {};
  if (::fdatasync(fd_.get()) != 0) return failed_call(name_of(dir_, number_));
  return {};
}

// The segment of the newest whole frame and newer ones always stay, and so does the one before it if `most` permits.
void CheckpointFile::prune(std::size_t most) const {
  auto numbers = segments_in(dir_);
  std::reverse(numbers.begin(), numbers.end());
  std::int64_t all = 0;
  std::size_t kept = 0;
  for (const std::uint64_t number : numbers) {
    const std::string path = name_of(dir_, number);
    struct stat info {};
    if (++kept, number >= newest_whole_ || (kept <= 2 && most > 1)) continue;
    if (::stat(path.c_str(), &info) != 0) continue;
    all += info.st_size;
    const bool old = std::time(nullptr) - info.st_mtime > limits_.age.count() / kNanosPerSecond;
    if (old || all > limits_.all || kept > most) ::unlink(path.c_str());
  }
}

Result<std::string> CheckpointFile::keep_aside() const {
  const std::string name = fmt::format("{}{:012}{}", kAside, newest_whole_, kSuffix), path = dir_ + "/" + name;
  if (::link(name_of(dir_, newest_whole_).c_str(), path.c_str()) != 0 && errno != EEXIST) return failed_call(path);
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir_, error))
    if (std::string one = entry.path().filename(); one.starts_with(kAside)) names.push_back(std::move(one));
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i + kMostAside < names.size(); ++i) ::unlink((dir_ + "/" + names[i]).c_str());
  return path;
}

}  // namespace nw
