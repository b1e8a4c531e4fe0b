// Watch: wakes the daemon when a job or a step comes or goes, by inotify on the cgroup directories that contain them.
// The cgroup snapshot shows what has changed; this only signals that something has, so a lost event loses nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/fd.h"

namespace nw::noded {

class Watch {
 public:
  Watch();
  int fd() const {
    return inotify_.get();
  }  // -1 where there is no inotify: then jobs are noticed at the next sample set
  // Watches these directories and no others. What cannot be watched is left out.
  void follow(const std::vector<std::string>& directories);
  // Takes all events; whether there were any.
  bool drain();

 private:
  Fd inotify_;
  std::map<std::string, int> watched_;
};

}  // namespace nw::noded
