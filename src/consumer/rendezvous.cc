#include "consumer/rendezvous.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/file.h"
#include "base/monotonic.h"

namespace nw {

namespace {
constexpr unsigned kMostRankGroups = 64;  // of one program's key at once
constexpr Nanos kReply = seconds(10);     // a sampler answers at once unless its machine is overloaded
constexpr Nanos kKnock = millis(2);
constexpr Nanos kLook = millis(100);

void pause(Nanos time) {
  const timespec wait{time.count() / kNanosPerSecond, time.count() % kNanosPerSecond};
  ::nanosleep(&wait, nullptr);
}

// FNV-1a: a short file name for each of a user's programs on one node.
std::string name_of(const std::string& key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

std::string lock_name(const std::string& name, unsigned generation) {
  return fmt::format("{}.{}.lock", name, generation);
}
std::string socket_name(const std::string& name, unsigned generation) {
  return fmt::format("{}.{}.sock", name, generation);
}

bool is_private(const struct stat& info) { return info.st_uid == ::geteuid() && (info.st_mode & 077) == 0; }

// <folder>/nodewatt-UID; made when it is missing, refused when it is another user's or open to others.
Result<Fd> open_folder(const std::string& folder) {
  const std::string path = fmt::format("{}/nodewatt-{}", folder, ::geteuid());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return tl::make_unexpected(system_error(errno, path));
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return tl::make_unexpected(system_error(errno, path));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return tl::make_unexpected(system_error(errno, path));
  if (!is_private(info)) return fail(ErrorKind::denied, path + ": not this user's alone");
  return fd;
}

Result<Fd> open_file(int folder, const std::string& name, int flags) {
  Fd fd(::openat(folder, name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600));
  if (!fd) return tl::make_unexpected(system_error(errno, name));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return tl::make_unexpected(system_error(errno, name));
  if (!S_ISREG(info.st_mode) || !is_private(info)) return fail(ErrorKind::denied, name + ": not this user's own file");
  return fd;
}

bool still_has_name(int folder, const std::string& name, int fd) {
  struct stat opened {
  }, named{};
  return ::fstat(fd, &opened) == 0 && ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// A socket's address holds 107 characters; relative to its folder's descriptor each path is short, and the folder
// cannot be exchanged.
sockaddr_un address_of(int folder, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", folder, name);
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

Result<Fd> make_socket() {
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return tl::make_unexpected(system_error(errno, "socket"));
  const timeval patience{kReply.count() / kNanosPerSecond, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return socket;
}

// The next message, within `patience`; nothing at the end of the connection.
Result<std::optional<RankMessage>> next_message(int socket, Nanos patience, bool (*stop)() = nullptr) {
  const Nanos deadline = monotonic() + patience;
  for (;;) {
    bool again = false;
    auto message = receive_message(socket, again);
    if (message || !again) return message;
    const Nanos left = deadline - monotonic();
    if (left <= Nanos{} || (stop != nullptr && stop())) return fail(ErrorKind::busy, "the sampler does not answer");
    pollfd polled{socket, POLLIN, 0};
    ::poll(&polled, 1, static_cast<int>(std::min(left, kLook).count() / kMicro) + 1);
  }
}
}  // namespace

bool is_own_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

Result<Rendezvous> Rendezvous::enter(const std::vector<std::string>& folders, const std::string& key, Nanos patience) {
  Error error{ErrorKind::absent, "no folder where the ranks of one program could meet"};
  for (const std::string& folder : folders) {
    const auto opened = open_folder(folder);
    auto rendezvous = opened ? open(opened->get(), name_of(key), patience) : tl::make_unexpected(opened.error());
    if (rendezvous || rendezvous.error().kind == ErrorKind::busy) return rendezvous;
    error = rendezvous.error();
  }
  return tl::make_unexpected(error);
}

Result<Rendezvous> Rendezvous::open(int folder, const std::string& name, Nanos patience) {
  Fd own(::fcntl(folder, F_DUPFD_CLOEXEC, 0));
  if (!own) return tl::make_unexpected(system_error(errno, name));
  const std::string file = name + ".join";
  for (const Nanos deadline = monotonic() + patience;;) {
    Fd lock = NW_TRY(open_file(folder, file, O_CREAT));
    const Done locked = lock_file(lock.get(), file);
    if (locked) {
      if (still_has_name(folder, file, lock.get())) return Rendezvous(std::move(own), std::move(lock), name);
      continue;  // removed between open and flock
    }
    if (locked.error().kind != ErrorKind::busy) return tl::make_unexpected(locked.error());
    if (monotonic() > deadline) return fail(ErrorKind::busy, "another rank is being taken in");
    pause(kKnock);
  }
}

Result<std::optional<RankConnection>> Rendezvous::join_at(unsigned generation, const RankMessage& hello) const {
  Fd socket = NW_TRY(make_socket());
  const sockaddr_un address = address_of(folder_.get(), socket_name(name_, generation));
  int connected = 0;
  while ((connected = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address)) != 0 &&
         errno == EINTR) {
  }
  // Refused: its rank group has just ended.
  if (connected != 0 || !is_own_peer(socket.get()) || !send_message(socket.get(), hello)) return std::nullopt;
  const auto reply = NW_TRY(next_message(socket.get(), kReply));
  if (!reply || reply->kind != RankMessage::Kind::welcome) return std::nullopt;
  return RankConnection(std::move(socket), std::string(reply->get_text()));
}

Result<std::optional<RankConnection>> Rendezvous::join(std::optional<std::uint32_t> rank, const std::string& group) {
  RankMessage hello;
  hello.rank = rank.value_or(RankMessage::kNoRank);
  hello.set_text(group);
  free_.reset();
  for (unsigned generation = 0; generation < kMostRankGroups; ++generation) {
    const auto lock = open_file(folder_.get(), lock_name(name_, generation), 0);
    if (!lock && lock.error().kind != ErrorKind::absent) return tl::make_unexpected(lock.error());
    if (!lock || lock_file(lock->get(), name_)) {
      if (!free_) free_ = generation;  // never used, or its sampler is dead
      continue;
    }
    if (auto connection = NW_TRY(join_at(generation, hello))) return connection;
  }
  return std::nullopt;
}

Result<RankGroup> Rendezvous::found(const std::string& group) {
  if (!free_) return fail(ErrorKind::busy, "too many programs of one launcher");
  RankGroupFiles files{Fd(::fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0)), {}, {}, name_, *free_};
  files.lock = NW_TRY(open_file(folder_.get(), lock_name(name_, *free_), O_CREAT));
  NW_CHECK(lock_file(files.lock.get(), lock_name(name_, *free_)));
  const std::string name = socket_name(name_, *free_);
  ::unlinkat(folder_.get(), name.c_str(), 0);  // left by a killed sampler
  files.listener = NW_TRY(make_socket());
  const sockaddr_un address = address_of(folder_.get(), name);
  if (::bind(files.listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(files.listener.get(), SOMAXCONN) != 0 || ::fcntl(files.listener.get(), F_SETFL, O_NONBLOCK) != 0)
    return tl::make_unexpected(system_error(errno, name));
  return RankGroup(std::move(files), group);
}

void Rendezvous::remove(unsigned generation) const {
  ::unlinkat(folder_.get(), socket_name(name_, generation).c_str(), 0);
  ::unlinkat(folder_.get(), lock_name(name_, generation).c_str(), 0);
  for (unsigned other = 0; other < kMostRankGroups; ++other)
    if (::faccessat(folder_.get(), lock_name(name_, other).c_str(), F_OK, 0) == 0) return;
  ::unlinkat(folder_.get(), (name_ + ".join").c_str(), 0);
}

Result<RankConnection::Ready> RankConnection::await_ready(Nanos patience) const {
  const auto message = NW_TRY(next_message(socket_.get(), patience));
  if (!message || message->kind != RankMessage::Kind::ready) return fail(ErrorKind::absent, "the sampler ended");
  return Ready{std::string(message->get_text()), message->code == 1};
}

Result<RankReport> RankConnection::leave(const RankEnd& end, Nanos patience, bool (*stop)()) const {
  RankMessage message;
  message.kind = RankMessage::Kind::ended;
  message.code = end.signal ? -*end.signal : end.exit_code.value_or(0);
  message.cpu_us = end.cpu ? end.cpu->count() / 1000 : -1;
  RankReport words;
  if (!send_message(socket_.get(), message)) return fail(ErrorKind::absent, "the sampler is gone");
  for (const Nanos deadline = monotonic() + patience;;) {
    const auto next = NW_TRY(next_message(socket_.get(), deadline - monotonic(), stop));
    if (!next) return words;
    if (next->kind == RankMessage::Kind::words) words.error += next->get_text();
    if (next->kind == RankMessage::Kind::output) words.output += next->get_text();
  }
}

}  // namespace nw
