// FileTree: a view mounted as a file system (FUSE), so that any program reads the simulated machine's present state.
//
// A file's text is made when it is read from its beginning, and kept with the open file until the next such read: a
// number that grows a digit between two reads of one text is never torn. The kernel caches nothing (direct_io, no
// time-outs), so that a program that keeps a file open, as nodewatt does, gets a new value at each read. A sensor that
// fails gives the error that the kernel's own file would give: EACCES and ENOENT at open, EIO or EBUSY at read.
//
// Some files are passed through from the disk: the libraries that stand in for vendors'. The kernel may cache these,
// since programs map them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sim/views.h"

namespace nw::sim {

class FileTree {
 public:
  virtual ~FileTree() = default;  // unmounts
  // Serves requests until `stop` is set or `until` has passed; CLOCK_MONOTONIC.
  virtual Done serve(Nanos until, const std::atomic<bool>& stop) = 0;
};

struct Mounted {
  View view;
  std::map<std::string, std::string> passed;  // path in the tree to path on the disk
  Nanos start;                                // CLOCK_MONOTONIC at scenario time 0
};

// Absent, with the reason, where this machine or this build has no FUSE.
Result<std::unique_ptr<FileTree>> mount_tree(Mounted mounted, const std::string& dir);

Nanos monotonic_now();

}  // namespace nw::sim
