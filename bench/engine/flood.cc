// What a user may do to the daemon's socket. usage: engine_flood SOCKET SECONDS connects|unread [REQUEST]
//   connects  connects and hangs up, as fast as it goes
//   unread    16 connections that ask for REQUEST again and again and read no answer
// Prints how many connections were made, and how many were refused.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

namespace {
using Clock = std::chrono::steady_clock;

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

struct Made {
  long made = 0, refused = 0;
  int add(int fd) { return ++(fd < 0 ? refused : made), fd; }
};

void connect_always(const std::string& path, Clock::time_point end, Made& made) {
  while (Clock::now() < end)
    if (const int fd = made.add(connect_to(path)); fd >= 0) ::close(fd);
}

void never_read(const std::string& path, std::string_view request, Clock::time_point end, Made& made) {
  std::array<int, 16> open;
  open.fill(-1);
  for (; Clock::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(20)))
    for (int& fd : open) {
      if (fd < 0) fd = made.add(connect_to(path));
      if (fd < 0 || ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) >= 0 || errno == EAGAIN) continue;
      ::close(fd);
      fd = -1;
    }
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("usage: engine_flood SOCKET SECONDS connects|unread [REQUEST]\n", stderr), 2;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(argv[2])));
  Made made;
  if (std::string_view(argv[3]) == "connects")
    connect_always(argv[1], end, made);
  else
    never_read(argv[1], argc > 4 ? argv[4] : "jobs limit=0", end, made);
  std::printf("%ld %ld\n", made.made, made.refused);
}
