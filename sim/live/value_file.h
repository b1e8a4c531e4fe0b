// The value files of a live tree, for the libraries that stand in for vendors'. These are loaded into other programs,
// and need nothing but the C library.
#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace nw::sim {

enum class Answer : unsigned char { said, absent, denied, failed };

inline char tree_root[PATH_MAX];

// $NODEWATT_SIM_ROOT, or the tree that the library of `symbol` lies in: <root>/usr/lib/<triplet>/<library>.
inline void find_root(const void* symbol) {
  const char* told = std::getenv("NODEWATT_SIM_ROOT");
  if (told != nullptr && *told != '\0') {
    std::snprintf(tree_root, sizeof tree_root, "%s", told);
    return;
  }
  Dl_info self{};
  if (::dladdr(symbol, &self) == 0 || ::realpath(self.dli_fname, tree_root) == nullptr) return;
  for (int up = 0; up < 4; ++up)  // the name, the triplet, lib, usr
    if (char* slash = std::strrchr(tree_root, '/')) *slash = '\0';
}

// The first line of <root>/<folder>/<file>.
inline Answer read_value(const char* folder, const char* file, char* out, std::size_t size) {
  char path[PATH_MAX + 128];
  std::snprintf(path, sizeof path, "%s/%s/%s", tree_root, folder, file);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? Answer::absent : errno == EACCES ? Answer::denied : Answer::failed;
  const auto got = ::read(fd, out, size - 1);
  ::close(fd);
  if (got < 0) return Answer::failed;
  out[got] = '\0';
  if (char* end = std::strchr(out, '\n')) *end = '\0';
  return Answer::said;
}

inline Answer read_value(const char* folder, const char* file, unsigned long long* out) {
  char text[64];
  const Answer answer = read_value(folder, file, text, sizeof text);
  if (answer != Answer::said) return answer;
  char* end = nullptr;
  *out = std::strtoull(text, &end, 10);
  return end == text ? Answer::failed : Answer::said;
}

}  // namespace nw::sim
