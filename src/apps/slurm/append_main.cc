// nodewatt-append: appends a command's output to a user's file, with that user's privileges and without delaying the
// caller.
//
//   nodewatt-append UID FILE COMMAND [ARGUMENT...]
//
// An epilog runs as root, and the path of a job's output was chosen by its user. So root never opens it: a separate
// process first becomes that user, irrevocably, and then opens the file with the user's own permissions. The file must
// exist, be regular and be owned by that user; a link, a device or a pipe is refused. Root's own jobs are refused:
// there is no lesser user to become. The caller gets exit code 0 at once; the command is killed after kLongest seconds.
//
// Slurm kills the process group of an epilog as soon as the epilog has ended. So the process leaves the session before
// it forks and returns: a child that had yet to leave could be killed first, which happened on busy nodes.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace {
constexpr unsigned kLongest = 10;  // s
constexpr int kMostOpen = 1024;    // close_range does not exist on many clusters' systems

std::optional<uid_t> parse_uid(const char* text) {
  char* end = nullptr;
  errno = 0;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != 0 || errno != 0 || value == 0 || value >= 0xfffffffeUL) return {};
  return static_cast<uid_t>(value);
}

// Irrevocable: real, effective and saved ids, groups, and no_new_privs.
bool drop_privileges(const passwd& user) {
  if (::initgroups(user.pw_name, user.pw_gid) != 0 && ::geteuid() == 0) return false;
  if (::setresgid(user.pw_gid, user.pw_gid, user.pw_gid) != 0) return false;
  if (::setresuid(user.pw_uid, user.pw_uid, user.pw_uid) != 0) return false;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int open_own(const char* path, uid_t owner) {
  if (path[0] != '/') return -1;
  const int file = ::open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat info {};
  if (file >= 0 && ::fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == owner) return file;
  return -1;
}

// Detaches from the caller: no terminal, no open descriptor that somebody waits for.
bool detach() {
  if (::chdir("/") != 0) return false;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return false;
  for (int fd = 0; fd <= 2; ++fd) ::dup2(null, fd);
  for (int fd = 3; fd < kMostOpen; ++fd) ::close(fd);
  return true;
}

[[noreturn]] void run(uid_t uid, const char* path, char** command) {
  const passwd* user = detach() ? ::getpwuid(uid) : nullptr;
  if (user == nullptr || !drop_privileges(*user)) ::_exit(1);
  const int file = open_own(path, uid);
  if (file < 0) ::_exit(1);
  ::dup2(file, STDOUT_FILENO);
  const std::string home = std::string("HOME=") + user->pw_dir;
  const char* socket = std::getenv("NODEWATT_SOCKET");
  const std::string daemon = std::string("NODEWATT_SOCKET=") + (socket == nullptr ? "" : socket);
  std::vector<const char*> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", home.c_str()};
  if (socket != nullptr) environment.push_back(daemon.c_str());
  environment.push_back(nullptr);
  ::alarm(kLongest);  // is kept across exec
  ::execvpe(command[0], command, const_cast<char**>(environment.data()));
  ::_exit(127);
}
}  // namespace

int main(int argc, char** argv) {
  const std::optional<uid_t> uid = argc < 4 ? std::nullopt : parse_uid(argv[1]);
  if (!uid) return 0;
  ::setsid();  // fails for the leader of a group: its child leads none
  if (::fork() != 0) return 0;
  ::setsid();
  run(*uid, argv[2], argv + 3);
}
