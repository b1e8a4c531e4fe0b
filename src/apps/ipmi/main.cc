// nodewatt-ipmi: holds /dev/ipmi0, and answers four requests about power.
//
//   nodewatt-ipmi [--device PATH] [--user NAME]... [--socket PATH]
//
// Its socket comes from systemd (LISTEN_FDS: one, as descriptor 3; sd_listen_fds(3)), or is created at PATH for root
// alone. It drops no privileges, since it is started with none: see deploy/systemd/nodewatt-ipmi.service.
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "apps/ipmi/broker.h"
#include "base/parse.h"
#include "base/unix_socket.h"

namespace nw::ipmi_app {
namespace {
constexpr int kFirstPassed = 3;

struct Line {
  std::string device = "/dev/ipmi0";
  std::string socket;
  std::vector<uid_t> users;
};

Result<Line> parse_line(int argc, char** argv) {
  Line line;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 == argc) return fail(ErrorKind::malformed, quote(option) + ": an option and its value");
    const char* value = argv[i + 1];
    if (option == "--device") {
      line.device = value;
    } else if (option == "--socket") {
      line.socket = value;
    } else if (option == "--user") {
      const passwd* user = ::getpwnam(value);
      if (user == nullptr) return fail(ErrorKind::absent, quote(value) + ": no such user");
      line.users.push_back(user->pw_uid);
    } else {
      return fail(ErrorKind::malformed, quote(option) + " is none of --device, --user, --socket");
    }
  }
  return line;
}

bool was_passed_a_socket() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  return pid != nullptr && count != nullptr && parse_i64(pid) == ::getpid() && std::string_view(count) == "1";
}

Result<Fd> make_listener(const std::string& path) {
  if (path.empty()) return fail(ErrorKind::malformed, "no socket from systemd, and no --socket PATH");
  const sockaddr_un address = NW_TRY(make_unix_address(path));
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return tl::make_unexpected(system_error(errno, "socket"));
  ::unlink(path.c_str());
  ::umask(0177);
  if (::bind(socket.get(), as_sockaddr(address), sizeof address) != 0 || ::listen(socket.get(), 8) != 0)
    return tl::make_unexpected(system_error(errno, path));
  return socket;
}

Done serve(int argc, char** argv) {
  Line line = NW_TRY(parse_line(argc, argv));
  Fd listener = was_passed_a_socket() ? Fd(kFirstPassed) : NW_TRY(make_listener(line.socket));
  IpmiBroker broker(std::move(listener), std::move(line.users), [&] { return open_real_ipmi(line.device); });
  for (;;) NW_CHECK(broker.serve_once(seconds(3600)));
}
}  // namespace
}  // namespace nw::ipmi_app

int main(int argc, char** argv) {
  const nw::Done done = nw::ipmi_app::serve(argc, argv);
  if (!done) std::fprintf(stderr, "nodewatt-ipmi: %s\n", done.error().what.c_str());
  return done ? 0 : 1;
}
