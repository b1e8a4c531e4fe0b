#include "apps/noded/watch.h"

#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>

namespace nw::noded {

Watch::Watch() : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

void Watch::follow(const std::vector<std::string>& directories) {
  if (!inotify_) return;
  std::erase_if(watched_, [&](const auto& entry) {
    if (std::find(directories.begin(), directories.end(), entry.first) != directories.end()) return false;
    ::inotify_rm_watch(inotify_.get(), entry.second);  // fails where the directory has gone: so has the watch
    return true;
  });
  for (const std::string& directory : directories) {
    if (watched_.contains(directory)) continue;
    const int watch = ::inotify_add_watch(inotify_.get(), directory.c_str(),
                                          IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR);
    if (watch >= 0) watched_.emplace(directory, watch);
  }
}

bool Watch::drain() {
  bool any = false;
  alignas(inotify_event) char events[16384];
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), events, sizeof events);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return any;
    any = true;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events + at);
      if ((event->mask & IN_IGNORED) != 0)
        std::erase_if(watched_, [&](const auto& entry) { return entry.second == event->wd; });
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

}  // namespace nw::noded
