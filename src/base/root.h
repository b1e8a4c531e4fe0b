// Root: the folder below which a machine's files lie. A root other than "/" is data, perhaps another person's: the
// vendor libraries in it are programs, so they are opened only on request. A plain path carries no such request, and no
// library is opened for it.
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

// make_real_host() for this root's path; opens libraries as the root says.
std::unique_ptr<Host> make_real_host(const Root& root);

}  // namespace nw
