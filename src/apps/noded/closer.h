// Closer: closes what clients handed over, and their connections, on a thread of its own, since close(2) may wait for
// whom they please: a socket with SO_LINGER for its peer, a file of FUSE for its server. The first is interrupted after
// a millisecond. A thread that hangs all the same is left alone and replaced, and its user may hand over nothing more
// until it has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/units.h"

namespace nw::noded {

class Closer {
 public:
  static constexpr Nanos kHangs = seconds(1);
  static constexpr std::size_t kMaxHanging = 8;    // threads; then nobody may hand over anything
  static constexpr std::size_t kMaxOfOne = 64;     // of a user, before he may hand over more
  static constexpr std::size_t kMaxWaiting = 512;  // descriptors; then no connection is to be accepted

  Closer();
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  void close(Fd fd, std::uint32_t uid);
  // Whether this user may hand over descriptors now: not while many of his wait to be closed.
  bool may_hand_over(std::uint32_t uid) const;
  bool is_full() const;
  // Replaces a thread that hangs; call now and then.
  void look(Nanos now);

 private:
  struct Worker;
  std::shared_ptr<Worker> worker_;
  std::vector<std::shared_ptr<Worker>> hanging_;
};

// A client's connection. What is in it unread may hold descriptors, too. Root is believed.
class Connection {
 public:
  Connection() = default;
  Connection(Fd fd, std::uint32_t uid, std::shared_ptr<Closer> closer)
      : fd_(std::move(fd)), uid_(uid), closer_(uid == 0 ? nullptr : std::move(closer)) {}
  Connection(Connection&&) = default;
  Connection& operator=(Connection&& other) noexcept {
    std::swap(fd_, other.fd_), std::swap(uid_, other.uid_), std::swap(closer_, other.closer_);
    return *this;
  }
  ~Connection() {
    if (fd_ && closer_) closer_->close(std::move(fd_), uid_);
  }

  int get() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }

 private:
  Fd fd_;
  std::uint32_t uid_ = 0;
  std::shared_ptr<Closer> closer_;
};

}  // namespace nw::noded
