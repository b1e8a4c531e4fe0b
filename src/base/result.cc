#include "base/result.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace nw {

namespace {
constexpr std::array<std::string_view, 5> kNames{"absent", "denied", "busy", "malformed", "failed"};

ErrorKind kind_of(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR: return ErrorKind::absent;
    case EACCES:
    case EPERM: return ErrorKind::denied;
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case ETIMEDOUT: return ErrorKind::busy;
    default: return ErrorKind::failed;
  }
}
}  // namespace

std::string_view name(ErrorKind kind) { return kNames[static_cast<unsigned>(kind)]; }

ErrorKind error_kind(std::string_view name) {
  for (unsigned i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<ErrorKind>(i);
  return ErrorKind::failed;
}

Error system_error(int errno_value, const std::string& what) {
  return Error{kind_of(errno_value), what + ": " + std::strerror(errno_value)};
}

}  // namespace nw
