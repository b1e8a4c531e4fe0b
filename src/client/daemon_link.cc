#include "client/daemon_link.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "client/channel_layout.h"
#include "client/client.h"

namespace nw {
namespace {

constexpr int kPatienceMs = 50;  // for the daemon's answer: it may be reading a sensor
// Of <linux/memfd.h> and <linux/fcntl.h>, which glibc 2.17 does not have.
constexpr unsigned kCloseOnExec = 1, kAllowSealing = 2;
constexpr int kAddSeals = 1033, kSealSeal = 1, kSealShrink = 2, kSealGrow = 4;

std::atomic<int> memory{-1};  // its descriptor
std::atomic<bool> is_here{false};

bool is_switched_off() {
  const char* off = ::secure_getenv("NODEWATT_DISABLE");
  return off != nullptr && *off != '\0' && std::strcmp(off, "0") != 0;
}

// Memory that this process cannot shrink any more, so that the daemon may map it.
int make_memory() {
  const int fd = static_cast<int>(::syscall(SYS_memfd_create, "nodewatt", kCloseOnExec | kAllowSealing));
  if (fd < 0) return -1;
  if (::posix_fallocate(fd, 0, static_cast<off_t>(kChannelSize)) == 0 &&
      ::fcntl(fd, kAddSeals, kSealShrink | kSealGrow | kSealSeal) == 0)
    return fd;
  ::close(fd);
  return -1;
}

ChannelHeader* map_new(int fd) {
  void* map = ::mmap(nullptr, kChannelSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return nullptr;
  auto* header = static_cast<ChannelHeader*>(map);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  header->slots = kChannelSlots;
  header->slot_size = sizeof(ChannelSlot);
  header->cookie = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec) +
                   (static_cast<std::uint64_t>(::getpid()) << 40U);
  header->looked_at_ns.store(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  header->magic = kChannelMagic;
  return header;
}

// The first of the paths that the variable names, as the commands understand it too; "" names none.
bool find_socket(sockaddr_un& address) {
  const char* path = ::secure_getenv(kSocketVariable);
  if (path == nullptr) path = kDaemonSocket;
  const std::size_t length = std::strcspn(path, ":");
  if (length == 0 || length >= sizeof address.sun_path) return false;
  std::memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  return true;
}

int connect_to_daemon() {
  sockaddr_un address;
  if (!find_socket(address)) return -1;
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

bool ask_for_link(int socket, int fd, bool here) {
  constexpr char kRequest[] = "attach protocol=1", kHere[] = "attach protocol=1 here=1";
  static_assert(kLinkProtocol == 1);
  return here ? send_memory(socket, kHere, sizeof kHere - 1, fd, MSG_DONTWAIT)
              : send_memory(socket, kRequest, sizeof kRequest - 1, fd, MSG_DONTWAIT);
}

// A daemon that is too busy to answer in time may still accept.
bool is_refused(int socket) {
  pollfd polled{socket, POLLIN, 0};
  if (::poll(&polled, 1, kPatienceMs) <= 0) return false;
  char answer = 'E';
  return ::recv(socket, &answer, 1, MSG_DONTWAIT) < 1 || answer != 'D';
}

// Whether the descriptor still is the memory: the program may have closed it, and its number be another file's.
bool is_memory(int fd, const ChannelHeader& header) {
  std::uint64_t cookie = 0;
  return fd >= 0 &&
         ::pread(fd, &cookie, sizeof cookie, static_cast<off_t>(offsetof(ChannelHeader, cookie))) == sizeof cookie &&
         cookie == header.cookie;
}
}  // namespace

bool send_memory(int socket, const char* request, std::size_t length, int fd, int flags) {
  iovec piece{const_cast<char*>(request), length};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | flags) >= 0;
}

bool is_in_job() { return !is_switched_off() && ::secure_getenv("SLURM_JOB_ID") != nullptr; }

ChannelHeader* link_to_daemon(bool here) {
  const int before = errno;
  const int socket = is_switched_off() ? -1 : connect_to_daemon();
  if (socket < 0) return errno = before, nullptr;
  const int fd = make_memory();
  ChannelHeader* header = fd < 0 ? nullptr : map_new(fd);
  if (header != nullptr && ask_for_link(socket, fd, here) && !is_refused(socket)) {
    memory.store(fd, std::memory_order_release);
    is_here.store(here, std::memory_order_release);
    return errno = before, header;  // the connection stays open: its end is the program's
  }
  if (header != nullptr) unmap_channel(header);
  if (fd >= 0) ::close(fd);
  ::close(socket);
  errno = before;
  return nullptr;
}

bool link_again(ChannelHeader& header) {
  const int before = errno, fd = memory.load(std::memory_order_acquire);
  if (fd < 0) return true;  // not this program's: whoever made it links again
  if (!is_memory(fd, header)) return errno = before, false;
  const int socket = connect_to_daemon();
  if (socket >= 0 && !ask_for_link(socket, fd, is_here.load(std::memory_order_acquire))) ::close(socket);
  errno = before;
  return true;
}

}  // namespace nw
