// FileTree: a view mounted as a file system (FUSE), so that any program reads the machine of this moment.
//
// A file's text is made when it is read from its beginning, and kept in the open file for the rest of that reading: a
// number that grows a digit between two reads of one text is never torn. The kernel keeps nothing (direct_io, no
// time-outs), so that a program that holds a file open, as nodewatt does, gets a new value at each read. A sensor that
// fails gives the error that the kernel's own file would give: EACCES and ENOENT at open, EIO or EBUSY at read.
//
// Some files are passed through from the disk: the libraries that stand for vendors'. These the kernel may keep, since
// programs map them.
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
  // Answers until `stop` is set or `until` has passed; CLOCK_MONOTONIC.
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
