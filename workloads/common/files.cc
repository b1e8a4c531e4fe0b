// The few system calls that the workloads make themselves, each failure told with path and errno.
//
// write_file goes through a temporary file in the same folder, fsync and rename, because a checkpoint that was cut half
// way would be found only by the next run. inflate_bytes grows its output step by step and never trusts a length that
// the file claims, so a garbage file cannot make it allocate more than it truly unpacks to.
#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace nw::workload {
namespace {

constexpr std::size_t kInflateStep = 1u << 20;

Error system_error(const std::filesystem::path& path, const char* doing) {
  return {path.string() + ": cannot " + doing + ": " + std::strerror(errno)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  return path.string() + ".part" + std::to_string(::getpid());
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return system_error(path, "open");
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return system_error(path, "read");
  if (S_ISDIR(info.st_mode)) return Error{path.string() + ": is a folder, a file was expected"};
  Bytes bytes;
  std::size_t filled = 0;
  for (;;) {
    if (filled > limit)
      return Error{path.string() + ": longer than the " + std::to_string(limit) + " bytes that are accepted"};
    bytes.resize(filled + std::max<std::size_t>(kInflateStep, filled));
    const ssize_t n = ::read(file.fd(), bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path, "read");
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  if (filled == 0) return Error{path.string() + ": is empty"};
  bytes.resize(filled);
  return bytes;
}

Result<void> write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  const auto part = temporary_beside(path);
  const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.fd() < 0) return system_error(path, "write");
  if (write_all(file.fd(), bytes) && ::fsync(file.fd()) == 0 && ::rename(part.c_str(), path.c_str()) == 0) return {};
  const Error error = system_error(path, "write");
  ::unlink(part.c_str());
  return error;
}

Result<void> check_writable(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return Error{path.string() + ": is a folder, a file name was expected"};
  const auto part = temporary_beside(path);
  const Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (file.fd() < 0) return system_error(path, "write");
  ::unlink(part.c_str());
  return {};
}

std::filesystem::path data_folder() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto data = variable("NODEWATT_DATA"); !data.empty()) return data;
  if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty())
    return std::filesystem::path(cache) / "nodewatt/data";
  const auto home = variable("HOME");
  return std::filesystem::path(home.empty() ? "/" : home) / ".cache/nodewatt/data";
}

Result<Inflated> inflate_bytes(std::span<const std::uint8_t> packed, Wrapper wrapper, std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, wrapper == Wrapper::gzip ? 16 + MAX_WBITS : MAX_WBITS) != Z_OK)
    return Error{"zlib cannot start"};
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), UINT32_MAX));
  Inflated out;
  int status = Z_OK;
  while (status == Z_OK && out.bytes.size() < limit) {
    const std::size_t filled = out.bytes.size();
    out.bytes.resize(std::min(limit, filled + kInflateStep));
    stream.next_out = out.bytes.data() + filled;
    stream.avail_out = static_cast<uInt>(out.bytes.size() - filled);
    status = inflate(&stream, Z_NO_FLUSH);
    out.bytes.resize(out.bytes.size() - stream.avail_out);
  }
  if (status == Z_OK) {  // the output is full: does the stream end here, or go on?
    std::uint8_t more = 0;
    stream.next_out = &more;
    stream.avail_out = 1;
    status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_OK && stream.avail_out == 1) status = Z_BUF_ERROR;
  }
  out.consumed = packed.size() - stream.avail_in;
  out.complete = status == Z_STREAM_END;
  inflateEnd(&stream);
  if (status == Z_OK || status == Z_STREAM_END) return out;
  return Error{status == Z_BUF_ERROR ? "compressed data end too early" : "compressed data are damaged"};
}

}  // namespace nw::workload
