// The address of a Unix socket in the file system (unix(7)).
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "base/result.h"

namespace nw {

// Malformed when the path is empty or longer than the 107 characters that an address holds.
inline Result<sockaddr_un> make_unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::malformed, "'" + path + "': a socket's path has 1 to 107 characters");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

inline const sockaddr* as_sockaddr(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace nw
