// Root: below which folder a machine's files lie. Another's than "/" are data, that of somebody else perhaps: the
// vendor libraries among them are programs, and are opened only where that was asked for. Whoever takes it for a path
// alone loses that word, and no library is opened.
#pragma once

#include <memory>
#include <string>

#include "base/host.h"

namespace nw {

struct Root {
  std::string path = "/";
  bool runs_libraries = false;

  operator const std::string&() const { return path; }
};

// make_real_host() of this root's path, with its libraries where it says so.
std::unique_ptr<Host> make_real_host(const Root& root);

}  // namespace nw
