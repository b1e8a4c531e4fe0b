#include "store/frames.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/file.h"

namespace nw {

namespace {
constexpr std::size_t kHeader = 8;
constexpr std::size_t kReadAhead = std::size_t{64} << 10;
constexpr std::size_t kGrowth = std::size_t{1} << 20;

void put_u32(char* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint32_t get_u32(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(at[i])} << (8 * i);
  return value;
}

// Over the header's length bytes and the payload.
std::uint32_t compute_crc(const char* length, std::string_view payload) {
  auto crc = crc32(0, reinterpret_cast<const Bytef*>(length), 4);
  crc = crc32(crc, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size()));
  return static_cast<std::uint32_t>(crc);
}
}  // namespace

Result<std::string> make_frame(std::string_view payload) {
  if (payload.size() > kMaxFrame)
    return fail(ErrorKind::malformed,
                fmt::format("a frame of {} bytes; {} is the most that a frame holds", payload.size(), kMaxFrame));
  std::string frame(kHeader, '\0');
  put_u32(frame.data(), static_cast<std::uint32_t>(payload.size()));
  // An empty view may have a null address, which zlib's crc32 takes for "start anew".
  put_u32(frame.data() + 4, compute_crc(frame.data(), payload.empty() ? std::string_view("") : payload));
  return frame.append(payload);
}

ReadBytes bytes_of_fd(int fd, std::string name) {
  return [fd, name = std::move(name)](char* into, std::size_t size) -> Result<std::size_t> {
    return read_some(fd, into, size, name);
  };
}

ReadBytes bytes_of_memory(std::string_view bytes) {
  return [bytes](char* into, std::size_t size) mutable -> Result<std::size_t> {
    const auto got = bytes.copy(into, size);
    bytes.remove_prefix(got);
    return got;
  };
}

FrameReader::FrameReader(ReadBytes bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {}

std::optional<std::string> FrameReader::next() {
  if (ended_ || (!begun_ && !read_magic())) return std::nullopt;
  std::array<char, kHeader> header{};
  const auto got = fill(header.data(), kHeader);
  if (ended_) return std::nullopt;
  if (got == 0) return stop(Stop::clean, "");
  if (got < kHeader) return stop(Stop::cut, fmt::format("the file ends {} bytes into a frame's header", got));
  const std::size_t length = get_u32(header.data());
  if (length > kMaxFrame) return stop(Stop::garbage, fmt::format("no frame: a length of {} bytes", length));
  std::string payload;
  if (!read_payload(payload, length)) return std::nullopt;
  if (compute_crc(header.data(), payload) != get_u32(header.data() + 4))
    return stop(Stop::garbage, fmt::format("no frame: the check sum of {} bytes does not match", length));
  end_.offset += kHeader + length;
  return payload;
}

bool FrameReader::read_magic() {
  begun_ = true;
  std::array<char, kFramesMagic.size()> magic{};
  const std::string_view seen(magic.data(), fill(magic.data(), magic.size()));
  if (ended_) return false;
  if (seen == kFramesMagic) {
    end_.offset = kFramesMagic.size();
    return true;
  }
  const auto version = kFramesMagic.size() - 2;
  if (kFramesMagic.starts_with(seen))
    stop(Stop::cut, "the file ends before its first line does");
  else if (seen.starts_with(kFramesMagic.substr(0, version)))
    stop(Stop::garbage, "frames of another version of nodewatt; this one reads version 1");
  else
    stop(Stop::garbage, "not a file of nodewatt frames");
  return false;
}

bool FrameReader::read_payload(std::string& payload, std::size_t length) {
  while (payload.size() < length) {
    const auto had = payload.size();
    const auto wanted = std::min(length - had, kGrowth);
    payload.resize(had + wanted);
    const auto got = fill(payload.data() + had, wanted);
    if (ended_) return false;
    if (got < wanted) {
      stop(Stop::cut, fmt::format("the file ends {} bytes into a frame of {}", had + got, length));
      return false;
    }
  }
  return true;
}

// How many of `size` bytes could be read: fewer only at the end of the file or, with ended_ set, after a read error.
std::size_t FrameReader::fill(char* into, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    if (used_ == buffer_.size()) {
      buffer_.resize(kReadAhead);
      used_ = 0;
      auto got = bytes_(buffer_.data(), kReadAhead);
      buffer_.resize(got ? *got : 0);
      if (!got) {
        stop(Stop::unreadable, "");
        end_.error = std::move(got).error();
        return done;
      }
      if (*got == 0) return done;
    }
    const auto part = std::min(size - done, buffer_.size() - used_);
    std::memcpy(into + done, buffer_.data() + used_, part);
    used_ += part;
    done += part;
  }
  return done;
}

std::nullopt_t FrameReader::stop(Stop why, const std::string& what) {
  ended_ = true;
  end_.stop = why;
  if (why != Stop::clean) end_.error = {ErrorKind::malformed, fmt::format("{}: byte {}: {}", name_, end_.offset, what)};
  return std::nullopt;
}

Frames read_frames(ReadBytes bytes, const std::string& name) {
  FrameReader reader(std::move(bytes), name);
  Frames frames;
  while (auto payload = reader.next()) frames.payloads.push_back(std::move(*payload));
  frames.end = reader.end();
  return frames;
}

Result<Frames> read_frames(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return tl::make_unexpected(system_error(errno, path));
  return read_frames(bytes_of_fd(fd.get(), path), path);
}

}  // namespace nw
