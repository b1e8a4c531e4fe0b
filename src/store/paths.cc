#include "store/paths.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

namespace nw {

namespace {
// The variable's value when it is an absolute path, else empty.
std::string absolute_path_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && value[0] == '/' ? value : "";
}

Result<std::string> home_of_user() {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  const int code = ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr && entry.pw_dir != nullptr && entry.pw_dir[0] == '/') return std::string(entry.pw_dir);
  const std::string what =
      "no place for records: HOME is not set and user " + std::to_string(::geteuid()) + " has no home directory";
  if (code != 0) return tl::make_unexpected(system_error(code, what));
  return fail(ErrorKind::absent, what);
}

Result<std::string> below_data_dir(const char* name) {
  return data_dir().map([&](const std::string& dir) { return dir + "/" + name; });
}

bool is_dir(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}
}  // namespace

Result<std::string> data_dir() {
  if (const auto xdg = absolute_path_in("XDG_DATA_HOME"); !xdg.empty()) return xdg + "/nodewatt";
  auto home = absolute_path_in("HOME");
  if (home.empty()) home = NW_TRY(home_of_user());
  return home + "/.local/share/nodewatt";
}

Result<std::string> store_path() { return below_data_dir("records.db"); }

Result<std::string> journal_dir() { return below_data_dir("journal"); }

Done make_private_dir(const std::string& path) {
  if (is_dir(path)) return {};
  const auto slash = path.find_last_of('/');
  if (slash != std::string::npos && slash > 0) NW_CHECK(make_private_dir(path.substr(0, slash)));
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  const int code = errno;
  if (code == EEXIST && is_dir(path)) return {};
  return tl::make_unexpected(system_error(code == EEXIST ? ENOTDIR : code, path));
}

}  // namespace nw
